"""The cache as a stream of pictures uses it: several outputs, many threads, writes in bulk."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from headstart.features.cache import CachedFeatures, FeatureCache
    from headstart.features.engine import Values
    from headstart.features.space import Space

# Bytes collected before they are written in one transaction; what a kill can lose.
BULK = 2_000_000


class WriteBuffer:
    """Values of several outputs, kept together: a picture is there if all its outputs are.

    Parameters
    ----------
    cache : FeatureCache or None
        Without one nothing is kept.
    spaces : dict
        Output name to `Space`.
    """

    def __init__(self, cache: FeatureCache | None, spaces: Mapping[str, Space]) -> None:
        self._cache = cache
        self._spaces = spaces
        self._features: dict[str, CachedFeatures] = {}
        self._row = sum(space.length for space in spaces.values())
        self._fetched: dict[str, Values] = {}
        self._new: dict[str, Values] = {}

    @property
    def skip(self) -> Callable[[str], bool] | None:
        """What the reader is to ask: `fetch`; None without a cache, so that nothing is hashed."""
        return None if self._cache is None else self.fetch

    def fetch(self, content: str) -> bool:
        """Look a picture up, hold what is found for `take`, and tell whether all is there."""
        values = self._get(content)
        if values:
            self._fetched[content] = values
        return values is not None

    def take(self, content: str | None) -> Values | None:
        """Return the values of a picture that was fetched; None if they are gone."""
        if content is None:
            return None
        # The same picture may come twice, and the first may have taken what both fetched.
        return self._fetched.pop(content, None) or self._get(content)

    def put(self, content: str, values: Values) -> None:
        """Keep the values of a picture."""
        if self._features:
            self._new[content] = values
            if len(self._new) * self._row >= BULK:
                self._write()

    def _get(self, content: str) -> Values | None:
        values: Values = {}
        for name, features in self._features.items():
            found = features.get(content)
            if found is None:
                return None
            values[name] = found
        return values or None

    def _write(self) -> None:
        for name, features in self._features.items():
            features.put_many({content: row[name] for content, row in self._new.items()})
        self._new.clear()

    def __enter__(self) -> WriteBuffer:
        """Open the cache, and return the write_buffer."""
        if self._cache is not None:
            self._features = {name: self._cache.open(of) for name, of in self._spaces.items()}
        return self

    def __exit__(self, *_: object) -> None:
        """Write what is left, also when the stream was stopped half-way, and close."""
        with contextlib.ExitStack() as stack:
            for features in self._features.values():
                stack.callback(features.close)
            self._write()
