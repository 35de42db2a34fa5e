"""Features kept on disk, so that no image goes through the same network twice."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from headstart.errors import UsageError
from headstart.features import store as stores
from headstart.features.store import FeatureStore
from headstart.storage import cache_dir

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from headstart.features.space import Space

DEFAULT_LIMIT = 10_000_000_000
LIMIT_VARIABLE = "HEADSTART_CACHE_LIMIT"
SUFFIX = ".sqlite"

# Share of the limit that an eviction leaves free, so that not every write evicts.
_ROOM = 0.1
# Bytes written between two checks of the size of the cache.
_LOOK_EVERY = 50_000_000

T = TypeVar("T")


class CacheWarning(UserWarning):
    """Something is wrong with the feature cache; the work continues without it."""


@dataclass(frozen=True, slots=True)
class SpaceUsage:
    """What the cache holds of one space: its description, the number of images, and bytes."""

    path: Path
    description: Mapping[str, object]
    entries: int
    size: int


class FeatureCache:
    """A folder of `FeatureStore` files.

    Parameters
    ----------
    folder : Path, optional
        ``features/`` in `headstart.storage.cache_dir` if not given.
    limit : int, optional
        Bytes that it may take; ``$HEADSTART_CACHE_LIMIT`` or 10 GB if not given. What was used
        least recently is dropped first.

    Raises
    ------
    UsageError
        If the limit is not a number of bytes.
    """

    def __init__(self, folder: Path | None = None, limit: int | None = None) -> None:
        self.folder = cache_dir() / "features" if folder is None else folder
        self.limit = _limit() if limit is None else limit

    def open(self, space: Space) -> CachedFeatures:
        """Return the features of `space`. If the disk fails, warn, and return an empty cache."""
        return CachedFeatures(self, space)

    def path(self, space: Space) -> Path:
        """Return the file of a space."""
        return self.folder / f"{space.output}-{space.digest()}{SUFFIX}"

    def usage(self) -> list[SpaceUsage]:
        """Return what the cache holds, the most recently used space first."""
        return [usage for path in reversed(self._files()) if (usage := _usage(path))]

    def size(self) -> int:
        """Return the bytes the cache takes on disk."""
        return sum(map(_size, self._files()))

    def clear(self) -> int:
        """Drop everything. Processes that are using the cache continue.

        Returns
        -------
        int
            Bytes that were freed.
        """
        before = self.size()
        for path in self._files():
            _drop(path, None)
        for path in self.folder.glob(f"*{SUFFIX}.damaged*"):
            before += _size(path)
            path.unlink(missing_ok=True)
        return before - self.size()

    def evict(self, current: Path) -> None:
        """Drop what was used least recently until the limit holds; drop from `current` last."""
        if self.size() <= self.limit:
            return
        for path in sorted(self._files(), key=lambda path: path == current):
            surplus = self.size() - int(self.limit * (1 - _ROOM))
            if surplus > 0:
                _drop(path, surplus if path == current else None)

    def _files(self) -> list[Path]:
        """Return the stores, the least recently used first."""
        return sorted(self.folder.glob(f"*{SUFFIX}"), key=_last_used)


class CachedFeatures:
    """The features of one space. If the disk fails, it warns once and is then empty.

    Close it, or use it in a ``with`` statement.
    """

    def __init__(self, cache: FeatureCache, space: Space) -> None:
        self.space = space
        self._cache = cache
        self._path = cache.path(space)
        self._written = _LOOK_EVERY
        self._writable = True
        self._store = self._open()

    def get(self, content: str) -> NDArray[np.float32] | None:
        """Return an image's features, read-only, of ``space.shape``; None if they aren't kept."""
        return self._attempt(lambda store: store.get(content), None)

    def put_many(self, values: Mapping[str, NDArray[np.float32]]) -> None:
        """Keep the features of some images, by the hash of their content."""
        if self._writable and values:
            self._attempt(lambda store: store.put_many(values), None)
            self._written += len(values) * self.space.length
            if self._written > _LOOK_EVERY:
                self._written = 0
                self._cache.evict(self._path)

    def close(self) -> None:
        """Note what was read, and close the file."""
        if self._store is not None and self._store.n_touched and self._writable:
            self._attempt(lambda store: store.touch(), None)
        if self._store is not None:
            self._store.close()
            self._store = None

    def __enter__(self) -> CachedFeatures:
        """Return the cache."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def _open(self) -> FeatureStore | None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            return self._open_or_rebuild()
        except (OSError, sqlite3.Error) as error:
            self._warn(f"can't be used ({error}). Features are computed every time")
            return None

    def _open_or_rebuild(self) -> FeatureStore:
        try:
            store = FeatureStore(self._path, self.space)
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            self._set_aside(error)
            store = FeatureStore(self._path, self.space)
        with contextlib.suppress(OSError):
            os.utime(self._path)
        return store

    def _attempt(self, action: Callable[[FeatureStore], T], otherwise: T) -> T:
        if self._store is None:
            return otherwise
        try:
            return action(self._store)
        except sqlite3.Error as error:
            self._recover(error)
            return otherwise

    def _recover(self, error: sqlite3.Error) -> None:
        """Continue after `error`: with a new file if the old one is damaged, else only reading."""
        if not is_damage(error):
            self._writable = False
            self._warn(f"can't be written ({error}). New features aren't kept")
            return
        if self._store is not None:
            self._store.close()
        self._set_aside(error)
        self._store = self._open()

    def _set_aside(self, error: sqlite3.Error) -> None:
        aside = self._path.with_name(f"{self._path.name}.damaged")
        self._path.replace(aside)
        self._path.with_name(f"{self._path.name}-journal").unlink(missing_ok=True)
        self._warn(f"is damaged ({error}). It was moved to {aside.name} and is built anew")

    def _warn(self, what: str) -> None:
        warnings.warn(f"The feature cache {self._path} {what}.", CacheWarning, stacklevel=2)


def is_damage(error: sqlite3.Error) -> bool:
    """Tell whether a file is damaged, rather than the disk full, locked or read-only."""
    return not isinstance(error, sqlite3.OperationalError | sqlite3.ProgrammingError)


def _limit() -> int:
    text = os.environ.get(LIMIT_VARIABLE)
    if not text:
        return DEFAULT_LIMIT
    if not text.isdecimal():
        raise UsageError(f"{LIMIT_VARIABLE} must be a number of bytes. Received: {text!r}.")
    return int(text)


def _usage(path: Path) -> SpaceUsage | None:
    try:
        description, entries = stores.count_entries(path)
    except (sqlite3.Error, TypeError):
        return None
    return SpaceUsage(path, json.loads(description), entries, _size(path))


def _drop(path: Path, size: int | None) -> None:
    # A file that is damaged or in use stays as it is: it is only a cache.
    with contextlib.suppress(sqlite3.Error):
        stores.drop_oldest(path, size)


def _size(path: Path) -> int:
    with contextlib.suppress(OSError):
        return path.stat().st_size
    return 0


def _last_used(path: Path) -> float:
    with contextlib.suppress(OSError):
        return path.stat().st_mtime
    return 0.0
