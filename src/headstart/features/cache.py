"""Features kept on disk, so that no image goes through the same network twice."""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
import threading
import time
from typing import TYPE_CHECKING, TypeVar

from headstart.display.text import counted
from headstart.errors import UsageError, warn
from headstart.features.store import FeatureStore, Kept, drop_oldest
from headstart.storage.cache_folder import cache_dir
from headstart.storage.disk import delete

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
_ASIDE = ".damaged"
# As `FeatureCache.path` makes them: a folder that a user names may hold other databases.
_NAME = re.compile(rf".+-[0-9a-f]{{24}}{re.escape(SUFFIX)}")
# Bytes of new features that are collected for one transaction: what a kill can lose. A transaction
# takes longer the more a file holds, so it also waits until writing takes at most this share of the
# time, or too much waits in memory.
BULK, MOST_WAITING = 2_000_000, 32_000_000
WRITING_SHARE = 1 / 20
# Share of the limit that an eviction leaves free, so that not every write evicts.
_ROOM = 0.1
# The owner may do everything, everybody else nothing.
_PRIVATE = 0o700
# Bytes written between two checks of the size of the cache.
_LOOK_EVERY = 50_000_000

# What SQLite writes beside a file.
_COMPANIONS = ("-journal", "-wal", "-shm")
# A missing table or column (SQLITE_ERROR) is damage; these are what happens to a healthy file.
_NO_DAMAGE = {
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_INTERRUPT,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_MISUSE,
}
_WITHOUT = "Features are computed every time"

T = TypeVar("T")


class CacheWarning(UserWarning):
    """Something is wrong with the feature cache; the work continues without it."""


