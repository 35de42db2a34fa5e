"""Check an HDF5 file from a stranger before its arrays are read.

HDF5 can name one array a million times, and arrays in other files. What Keras writes does neither.
"""

from __future__ import annotations

import math
import mmap
from typing import TYPE_CHECKING

from headstart.escaping import quoted

if TYPE_CHECKING:
    from pathlib import Path

    from h5py import Dataset, File, Group

#: Groups and arrays in a file. Keras writes 6,000 for the largest network; training doubles that.
MAX_OBJECTS = 50_000
#: Names in one attribute, and bytes of them.
MAX_NAMES = 10_000
_MAX_BYTES = 2**22
# A heap of texts, such as the names of layers, begins so: its name and its version.
_HEAP = b"GCOL\x01\0\0\0"


def check_objects(file: File) -> None:
    """Check that every group and array is in the file itself, once, and every array is of numbers.

    Raises
    ------
    ValueError
        Otherwise, or if there are too many.
    """
    import h5py

    found = {_address(file)}
    to_visit: list[Group] = [file]
    while to_visit:
        group = to_visit.pop()
        if len(found) + len(group) > MAX_OBJECTS:
            raise ValueError(f"more than {MAX_OBJECTS:,} groups and arrays")
        for name in group:
            if not _is_inside(group, name):
                raise ValueError(f"{quoted(name)} is a link")
            item = group[name]
            if _address(item) in found:
                raise ValueError(f"{quoted(name)} is another name of the same group or array")
            found.add(_address(item))
            if isinstance(item, h5py.Group):
                to_visit.append(item)
            elif not isinstance(item, h5py.Dataset) or not _is_plain(item):
                raise ValueError(f"{quoted(name)} is no array of numbers in this file")


def check_heaps(path: Path) -> None:
    """Check the heaps of texts of an HDF5 file: HDF5 walks one that has no end for ever.

    Raises
    ------
    ValueError
        If there is such a heap, or the file does not begin as h5py writes it.
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        # Where the sizes of numbers in the file stand depends on its version.
        sizes = content[13:15] if content[8:9] < b"\2" else content[9:11]
        if content[:8] != b"\x89HDF\r\n\x1a\n" or sizes != b"\x08\x08":
            raise ValueError("it does not begin as an HDF5 file with numbers of 8 bytes does")
        place = content.find(_HEAP)
        while place >= 0:
            _check_heap(content, place)
            place = content.find(_HEAP, place + 1)


def _check_heap(content: mmap.mmap, place: int) -> None:
    header = 16
    end = place + _number(content, place + 8, 8)
    place += header
    while place + header <= end <= len(content):
        is_text, size = _number(content, place, 2), _number(content, place + 8, 8)
        # A text is filled up to 8 bytes; what is free counts its header as well.
        taken = header + -(-size // 8) * 8 if is_text else size
        if not header <= taken <= end - place:
            raise ValueError("a heap of texts in it has no end")
        place += taken
    if end > len(content):
        raise ValueError("a heap of texts in it is cut short")


def _number(content: mmap.mmap, place: int, size: int) -> int:
    return int.from_bytes(content[place : place + size], "little")


def _is_inside(group: Group, name: str) -> bool:
    import h5py

    return isinstance(group.get(name, getlink=True), h5py.HardLink)


def _is_plain(array: Dataset) -> bool:
    return array.dtype.kind in "biuf" and not array.is_virtual and not array.external


def _address(item: Group | Dataset) -> int:
    import h5py

    return int(h5py.h5o.get_info(item.id).addr)


def names_in(group: Group, attribute: str) -> list[str]:
    """Return the names that an attribute lists, each once.

    Keras splits long lists into attributes named weight_names0, weight_names1, ...

    Raises
    ------
    ValueError
        If it is no list of names, too long, or names something twice.
    """
    if len(group.attrs) > MAX_NAMES:
        raise ValueError(f"more than {MAX_NAMES:,} attributes")
    found: list[str] = []
    for part in group.attrs:
        if part.rstrip("0123456789") == attribute:
            found += _texts(group, part)
            if len(found) > MAX_NAMES:
                raise ValueError(f"more than {MAX_NAMES:,} names in {attribute}")
    if len(set(found)) < len(found):
        raise ValueError(f"a name twice in {attribute}")
    return found


def _texts(group: Group, part: str) -> list[str]:
    about = group.attrs.get_id(part)
    count, n_bytes = math.prod(about.shape), math.prod(about.shape) * about.dtype.itemsize
    if count > MAX_NAMES or n_bytes > _MAX_BYTES:
        raise ValueError(f"more than {MAX_NAMES:,} names, or very long ones, in {part}")
    names = [
        name.decode("utf-8") if isinstance(name, bytes) else name for name in group.attrs[part]
    ]
    if not all(isinstance(name, str) for name in names):
        raise ValueError(f"{part} must list names")
    return names
