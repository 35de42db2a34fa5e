"""The file of pairs of images that look alike and are no copies."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from headstart.data.rows import read_rows
from headstart.errors import UsageError
from headstart.escaping import quoted

if TYPE_CHECKING:
    from pathlib import Path

    from headstart.data.labelled_images import LabelledImages

_COLUMNS = ("image", "other")


def read_not_duplicates(path: Path, dataset: LabelledImages) -> set[tuple[int, int]]:
    """Return the places of pairs of images that are no copies, from a CSV file that names them.

    Parameters
    ----------
    path : Path
        A table with the columns ``image`` and ``other``. Each cell is the end of an image's path,
        as the report shows it: from the folder of the dataset, or more.
    dataset : LabelledImages

    Returns
    -------
    set of (int, int)
        The smaller place first.

    Raises
    ------
    UsageError
        If the file has no such columns, or names an image that is not there.
    DatasetError
        If the file can't be read.
    """
    rows = read_rows(path)
    if not set(_COLUMNS) <= rows[0].cells.keys():
        raise UsageError(
            f"{path} must have the columns {' and '.join(_COLUMNS)}. Received: "
            f"{', '.join(rows[0].cells)}."
        )
    places = {_parts(source.name): place for place, source in enumerate(dataset.sources)}
    pairs = set()
    for row in rows:
        one, other = (_place(str(row.cells.get(name) or ""), places, path) for name in _COLUMNS)
        pairs.add((min(one, other), max(one, other)))
    return pairs


def _place(name: str, places: dict[tuple[str, ...], int], path: Path) -> int:
    wanted = _parts(name)
    if wanted in places:
        return places[wanted]
    found = [place for parts, place in places.items() if parts[-len(wanted) :] == wanted]
    if not wanted or len(found) != 1:
        raise UsageError(
            f"{path} must name images of the dataset, each by an end of its path that only one "
            f"image has. Received: {quoted(name)}, which {len(found):,} images have."
        )
    return found[0]


def _parts(name: str) -> tuple[str, ...]:
    return tuple(part for part in name.replace(os.sep, "/").split("/") if part not in ("", "."))
