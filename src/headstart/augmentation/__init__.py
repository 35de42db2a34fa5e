"""Random views of images: settings, views, blending, preview."""
