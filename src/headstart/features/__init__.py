"""From images to features: the engines, the feature cache, the `Embedder`."""
