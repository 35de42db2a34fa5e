"""A user's own labels, of any hashable kind, as classes and as arrays."""

from collections.abc import Hashable, Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from headstart.backbones.classes import ClassName


def user_classes(labels: Iterable[Hashable]) -> tuple[ClassName, ...]:
    """Return classes for a user's own labels, identified by the label as text."""
    return tuple(ClassName(str(label), label) for label in labels)


def class_array(classes: Iterable[Hashable]) -> npt.NDArray[Any]:
    """Return distinct labels as an array (k,) that keeps their type.

    Examples
    --------
    >>> class_array(["cat", "dog"])
    array(['cat', 'dog'], dtype='<U3')
    >>> class_array([("a", 1), None])
    array([('a', 1), None], dtype=object)
    """
    classes = list(classes)
    kinds = {type(label) for label in classes}
    if len(kinds) == 1 and kinds <= {str, int, float, bool}:
        return np.array(classes)
    return object_array(classes)


def object_array(labels: list[Any]) -> npt.NDArray[Any]:
    """Return labels as an array of objects (n,), also where they are sequences themselves."""
    array = np.empty(len(labels), object)
    # Item by item: np.array(labels, dtype=object) would make a table of tuples.
    for place, label in enumerate(labels):
        array[place] = label
    return array
