"""Groups: images that stay on one side of every split."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from headstart.data.labelled_images import called
from headstart.data.settings import path_expression
from headstart.display.text import counted, listed_names
from headstart.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from numpy.typing import NDArray

    from headstart.data.labelled_images import LabelledImages

    Ints = NDArray[np.int64]


def values_by(images: LabelledImages, by: str) -> list[Any]:
    """Return a value for each image: a cell of a table, or a part of its path.

    Parameters
    ----------
    images : LabelledImages
    by : str
        The name of a column of the table that the images were read from. Or a pattern that finds
        the value in an image's path below the folder of all images: ``{group}`` stands for the
        value and ``*`` for anything but a slash, as in ``*/{group}_*``; or a regular expression
        with a group, as for `DatasetSettings.label_from`.

    Returns
    -------
    list
        None for an image whose cell is empty.

    Raises
    ------
    UsageError
        If there is no such column, or the pattern finds nothing in a path.
    """
    if column := called(images.columns, by):
        return [None if value == "" else value for value in images.columns[column]]
    if "{group}" not in by and "(" not in by:
        known = listed_names(images.columns) or "none besides those of images and labels"
        raise UsageError(
            "Groups must be a column of the dataset's table, or a pattern with {group}, such as "
            f"'*/{{group}}_*'. Received: {by!r}; the columns are: {known}."
        )
    expression = path_expression(by, "group", "The pattern of the groups")
    names = [source.name.replace("\\", "/") for source in images.sources]
    folder = common_folder(names)
    found = [expression.search(name.removeprefix(folder)) for name in names]
    if None in found:
        raise UsageError(
            "The pattern of the groups must fit the path of every image. "
            f"Received: {by!r}, which does not fit {names[found.index(None)].removeprefix(folder)}."
        )
    return [match[1] for match in found if match]


def common_folder(names: Sequence[str]) -> str:
    """Return the folder, with a slash at its end, that all paths begin with; "" if there is none.

    Examples
    --------
    >>> common_folder(["a/b/cat/1.jpg", "a/b/dog/1.jpg"])
    'a/b/'
    """
    parts = [name.split("/")[:-1] for name in (min(names, default=""), max(names, default=""))]
    common = itertools.takewhile(lambda pair: pair[0] == pair[1], zip(*parts, strict=False))
    return "".join(f"{part}/" for part, _ in common)


def group_codes(groups: Sequence[Hashable] | Ints | None, n_images: int) -> Ints | None:
    """Return the number of the group of each image, from 0; None if no groups are given.

    Parameters
    ----------
    groups : sequence of hashable, length n, or None
        The name of the group of each image. None, or NaN, is no name: such an image is its own
        group.
    n_images : int
        Number of images.

    Returns
    -------
    ndarray of int64, shape (n,), or None

    Raises
    ------
    UsageError
        If there are more or fewer groups than images, or one that can't be compared.
    """
    if groups is None:
        return None
    names = np.asarray(groups).tolist() if hasattr(groups, "__array__") else list(groups)
    if len(names) != n_images:
        raise UsageError(
            "There must be one group for each image. Received: "
            f"{counted(n_images, 'image')} and {counted(len(names), 'group')}."
        )
    known: dict[Hashable, int] = {}
    try:
        numbers = [
            known.setdefault((name, None if _is_name(name) else place), len(known))
            for place, name in enumerate(names)
        ]
    except TypeError:
        raise UsageError(f"Groups must be text or numbers. Received: {names[:3]!r}.") from None
    return np.array(numbers, np.int64)


def merged(one: Ints | None, other: Ints | None) -> Ints | None:
    """Return groups in which images are together that are together in either.

    Parameters
    ----------
    one, other : ndarray of int64, shape (n,), or None
        The group of each image; None for a group of its own for each image.

    Returns
    -------
    ndarray of int64, shape (n,), or None
        Numbers from 0, in the order of the first images.
    """
    if one is None or other is None:
        return other if one is None else one
    first, second = (np.unique(each, return_inverse=True)[1] for each in (one, other))
    # Each image links its group of the one kind to its group of the other.
    leader = list(range(int(first.max()) + 1 + int(second.max()) + 1))
    for here, there in zip(first.tolist(), (second + first.max() + 1).tolist(), strict=True):
        leader[_led_by(leader, there)] = _led_by(leader, here)
    return group_codes([_led_by(leader, here) for here in first.tolist()], len(first))


def _led_by(leader: list[int], group: int) -> int:
    """Return the group at the end of the chain, and shorten the chain."""
    while leader[group] != group:
        leader[group] = leader[leader[group]]
        group = leader[group]
    return group


def _is_name(name: object) -> bool:
    """Tell whether a value names a group: tables write NaN where there is none."""
    return not (name is None or (isinstance(name, float) and math.isnan(name)))
