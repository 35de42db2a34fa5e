"""Hashes of open files: what is read from the same open file has the hash."""

import errno
import hashlib
import os
import time
from typing import BinaryIO

#: Bytes of a file that is hashed. The weights of the largest network have 1.4 GB, and a file may
#: seem to have more bytes than its disk.
LARGEST = 2**33

# Seconds after which no file system gives a change the time of the change before it.
_SETTLED = 3
# Files whose hashes are remembered: many more than a process uses at a time.
_REMEMBERED = 1_000

_Stamp = tuple[int, ...]
# The hashes of files, by what changes when they are written to or replaced; the latest last.
_hashes: dict[_Stamp, str] = {}


def hash_open(file: BinaryIO, most: int = LARGEST) -> str:
    """Return the SHA-256 of an open file, in hexadecimal.

    A file that has not changed since this process hashed it is not hashed again.

    Raises
    ------
    OSError
        If it can't be read, or has more than `most` bytes.
    """
    if os.fstat(file.fileno()).st_size > most:
        raise OSError(errno.EFBIG, f"more than {most:,} bytes")
    known = known_hash(file)
    if known is not None:
        return known
    stamp = _stamp(file)
    is_settled = _is_settled(stamp)
    file.seek(0)
    found = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
    if is_settled and _stamp(file) == stamp:
        _hashes[stamp] = found
        for forgotten in list(_hashes)[:-_REMEMBERED]:
            _hashes.pop(forgotten, None)
    return found


def known_hash(file: BinaryIO) -> str | None:
    """Return the SHA-256 of an open file if `hash_open` knows it; whatever was read had it."""
    return _hashes.get(_stamp(file))


def _stamp(file: BinaryIO) -> _Stamp:
    found = os.fstat(file.fileno())
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _is_settled(stamp: _Stamp) -> bool:
    """Tell whether a further change would give the file another stamp."""
    _, number, _, written, changed = stamp
    # Some network drives number no files.
    return number != 0 and max(written, changed) < time.time_ns() - _SETTLED * 1_000_000_000
