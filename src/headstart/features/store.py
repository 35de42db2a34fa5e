"""The features of one space, in one SQLite file, and what makes two features comparable."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import math
import sqlite3
import threading
import time
import zlib
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from headstart.features.forking import no_fork

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from headstart.features.engine import Precision, Runtime
    from headstart.images.resizing import Resize
    from headstart.networks.network import Network

#: Raised whenever the features of an image change, or the way in which they are stored.
FORMAT = 2
APPLICATION_ID = 0x48535446  # "HSTF": tells `file` and us that it is headstart's

# Long enough for another process to finish a transaction on a slow disk.
_PATIENCE = 30.0
_HOUR = 3600
# An image has a few short notes.
_NOTES_LENGTH = 1000
#: Reads that are noted in one transaction, so that noting a million takes no more memory.
READS_NOTED = 10_000
# Where nothing can be written, some more are remembered and then no more.
_READS_REMEMBERED = 10 * READS_NOTED
# As SQLite keeps them: a file with other tables, triggers or views is not ours.
_TABLES = {
    "space": "CREATE TABLE space (description TEXT NOT NULL)",
    "features": """CREATE TABLE features (
    content BLOB PRIMARY KEY,
    vector BLOB NOT NULL,
    notes TEXT NOT NULL,
    checksum INTEGER NOT NULL,
    used INTEGER NOT NULL
)""",
}
_OBJECTS: set[tuple[bytes, bytes | None]] = {
    *((name.encode(), sql.encode()) for name, sql in _TABLES.items()),
    (b"sqlite_autoindex_features_1", None),
}
# Wide pages, so that vectors of a few kilobytes lie side by side without gaps.
_PRAGMAS = f"""
PRAGMA page_size = 32768;
PRAGMA auto_vacuum = INCREMENTAL;
BEGIN IMMEDIATE;
PRAGMA application_id = {APPLICATION_ID};
"""
# KiB of pages that SQLite keeps in memory. Images are found in the index by hashes, so anywhere:
# with its own 2 MB, most look-ups among 100,000 images read a page of 32 KB, in twice the time.
_PAGES_IN_MEMORY = 8 * 1024
# Bytes of a row besides its vector: a row of more is not ours, and is not read into memory.
_ROW_ROOM = 100_000


class Kept(NamedTuple):
    """What a store keeps of an image.

    Attributes
    ----------
    values : ndarray of float32
        One output of the network.
    notes : tuple of str
        What was done to read the image; see `headstart.images.decoding.Decoded`.
    """

    values: NDArray[np.float32]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Space:
    """Everything besides the image that decides what its features are.

    Attributes
    ----------
    network : str
        ``Network.key``: backbone, weights, input size and conversion.
    resize : str
        The resize rule and its numbers.
    precision : {"f32", "bf16", "int8"}
    runtime : {"openvino", "torch"}
    output : str
        The output of the network, such as "features" or "probabilities".
    shape : tuple of int
        The shape of one image's features.
    """

    network: str
    resize: str
    precision: str
    runtime: str
    output: str
    shape: tuple[int, ...]
    format: int = FORMAT

    @classmethod
    def of(
        cls, network: Network, resize: Resize, precision: Precision, runtime: Runtime, output: str
    ) -> Space:
        """Return the space of one output of `network`."""
        return cls(
            network.key, _described(resize), precision, runtime, output, network.outputs[output]
        )

    @property
    def length(self) -> int:
        """Bytes of one image's float32 values."""
        return 4 * math.prod(self.shape)

    def describe(self) -> str:
        """Return the space as one line of JSON."""
        return json.dumps(asdict(self), sort_keys=True)

    def digest(self) -> str:
        """Return a short hash, which names the file of the space."""
        return hashlib.blake2b(self.describe().encode(), digest_size=12).hexdigest()


def _described(resize: Resize) -> str:
    # Only what is not the default is added, so that features cached by earlier versions are found.
    size = f"{resize.rule} {resize.height}x{resize.width} {resize.crop_fraction}"
    interpolation = "" if resize.interpolation == "bilinear" else f" {resize.interpolation}"
    return size + interpolation + ("" if resize.antialias else " no antialiasing")


