"""Features kept on disk, so that no image goes through the same network twice."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from typing import TYPE_CHECKING, TypeVar

from headstart.errors import UsageError, warn
from headstart.features.store import FeatureStore, Kept, drop_oldest
from headstart.storage import cache_dir

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from headstart.features.store import Space

    Array = NDArray[np.float32]

DEFAULT_LIMIT = 10_000_000_000
LIMIT_VARIABLE = "HEADSTART_CACHE_LIMIT"
SUFFIX = ".sqlite"
# Bytes of new features that are collected for one transaction: what a kill can lose.
BULK = 2_000_000
# Share of the limit that an eviction leaves free, so that not every write evicts.
_ROOM = 0.1
# Bytes written between two checks of the size of the cache.
_LOOK_EVERY = 50_000_000

T = TypeVar("T")


class CacheWarning(UserWarning):
    """Something is wrong with the feature cache; the work continues without it."""


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

    def size(self) -> int:
        """Return the bytes the cache takes on disk."""
        return sum(map(_size, self._files()))

    def clear(self) -> None:
        """Drop everything. Processes that are using the cache continue."""
        for path in self._files():
            _drop(path, None)
        for path in self.folder.glob(f"*{SUFFIX}.damaged*"):
            path.unlink(missing_ok=True)

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
    """The features of one space: read on many threads, written in bulk.

    If the disk fails, it warns once and is then empty. Close it.
    """

    def __init__(self, cache: FeatureCache, space: Space) -> None:
        self.space = space
        self._cache = cache
        self._path = cache.path(space)
        self._fetched: dict[str, Kept] = {}
        self._new: dict[str, Kept] = {}
        self._written = _LOOK_EVERY
        self._writable = True
        self._process = os.getpid()
        self._store = self._open()

    def get(self, content: str) -> Kept | None:
        """Return an image's features, read-only, of ``space.shape``; None if they aren't kept."""
        return self._attempt(lambda store: store.get(content))

    def fetch(self, content: str) -> bool:
        """Look an image up, hold its features for `take`, and tell whether they were found."""
        kept = self.get(content)
        if kept is not None:
            self._fetched[content] = kept
        return kept is not None

    def take(self, content: str) -> Kept | None:
        """Return the features of an image that was fetched; None if they are gone."""
        kept = self._fetched.pop(content, None)
        # The same image may come twice, and the first may have taken what both fetched.
        return self.get(content) if kept is None else kept

    def put(self, content: str, values: Array, notes: tuple[str, ...] = ()) -> None:
        """Keep the features and the notes of an image, by the hash of its content."""
        self._new[content] = Kept(values, notes)
        if len(self._new) * self.space.length >= BULK:
            self.flush()

    def flush(self) -> None:
        """Write what was put."""
        if self._writable and self._new:
            self._attempt(lambda store: store.put_many(self._new))
            self._written += len(self._new) * self.space.length
            if self._written > _LOOK_EVERY:
                self._written = 0
                self._cache.evict(self._path)
        self._new.clear()

    def close(self) -> None:
        """Write what was put, note what was read, and close the file.

        In a forked process nothing is done: the connection is its parent's.
        """
        if os.getpid() != self._process:
            return
        try:
            self.flush()
            if self._writable:
                self._attempt(FeatureStore.touch)
        finally:
            if self._store is not None:
                self._store.close()
                self._store = None

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

    def _attempt(self, action: Callable[[FeatureStore], T]) -> T | None:
        try:
            return None if self._store is None else action(self._store)
        except sqlite3.Error as error:
            self._recover(error)
            return None

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
        warn(f"The feature cache {self._path} {what}.", CacheWarning)


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


def _drop(path: Path, size: int | None) -> None:
    # A file that is damaged or in use stays as it is: it is only a cache.
    with contextlib.suppress(sqlite3.Error):
        drop_oldest(path, size)


def _size(path: Path) -> int:
    with contextlib.suppress(OSError):
        return path.stat().st_size
    return 0


def _last_used(path: Path) -> float:
    with contextlib.suppress(OSError):
        return path.stat().st_mtime
    return 0.0
