"""The features of one space, in one SQLite file."""

from __future__ import annotations

import contextlib
import math
import sqlite3
import threading
import time
import zlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from headstart.features.space import Space

APPLICATION_ID = 0x48535446  # "HSTF": tells `file` and us that it is headstart's

# Long enough for another process to finish a transaction on a slow disk.
_PATIENCE = 30.0
_HOUR = 3600
# Wide pages, so that vectors of a few kilobytes lie side by side without gaps.
_SCHEMA = f"""
PRAGMA page_size = 32768;
PRAGMA auto_vacuum = INCREMENTAL;
BEGIN IMMEDIATE;
PRAGMA application_id = {APPLICATION_ID};
CREATE TABLE IF NOT EXISTS space (description TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS features (
    content BLOB PRIMARY KEY,
    vector BLOB NOT NULL,
    checksum INTEGER NOT NULL,
    used INTEGER NOT NULL
);
"""


class FeatureStore:
    """Features of images, keyed by the hash of the image file's content.

    SQLite's rollback journal makes a transaction whole or absent, even if the process is killed or
    the power fails. It lets several processes use the file and, unlike the write-ahead log, works
    on network drives and in read-only folders. Every vector has a checksum: a vector that was
    altered on disk counts as absent.

    Raises
    ------
    sqlite3.Error
        From every method. `headstart.features.cache.FeatureCache` turns these into warnings.
    """

    def __init__(self, path: Path, space: Space) -> None:
        self.path = path
        self.space = space
        self._lock = threading.Lock()
        self._touched: set[bytes] = set()
        self._connection = connect(path)
        try:
            self._prepare()
        except BaseException:
            self._connection.close()
            raise

    def _prepare(self) -> None:
        if self._is_empty():
            self._connection.executescript(_SCHEMA)
            if not self._connection.execute("SELECT 1 FROM space").fetchone():
                self._connection.execute("INSERT INTO space VALUES (?)", (self.space.describe(),))
            self._connection.execute("COMMIT")
        (owner,) = self._connection.execute("PRAGMA application_id").fetchone()
        if owner != APPLICATION_ID:
            raise sqlite3.DatabaseError("it is not a feature cache")
        found = self._connection.execute("SELECT description FROM space").fetchone()
        if found != (self.space.describe(),):
            raise sqlite3.DatabaseError(f"it holds features of another space: {found}")

    def _is_empty(self) -> bool:
        return not self._connection.execute("SELECT 1 FROM sqlite_master").fetchone()

    def get(self, content: str) -> NDArray[np.float32] | None:
        """Return the features of one image, read-only; None if they are absent or damaged."""
        key = bytes.fromhex(content)
        with self._lock:
            row = self._connection.execute(
                "SELECT vector, checksum, used FROM features WHERE content = ?", (key,)
            ).fetchone()
            if row is None or not self._is_whole(key, row[0], row[1]):
                return None
            if row[2] != _now():
                self._touched.add(key)
        return np.frombuffer(row[0], np.float32).reshape(self.space.shape)

    def _is_whole(self, key: bytes, vector: bytes, checksum: int) -> bool:
        return len(vector) == self.space.length and _checksum(key, vector) == checksum

    def put_many(self, values: Mapping[str, NDArray[np.float32]]) -> None:
        """Keep the features of some images, all of them or none."""
        now = _now()
        rows = [(*_packed(content, row), now) for content, row in values.items()]
        with self._transaction():
            self._connection.executemany(
                "INSERT OR REPLACE INTO features VALUES (?, ?, ?, ?)", rows
            )

    def touch(self) -> None:
        """Note which images were read, so that others are dropped first when space runs out."""
        with self._transaction():
            self._connection.executemany(
                "UPDATE features SET used = ? WHERE content = ?",
                [(_now(), key) for key in self._touched],
            )
            self._touched.clear()

    @property
    def n_touched(self) -> int:
        """How many images were read since the last `touch`."""
        return len(self._touched)

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._lock, transaction(self._connection):
            yield

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()


def connect(path: Path) -> sqlite3.Connection:
    """Open a store's file, without checking what it holds."""
    connection = sqlite3.connect(
        path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False
    )
    try:
        # A killed process loses nothing. A power cut may lose data, which the checksums notice.
        connection.execute("PRAGMA synchronous = NORMAL")
    except BaseException:
        connection.close()
        raise
    return connection


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Commit everything that is done inside, or nothing."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def count_entries(path: Path) -> tuple[str, int]:
    """Return a store's description and the number of images in it."""
    with contextlib.closing(connect(path)) as connection:
        description = connection.execute("SELECT description FROM space").fetchone()[0]
        return description, connection.execute("SELECT count(*) FROM features").fetchone()[0]


def drop_oldest(path: Path, size: int | None = None) -> None:
    """Drop what was used least recently, until the file is `size` bytes smaller; None drops all.

    The file stays, because another process may have it open.
    """
    with contextlib.closing(connect(path)) as connection:
        with transaction(connection):
            connection.execute(
                "DELETE FROM features WHERE rowid IN "
                "(SELECT rowid FROM features ORDER BY used, rowid LIMIT ?)",
                (_count_rows(connection, size),),
            )
        # A script, because one step of this statement frees only one page.
        connection.executescript("PRAGMA incremental_vacuum")


def _count_rows(connection: sqlite3.Connection, size: int | None) -> int:
    """Return how many rows make up `size` bytes; for None -1, which means all to SQLite."""
    if size is None:
        return -1
    # All vectors of a space have one length.
    row = connection.execute("SELECT length(vector) FROM features LIMIT 1").fetchone() or (1,)
    return math.ceil(size / row[0])


def _packed(content: str, values: NDArray[np.float32]) -> tuple[bytes, bytes, int]:
    key = bytes.fromhex(content)
    vector = np.ascontiguousarray(values, np.float32).tobytes()
    return key, vector, _checksum(key, vector)


def _checksum(key: bytes, vector: bytes) -> int:
    """Return the CRC-32 of both, so that a vector under a wrong key is noticed too."""
    return zlib.crc32(vector, zlib.crc32(key))


def _now() -> int:
    """Return the hour. With a finer time, every read would cause a write."""
    return int(time.time()) // _HOUR
