"""A user's own labels, of any hashable kind: as classes, as arrays, and compared."""

from collections.abc import Hashable, Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from headstart.display.text import counted
from headstart.errors import UsageError
from headstart.networks.classes import ClassName


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


def agreement(
    predicted: Sequence[Hashable],
    truth: Sequence[Hashable],
    weights: Sequence[float] | None = None,
) -> float:
    """Return the share of equal pairs, from 0 to 1. Each pair counts by its weight.

    Raises
    ------
    UsageError
        If the lists are empty or differ in length, or the weights are no positive numbers.
    """
    if len(predicted) != len(truth) or not len(predicted):
        raise UsageError(
            "There must be one label for each image, and at least one image. "
            f"Received: {counted(len(predicted), 'image')} and {counted(len(truth), 'label')}."
        )
    shares = None if weights is None else _checked(weights, len(truth))
    equal = [one == other for one, other in zip(predicted, truth, strict=True)]
    return float(np.average(equal, weights=shares))


def _checked(weights: object, n: int) -> npt.NDArray[np.float64]:
    try:
        shares = np.asarray(weights, np.float64)
    except (TypeError, ValueError):
        shares = np.array(np.nan)
    if (
        shares.shape != (n,)
        or not np.isfinite(shares).all()
        or (shares < 0).any()
        or not shares.any()
    ):
        raise UsageError(
            f"sample_weight must be {n} numbers from 0 on, one for each image, and not all 0. "
            f"Received: {weights!r}."
        )
    return shares
