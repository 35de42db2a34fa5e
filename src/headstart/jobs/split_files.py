"""The split of a training as a table, which people audit and `train` reads as a dataset again."""

from __future__ import annotations

import csv
import os
from typing import TYPE_CHECKING

from headstart.data.splits import ALWAYS_TRAINS
from headstart.images.sources import FileSource
from headstart.storage.whole_files import whole_file

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from headstart.images.sources import ImageSource
    from headstart.jobs.parts import Parts

_COLUMNS = ("path", "label", "split", "fold", "group", "why")


def write_split_file(path: Path, parts: Parts, fold: NDArray[np.int64] | None = None) -> None:
    """Write a row for each image that is learnt from or tested.

    Parameters
    ----------
    path : Path
        A CSV file. One that is there is replaced.
    parts : Parts
        Images that are cross-validated are all in the split "train". Groups are numbers; empty
        where there are none.
    fold : ndarray of int64, shape (n_training,), optional
        The fold in which each training image was held out, from 0, or `ALWAYS_TRAINS`. The file
        counts folds from 1.

    Raises
    ------
    StorageError
        If the file can't be written.
    """
    listed = [("train", parts.training, parts.groups)]
    if parts.tested is not None:
        listed.append(("test", parts.tested, parts.tested_groups))
    if parts.validation is not None:
        listed.append(("valid", parts.validation, None))
    # The number of each group in the file, and its first image.
    seen: dict[int, tuple[int, str]] = {}
    with whole_file(path) as new, new.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(_COLUMNS)
        for split, images, groups in listed:
            folds = fold if split == "train" else None
            for row, (source, label) in enumerate(zip(images.sources, images.labels, strict=True)):
                place, group, why = _place(source), "", ""
                if groups is not None:
                    number, first = seen.setdefault(int(groups[row]), (len(seen), place))
                    group, why = str(number), "" if first == place else f"stays with {first}"
                held_out = (
                    "" if folds is None or folds[row] == ALWAYS_TRAINS else str(folds[row] + 1)
                )
                if folds is not None and not held_out:
                    why = "never held out: unreadable, or no other group of its class"
                table.writerow([place, label, split, held_out, group, why])


def _place(source: ImageSource) -> str:
    """Return the path of an image, by which it is found wherever the table lies."""
    if isinstance(source, FileSource):
        return os.path.abspath(os.fsdecode(source.path))  # noqa: PTH100 - a link stays a link
    return source.name