class FeatureStore:
    """Features of images, keyed by the hash of the image file's content.

    SQLite's rollback journal makes a transaction whole or absent, even if the process is killed or
    the power fails. It lets several processes use the file and, unlike the write-ahead log, works
    on network drives and in read-only folders. Every vector has a checksum: a vector that was
    altered on disk counts as absent.

    A fork waits for the end of each call: SQLite has locks of its own, which would stay taken in
    the child.

    Attributes
    ----------
    damaged : set of bytes
        The hashes of the images whose entries were found to be altered.

    Raises
    ------
    sqlite3.Error
        From every method. `headstart.features.cache.FeatureCache` turns these into warnings.
    """

    @no_fork()
    def __init__(self, path: Path, space: Space) -> None:
        self.path = path
        self.space = space
        self._lock = threading.Lock()
        self.damaged: set[bytes] = set()
        self._touched: set[int] = set()
        self._connection = connect(path)
        # What is not UTF-8 must not fail in the middle of a question.
        self._connection.text_factory = bytes
        self._connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, space.length + _ROW_ROOM)
        try:
            self._prepare()
        except BaseException:
            self._connection.close()
            raise

    def _prepare(self) -> None:
        # A killed process loses nothing. A power cut may lose data, which the checksums notice.
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.execute(f"PRAGMA cache_size = -{_PAGES_IN_MEMORY}")
        if not self._connection.execute("SELECT 1 FROM sqlite_master").fetchone():
            self._create()
        (owner,) = self._connection.execute("PRAGMA application_id").fetchone()
        objects = set(self._connection.execute("SELECT name, sql FROM sqlite_master LIMIT 10"))
        if owner != APPLICATION_ID or objects != _OBJECTS:
            raise sqlite3.DatabaseError("it is not a feature cache")
        found = self._connection.execute("SELECT description FROM space").fetchone()
        if found != (self.space.describe().encode(),):
            raise sqlite3.DatabaseError("it holds features of another space")

    def _create(self) -> None:
        self._connection.executescript(_PRAGMAS)
        # Another process may have been faster.
        if not self._connection.execute("SELECT 1 FROM sqlite_master").fetchone():
            for table in _TABLES.values():
                self._connection.execute(table)
            self._connection.execute("INSERT INTO space VALUES (?)", (self.space.describe(),))
        self._connection.execute("COMMIT")

    @no_fork()
    def get(self, content: str) -> Kept | None:
        """Return the features of one image, read-only; None if they are absent or damaged."""
        key = bytes.fromhex(content)
        with self._lock:
            row = self._connection.execute(
                "SELECT rowid, used, vector, notes, checksum FROM features WHERE content = ?",
                (key,),
            ).fetchone()
            if row is None:
                return None
            number, used, *content_of_row = row
            kept = self._checked(key, *content_of_row)
            if kept is None:
                self.damaged.add(key)
            elif used != _now() and len(self._touched) < _READS_REMEMBERED:
                self._touched.add(number)
        return kept

    def _checked(self, key: bytes, vector: object, notes: object, checksum: object) -> Kept | None:
        """Return what a row holds; None if it is altered. A column may hold any type."""
        if not (isinstance(vector, bytes) and isinstance(notes, bytes)):
            return None
        if len(vector) != self.space.length or _checksum(key, vector, notes) != checksum:
            return None
        values = np.frombuffer(vector, np.float32).reshape(self.space.shape)
        if not np.isfinite(values).all():
            return None
        return Kept(values, tuple(notes.decode(errors="replace").splitlines()))

    @no_fork()
    def put_many(self, kept: Mapping[str, Kept]) -> None:
        """Keep the features of some images, all of them or none."""
        # In the order in which they came and will be asked for again, so that those read one after
        # another share a page.
        rows = itertools.starmap(_row, kept.items())
        with self._lock, self._connection:
            self._connection.executemany(
                "INSERT OR REPLACE INTO features VALUES (?, ?, ?, ?, ?)", rows
            )

    def must_touch(self) -> bool:
        """Tell whether enough images were read for `touch`, which must then not wait any longer."""
        return len(self._touched) >= READS_NOTED

    @no_fork()
    def touch(self) -> None:
        """Note which images were read, so that others are dropped first when space runs out."""
        # Without this question, even a run that found nothing would lock the file to write.
        if self._touched:
            with self._lock, self._connection:
                self._connection.executemany(
                    "UPDATE features SET used = ? WHERE rowid = ?",
                    [(_now(), number) for number in sorted(self._touched)],
                )
                self._touched.clear()

    @no_fork()
    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()


def connect(path: Path) -> sqlite3.Connection:
    """Open a store's file, without checking what it holds.

    In a ``with`` statement the connection commits everything that is done inside, or nothing.
    """
    return sqlite3.connect(
        path, timeout=_PATIENCE, isolation_level="IMMEDIATE", check_same_thread=False
    )


@no_fork()
def drop_oldest(path: Path, size: int | None = None) -> None:
    """Drop what was used least recently, until the file is `size` bytes smaller; None drops all.

    The file stays, because another process may have it open.
    """
    with contextlib.closing(connect(path)) as connection:
        with connection:
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


def _row(content: str, kept: Kept) -> tuple[bytes, bytes, str, int, int]:
    key = bytes.fromhex(content)
    vector = np.ascontiguousarray(kept.values, np.float32).tobytes()
    notes = "\n".join(kept.notes)[:_NOTES_LENGTH]
    return key, vector, notes, _checksum(key, vector, notes.encode()), _now()


def _checksum(key: bytes, vector: bytes, notes: bytes) -> int:
    """Return the CRC-32 of all, so that a vector under a wrong key is noticed too."""
    return zlib.crc32(notes, zlib.crc32(vector, zlib.crc32(key)))


def _now() -> int:
    """Return the hour. With a finer time, every read would cause a write."""
    return int(time.time()) // _HOUR
