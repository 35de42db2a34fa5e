"""The list of what is in a zip archive from a stranger: how long it may be."""

from __future__ import annotations

from typing import BinaryIO

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
        If it is too long, or the file is no such archive.
    """
    file.seek(max(0, size - _LARGE - _PLACE - _END))
    tail = file.read()
    end, place, large = tail[-_END:], tail[-_END - _PLACE : -_END], tail[: -_END - _PLACE]
    length = int.from_bytes(end[12:16], "little")
    if place.startswith(b"PK\x06\x07"):
        length = int.from_bytes(large[40:48], "little")
    if not end.startswith(b"PK\x05\x06") or length > MAX_LIST:
        raise ValueError("no zip archive, or one with far too many files")
