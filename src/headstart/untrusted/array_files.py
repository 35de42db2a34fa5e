"""NumPy's archives of arrays (``.npz``) within limits."""

import math
import os
import re
import zipfile
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from headstart.escaping import quoted
from headstart.untrusted.zip_lists import DAMAGED, check_list

# The header of an array as NumPy writes it (format 1.0): numbers and texts only, no objects.
_HEADER = re.compile(
    rb"\x93NUMPY\x01\x00(?s:..)"
    rb"\{'descr': '(?P<type>[<>|][biufU][0-9]{1,4})', 'fortran_order': (?:False|True), "
    rb"'shape': \((?P<shape>(?:[0-9]{1,12},? ?)*)\), \} *\n"
)
_LONGEST_HEADER = 1000


def read_arrays(file: BinaryIO) -> dict[str, NDArray[Any]]:
    """Return the arrays of an archive that ``numpy.savez`` wrote, uncompressed.

    Nothing is unpickled, and nothing takes more memory than the file takes on disk.

    Parameters
    ----------
    file : file
        Open for reading bytes.

    Raises
    ------
    ValueError
        If the file is anything else, or damaged.
    """
    try:
        size = os.fstat(file.fileno()).st_size
        _check_list(file, size)
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            _check_entries(entries, size)
            return {entry.filename.removesuffix(".npy"): _read(archive, entry) for entry in entries}
    except (OSError, *DAMAGED) as error:
        raise ValueError(f"no archive of arrays: {error}") from error


def _check_list(file: BinaryIO, size: int) -> None:
    try:
        check_list(file, size)
    except ValueError as error:
        raise ValueError(f"no archive of arrays: {error}") from error


def _check_entries(entries: list[zipfile.ZipInfo], size: int) -> None:
    for entry in entries:
        is_plain = entry.compress_type == zipfile.ZIP_STORED and not entry.flag_bits & 1
        if not is_plain or entry.compress_size != entry.file_size:
            raise ValueError(f"{quoted(entry.filename)} must not be compressed or encrypted")
    if len({entry.filename for entry in entries}) < len(entries):
        raise ValueError("two arrays of one name")
    if sum(entry.file_size for entry in entries) > size:
        raise ValueError("arrays that are longer than the file")


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> NDArray[Any]:
    with archive.open(entry) as member:
        header = _HEADER.match(member.read(_LONGEST_HEADER))
        if header is None:
            raise ValueError(f"{quoted(entry.filename)} must be an array of numbers or texts")
        kind = np.dtype(header["type"].decode())
        shape = [int(each) for each in header["shape"].replace(b",", b" ").split()]
        if kind.itemsize == 0 or math.prod(shape) * kind.itemsize != entry.file_size - header.end():
            raise ValueError(f"{quoted(entry.filename)} must be as long as its header says")
        member.seek(0)
        return np.lib.format.read_array(member, allow_pickle=False)
