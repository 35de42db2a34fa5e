"""The cache as a stream of images uses it: read on many threads, written in bulk."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from headstart.features.cache import CachedFeatures, FeatureCache
    from headstart.features.space import Space

    Array = NDArray[np.float32]

# Bytes that are collected before they are written in one transaction: what a kill can lose.
BULK = 2_000_000


class WriteBuffer:
    """Looks features up in the cache, and collects new ones until they are worth a transaction.

    Use it in a ``with`` statement.

    Parameters
    ----------
    cache : FeatureCache or None
        Without a cache, nothing is found and nothing is kept.
    space : Space
        What the features are.
    """

    def __init__(self, cache: FeatureCache | None, space: Space) -> None:
        self._cache = cache
        self._space = space
        self._features: CachedFeatures | None = None
        self._fetched: dict[str, Array] = {}
        self._new: dict[str, Array] = {}

    @property
    def is_open(self) -> bool:
        """Whether there is a cache to look features up in."""
        return self._features is not None

    def fetch(self, content: str) -> bool:
        """Look an image up, hold its features for `take`, and tell whether they were found."""
        values = self._get(content)
        if values is not None:
            self._fetched[content] = values
        return values is not None

    def take(self, content: str | None) -> Array | None:
        """Return the features of an image that was fetched; None if they are gone."""
        if content is None:
            return None
        values = self._fetched.pop(content, None)
        # The same image may come twice, and the first may have taken what both fetched.
        return self._get(content) if values is None else values

    def put(self, content: str, values: Array) -> None:
        """Keep the features of an image."""
        if self._features is not None:
            self._new[content] = values
            if len(self._new) * self._space.length >= BULK:
                self._write(self._features)

    def _get(self, content: str) -> Array | None:
        return None if self._features is None else self._features.get(content)

    def _write(self, features: CachedFeatures) -> None:
        features.put_many(self._new)
        self._new.clear()

    def __enter__(self) -> WriteBuffer:
        """Open the cache, and return the buffer."""
        if self._cache is not None:
            self._features = self._cache.open(self._space)
        return self

    def __exit__(self, *_: object) -> None:
        """Write what is left, also when the stream was stopped half-way, and close the cache."""
        if self._features is not None:
            with contextlib.closing(self._features) as features:
                self._write(features)
