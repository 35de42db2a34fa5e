"""The split of a training as a table, which people audit and `train` reads as a dataset again."""

from __future__ import annotations

import csv
import os
from typing import TYPE_CHECKING

from headstart.images.sources import FileSource
from headstart.storage.whole_files import whole_file

if TYPE_CHECKING:
    from pathlib import Path

    from headstart.images.sources import ImageSource
    from headstart.jobs.parts import Parts

_COLUMNS = ("path", "label", "split", "group")


def write_split_file(path: Path, parts: Parts) -> None:
    """Write a row for each image that is learnt from or tested.

    Parameters
    ----------
    path : Path
        A CSV file. One that is there is replaced.
    parts : Parts
        Images that are cross-validated are all in the split "train". Groups are numbers; empty
        where there are none.

    Raises
    ------
    StorageError
        If the file can't be written.
    """
    listed = [("train", parts.training, parts.groups)]
    if parts.tested is not None:
        listed.append(("test", parts.tested, parts.tested_groups))
    with whole_file(path) as new, new.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(_COLUMNS)
        for split, images, groups in listed:
            names = [""] * len(images) if groups is None else groups.tolist()
            for source, label, group in zip(images.sources, images.labels, names, strict=True):
                table.writerow([_place(source), label, split, group])


def _place(source: ImageSource) -> str:
    """Return the path of an image, by which it is found wherever the table lies."""
    if isinstance(source, FileSource):
        return os.path.abspath(os.fsdecode(source.path))  # noqa: PTH100 - a link stays a link
    return source.name
