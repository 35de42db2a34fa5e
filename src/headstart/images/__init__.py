"""Images: where they come from, how they are decoded, resized and read on all cores."""
