"""The parents of classes, as users write them down: a table of two columns."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import TYPE_CHECKING

from headstart.data.rows import is_table_name, read_rows
from headstart.display.text import listed_names
from headstart.errors import DatasetError, UsageError

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping

_SLASH = "/"


def read_parents(
    parents: str | Path | Mapping[str, str], labels: Iterable[Hashable]
) -> dict[str, str]:
    """Return the parent of each class and of each parent.

    Parameters
    ----------
    parents : str, Path or mapping of str to str
        A table (``.csv`` or another that datasets are read from) with the columns ``class`` and
        ``parent``; or "labels", if labels are paths that name their parents; or the parents
        themselves.
    labels : iterable of hashable
        The classes.

    Raises
    ------
    UsageError
        If `parents` is none of these.
    DatasetError
        If the table can't be read, lacks a column or a value, or gives a class two parents.
    """
    if parents == "labels":
        return _parents_in_paths(map(str, labels))
    if not isinstance(parents, str | Path):
        return {str(name): str(parent) for name, parent in parents.items()}
    path = Path(parents)
    if not path.is_file() or not is_table_name(path.name):
        raise UsageError(
            "parents must be a table with the columns class and parent, or 'labels' if labels are "
            f"paths such as animal/cat. Received: {str(parents)!r}."
        )
    found: dict[str, str] = {}
    for row in read_rows(path):
        name, parent = (str(row.cells.get(key) or "").strip() for key in ("class", "parent"))
        if not name or not parent:
            raise DatasetError(
                f"{path} must have a class and its parent in each row, in columns of these names. "
                f"Received in line {row.line} the columns: {listed_names(row.cells)}."
            )
        if found.setdefault(name, parent) != parent:
            raise DatasetError(
                f"{path} must give a class one parent. Received: {found[name]!r} and {parent!r} "
                f"for {name!r}."
            )
    return found


def _parents_in_paths(labels: Iterable[str]) -> dict[str, str]:
    """Return what labels say of parents: that of ``animal/cat`` is ``animal``."""
    found: dict[str, str] = {}
    for label in labels:
        steps = list(itertools.accumulate(label.split(_SLASH), f"{{}}{_SLASH}{{}}".format))
        found |= {below: above for above, below in itertools.pairwise(steps) if above}
    return found