class FeatureCache:
    """A folder of `FeatureStore` files.

    Parameters
    ----------
    folder : Path, optional
        ``features/`` in `headstart.storage.cache_folder.cache_dir` if not given. Nobody else can
        enter that one: features tell what images show. A folder of the user's own stays as open as
        it is.
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
        for path in self.folder.glob(f"*{SUFFIX}{_ASIDE}"):
            if _is_store(path.with_suffix("")):
                delete(path)

    def evict(self, current: Path) -> None:
        """Drop what was used least recently until the limit holds; drop from `current` last."""
        if self.size() <= self.limit:
            return
        for path in sorted(self._files(), key=lambda path: path == current):
            surplus = self.size() - int(self.limit * (1 - _ROOM))
            if surplus > 0:
                _drop(path, surplus if path == current else None)

    def make_folder(self) -> None:
        """Make the folder, for its owner alone; close headstart's own if it is open to others.

        Raises
        ------
        OSError
            If it can't be made.
        """
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            self.folder.mkdir(mode=_PRIVATE)
            return
        if self.folder == cache_dir() / "features" and self.folder.stat().st_mode & 0o077:
            with contextlib.suppress(PermissionError):  # somebody else's, who shares it
                self.folder.chmod(_PRIVATE)

    def _files(self) -> list[Path]:
        """Return the stores, the least recently used first; nothing else that is in the folder."""
        return sorted(filter(_is_store, self.folder.glob(f"*{SUFFIX}")), key=_last_used)


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
        self._write_after = 0.0
        self._writable = True
        self._process = os.getpid()
        self._recovering = threading.Lock()
        self._store = self._open()

    def get(self, content: str) -> Kept | None:
        """Return an image's features, read-only, of ``space.shape``; None if they aren't kept."""
        return self._attempt(lambda store: store.get(content), self._stop_reading)

    def fetch(self, content: str) -> bool:
        """Look an image up, hold its features for `take`, and tell whether they were found."""
        kept = self.get(content)
        if kept is not None:
            self._fetched[content] = kept
        return kept is not None

    def take(self, content: str) -> Kept | None:
        """Return the features of an image that was fetched; None if they are gone."""
        if self._store is not None and self._store.must_touch():
            self._touch()
        kept = self._fetched.pop(content, None)
        # The same image may come twice, and the first may have taken what both fetched.
        return self.get(content) if kept is None else kept

    def put(self, content: str, values: Array, notes: tuple[str, ...] = ()) -> None:
        """Keep the features and the notes of an image, by the hash of its content."""
        self._new[content] = Kept(values, notes)
        waiting = len(self._new) * self.space.length
        if waiting >= BULK and (waiting >= MOST_WAITING or time.monotonic() >= self._write_after):
            self.flush()

    def flush(self) -> None:
        """Write what was put."""
        if self._writable and self._new:
            began = time.monotonic()
            self._attempt(lambda store: store.put_many(self._new), self._stop_writing)
            ended = time.monotonic()
            self._write_after = ended + (ended - began) / WRITING_SHARE
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
            self._touch()
        finally:
            if self._store is not None:
                self._tell_damage(self._store)
                self._store.close()
                self._store = None

    def _touch(self) -> None:
        if self._writable:
            self._attempt(FeatureStore.touch, self._stop_writing)

    def _open(self) -> FeatureStore | None:
        try:
            self._cache.make_folder()
            return self._open_or_rebuild()
        except (OSError, sqlite3.Error) as error:
            self._warn(f"can't be used ({error}). {_WITHOUT}")
            return None

    def _open_or_rebuild(self) -> FeatureStore:
        try:
            if self._path.exists() and not self._path.is_file():
                raise sqlite3.DatabaseError("it is not a file")
            store = FeatureStore(self._path, self.space)
        except sqlite3.Error as error:
            if not is_damage(error):
                raise
            self._set_aside(error)
            store = FeatureStore(self._path, self.space)
        with contextlib.suppress(OSError):
            os.utime(self._path)
        return store

    def _attempt(
        self, action: Callable[[FeatureStore], T], give_up: Callable[[sqlite3.Error], None]
    ) -> T | None:
        """Return what `action` returns; None if there is no store, or it fails.

        A damaged file is built anew. After any other failure `give_up` says what is done without.
        """
        store = self._store
        try:
            return None if store is None else action(store)
        except sqlite3.Error as error:
            with self._recovering:
                # Of several threads that fail, the first one recovers.
                if store is self._store:
                    self._rebuild(error) if is_damage(error) else give_up(error)
            return None

    def _rebuild(self, error: sqlite3.Error) -> None:
        if self._store is not None:
            self._store.close()
        self._store = None
        try:
            self._set_aside(error)
        except OSError as reason:
            self._warn(f"is damaged ({error}) and can't be moved aside ({reason}). {_WITHOUT}")
        else:
            self._store = self._open()

    def _stop_writing(self, error: sqlite3.Error) -> None:
        self._writable = False
        self._warn(f"can't be written ({error}). New features aren't kept")

    def _stop_reading(self, error: sqlite3.Error) -> None:
        # Each further image would wait as long for a file that is locked.
        if self._store is not None:
            self._store.close()
        self._store = None
        self._warn(f"can't be read ({error}). {_WITHOUT}")

    def _set_aside(self, error: sqlite3.Error) -> None:
        aside = self._path.with_name(f"{self._path.name}{_ASIDE}")
        delete(aside)
        self._path.replace(aside)
        for ending in _COMPANIONS:
            self._path.with_name(f"{self._path.name}{ending}").unlink(missing_ok=True)
        self._warn(f"is damaged ({error}). It was moved to {aside.name} and is built anew")

    def _tell_damage(self, store: FeatureStore) -> None:
        if store.damaged:
            entries = counted(len(store.damaged), "damaged entry", "damaged entries")
            self._warn(f"held {entries}, which were not used. Those features were computed again")

    def _warn(self, what: str) -> None:
        warn(f"The feature cache {self._path} {what}.", CacheWarning)


def is_damage(error: sqlite3.Error) -> bool:
    """Tell whether a file is damaged, rather than the disk full, locked or read-only."""
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        return isinstance(error, sqlite3.DatabaseError) and not isinstance(
            error, sqlite3.OperationalError | sqlite3.ProgrammingError
        )
    # The upper bits say more about the same code.
    return code & 0xFF not in _NO_DAMAGE


def _limit() -> int:
    text = os.environ.get(LIMIT_VARIABLE)
    if not text:
        return DEFAULT_LIMIT
    if not text.isdecimal():
        raise UsageError(f"{LIMIT_VARIABLE} must be a number of bytes. Received: {text!r}.")
    return int(text)


def _drop(path: Path, size: int | None) -> None:
    """Drop features until the file is `size` bytes smaller; for None, drop all.

    A file that is in use stays as it is: it is only a cache. One that is damaged can go as a whole.
    """
    try:
        drop_oldest(path, size)
    except sqlite3.Error as error:
        if is_damage(error) or not path.is_file():
            delete(path)


def _is_store(path: Path) -> bool:
    return _NAME.fullmatch(path.name) is not None


def _size(path: Path) -> int:
    with contextlib.suppress(OSError):
        return path.stat().st_size
    return 0


def _last_used(path: Path) -> float:
    with contextlib.suppress(OSError):
        return path.stat().st_mtime
    return 0.0
