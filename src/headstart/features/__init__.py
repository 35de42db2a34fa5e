"""From pictures to features: the engine, the cache on disk, the `Embedder`."""
