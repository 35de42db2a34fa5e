"""Read arrays from a file in the safetensors format, within limits, and only those that are asked.

The format is a header in JSON that names the arrays, then their numbers, one array after the other.
Nothing in it can be run. The whole header is checked before any array is read. Large arrays that
nobody asks for take no memory, and the file is read, not mapped: if it is cut short meanwhile, that
is an error and not the end of the process.
"""

from __future__ import annotations

import contextlib
import math
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from headstart.untrusted.json_text import MAX_BYTES, parse_json
from headstart.untrusted.regular_files import open_regular

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

# Bytes of the header, and what comes before it: the number of its bytes.
_LARGEST_HEADER, _PREFIX = MAX_BYTES, 8
# The format's types that NumPy has.
_TYPES = {"F16": "<f2", "F32": "<f4", "F64": "<f8", "I32": "<i4", "I64": "<i8", "U8": "u1"}


@dataclass(frozen=True, slots=True)
class Entry:
    """Where an array is in the file.

    Attributes
    ----------
    dtype : dtype or None
        None for a type that NumPy does not have, such as bfloat16.
    shape : tuple of int
    start : int
        Its first byte in the file.
    """

    dtype: np.dtype[Any] | None
    shape: tuple[int, ...]
    start: int


@dataclass(frozen=True, slots=True)
class TensorFile:
    """An open file; see `open_tensors`.

    Attributes
    ----------
    entries : mapping of str to Entry
        By the names of the arrays.
    """

    entries: Mapping[str, Entry]
    _file: BinaryIO

    def read(self, name: str) -> NDArray[Any]:
        """Return an array.

        Raises
        ------
        ValueError
            If it has a type that NumPy does not have, or the file was cut short.
        """
        entry = self._entry(name)
        return self._values(entry, entry.start, entry.shape)

    def read_rows(self, name: str, rows: NDArray[np.int64]) -> NDArray[Any]:
        """Return some rows of an array of two axes, in the order of `rows`, which are sorted."""
        entry = self._entry(name)
        dtype = entry.dtype
        if len(entry.shape) != 2 or dtype is None or (len(rows) and rows[-1] >= entry.shape[0]):
            raise ValueError(f"{name} has the shape {entry.shape}, not the rows that are needed")
        size, width = dtype.itemsize * entry.shape[1], entry.shape[1]
        found = [self._values(entry, entry.start + size * int(row), (width,)) for row in rows]
        return np.array(found, dtype).reshape(-1, width)

    def _entry(self, name: str) -> Entry:
        entry = self.entries.get(name)
        if entry is None:
            raise ValueError(f"there is no array {name}")
        if entry.dtype is None:
            raise ValueError(f"{name} has a type that NumPy does not have")
        return entry

    def _values(self, entry: Entry, start: int, shape: tuple[int, ...]) -> NDArray[Any]:
        values = np.empty(shape, entry.dtype)
        self._file.seek(start)
        if self._file.readinto(values.reshape(-1).view(np.uint8)) != values.nbytes:  # type: ignore[attr-defined]
            raise ValueError("the file is cut short")
        return values


@contextlib.contextmanager
def open_tensors(path: Path) -> Iterator[TensorFile]:
    """Open a file in the safetensors format.

    Raises
    ------
    OSError
        If it can't be read.
    ValueError
        If it is no such file: the header is too long, is no JSON, or describes arrays that are not
        in the file, lie in each other, or leave bytes that belong to none.
    """
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        prefix = file.read(_PREFIX)
        length = int.from_bytes(prefix, "little")
        if len(prefix) < _PREFIX or not 2 <= length <= min(_LARGEST_HEADER, size - _PREFIX):
            raise ValueError("it does not begin with the length of a header")
        header = parse_json(file.read(length))
        yield TensorFile(_entries(header, _PREFIX + length, size), file)


def _entries(header: Any, first: int, size: int) -> dict[str, Entry]:
    if not isinstance(header, dict):
        raise ValueError("its header is no object")  # noqa: TRY004 - the content is wrong
    found = {
        name: _checked(name, described)
        for name, described in header.items()
        if name != "__metadata__"
    }
    end = 0
    for name, (entry, stop) in sorted(
        found.items(), key=lambda item: (item[1][0].start, item[1][1])
    ):
        if entry.start != end:
            raise ValueError(f"{name!r} does not begin where the array before it ends")
        end = stop
    if first + end != size:
        raise ValueError(f"{first + end:,} bytes are described, and there are {size:,}")
    return {
        name: Entry(entry.dtype, entry.shape, first + entry.start)
        for name, (entry, _) in found.items()
    }


def _checked(name: str, described: Any) -> tuple[Entry, int]:
    """Return an entry, with its place after the header, and where it ends."""
    try:
        kind, shape, (start, stop) = (described[key] for key in ("dtype", "shape", "data_offsets"))
        numbers = [*shape, start, stop]
        fits = all(type(number) is int and number >= 0 for number in numbers) and start <= stop
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{name!r} is not described as an array: {error!r}") from error
    if not fits or not isinstance(kind, str) or not re.fullmatch(r"[A-Z0-9_]{1,16}", kind):
        raise ValueError(f"{name!r} is not described as an array")
    dtype = np.dtype(_TYPES[kind]) if kind in _TYPES else None
    if dtype is not None and math.prod(shape) * dtype.itemsize != stop - start:
        raise ValueError(f"{name!r} has {stop - start:,} bytes for the shape {tuple(shape)}")
    return Entry(dtype, tuple(shape), start), stop
