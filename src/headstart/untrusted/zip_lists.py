"""Zip archives from strangers: how long the list of what is in them may be, and small members."""

from __future__ import annotations

import zipfile
import zlib
from typing import BinaryIO

from headstart.escaping import quoted

#: How a zip archive begins that holds anything.
ZIP = b"PK\x03\x04"
#: What reading an archive that is damaged raises, besides ``OSError`` and ``ValueError``.
DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)
#: Bytes of the list: 25,000 files.
MAX_LIST = 2**21
# The end of an archive: a record, the place of that record, both only in large archives; the end.
_LARGE, _PLACE, _END = 56, 20, 22


def check_list(file: BinaryIO, size: int) -> None:
    """Check how long the list of an archive is, which is read into memory as a whole.

    Parameters
    ----------
    file : file
        Open for reading bytes.
    size : int
        Of the file, in bytes.

    Raises
    ------
    ValueError
        If it is too long, or the file is no such archive, or one with two records that tell.
    """
    file.seek(max(0, size - _LARGE - _PLACE - _END))
    tail = file.read()
    end, place, large = tail[-_END:], tail[-_END - _PLACE : -_END], tail[: -_END - _PLACE]
    length = int.from_bytes(end[12:16], "little")
    if place.startswith(b"PK\x06\x07"):
        length = int.from_bytes(large[40:48], "little")
        _check_place(file, int.from_bytes(place[8:16], "little"), size - len(tail))
    if not end.startswith(b"PK\x05\x06") or length > MAX_LIST:
        raise ValueError("no zip archive, or one with far too many files")


def _check_place(file: BinaryIO, stated: int, place: int) -> None:
    """Check that no record is where it is said to be but the one that was looked at.

    Some versions of Python look there, and others before the end.
    """
    file.seek(min(stated, place))
    if stated < place and file.read(4) == b"PK\x06\x06":
        raise ValueError("a zip archive that says twice what is in it")


def read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, most: int) -> bytes:
    """Return the content of a small member.

    Read as a whole, one that says to be small would be unpacked to its real size.

    Parameters
    ----------
    archive : zipfile.ZipFile
    member : zipfile.ZipInfo
    most : int
        How many bytes it may have.

    Raises
    ------
    ValueError
        If it has more bytes.
    BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError
        If it is damaged, or packed in an unknown way: `DAMAGED`.
    """
    with archive.open(member) as opened:
        content = opened.read(most + 1)
    if len(content) > most:
        raise ValueError(f"{quoted(member.filename)} of more than {most:,} bytes")
    return content
