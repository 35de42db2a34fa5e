"""Check an HDF5 file from a stranger before its arrays are read.

HDF5 can name one array a million times, and arrays in other files. What Keras writes does neither.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from h5py import Dataset, File, Group

#: Groups and arrays in a file. Keras writes 6,000 for the largest network; training doubles that.
MAX_OBJECTS = 50_000
#: Names in one attribute, and bytes of them.
MAX_NAMES = 10_000
_MAX_BYTES = 2**22


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
                raise ValueError(f"{_short(name)} is a link")
            item = group[name]
            if _address(item) in found:
                raise ValueError(f"{_short(name)} is another name of the same group or array")
            found.add(_address(item))
            if isinstance(item, h5py.Group):
                to_visit.append(item)
            elif not isinstance(item, h5py.Dataset) or not _is_plain(item):
                raise ValueError(f"{_short(name)} is no array of numbers in this file")


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


def _short(name: str) -> str:
    return repr(name[:40])
