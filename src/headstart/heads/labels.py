"""Labels of any hashable kind as integer codes."""

import itertools
from collections.abc import Hashable, Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from headstart.arguments import check
from headstart.errors import UsageError
from headstart.prediction.labels import class_array, object_array


def encode_labels(labels: Any) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64]]:
    """Return the classes, and the class of each label as an integer.

    Parameters
    ----------
    labels : array, Series or sequence of hashable, length n
        Strings, integers, tuples, None, ... of one kind or mixed.

    Returns
    -------
    classes : ndarray of shape (k,)
        The distinct labels, sorted, or in order of appearance if they have no order. Labels that
        NumPy has no type for are objects.
    codes : ndarray of int64, shape (n,)
        The position of each label in `classes`.

    Raises
    ------
    ValueError
        If there are no labels, some are NaN or measurements, or there is only one class.
    """
    classes, codes = _encode(_as_vector(labels))
    if len(classes) < 2:
        raise UsageError(
            f"A classifier needs at least 2 classes; received 1 class: {classes.tolist()}"
        )
    return classes, codes


def _as_vector(labels: Any) -> npt.NDArray[Any]:
    from sklearn.utils import check_array, column_or_1d

    if labels is None:
        raise UsageError("A classifier requires y to be passed, but the target y is None")
    if not hasattr(labels, "__array__"):
        check("y", labels, Iterable[Any])
        labels = class_array(labels)
    vector = column_or_1d(labels, warn=True)
    if vector.dtype.kind == "f":
        check_array(vector, ensure_2d=False, input_name="y")
    if not len(vector):
        raise UsageError("A classifier needs labels; received 0 of them")
    return vector


def _encode(labels: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64]]:
    from sklearn.utils.multiclass import check_classification_targets

    if labels.dtype.kind != "O":
        # Text is no target of a regression, however many classes there are: no warning of that.
        if labels.dtype.kind != "U":
            check_classification_targets(labels)
        classes, codes = np.unique(labels, return_inverse=True)
        return classes, codes.astype(np.int64)
    try:
        distinct = list(dict.fromkeys(labels.tolist()))
    except TypeError:
        raise UsageError(
            "Every sample must have one label that can be hashed, such as text or a number. "
            f"Received: {labels.tolist()[:3]!r}, ... Of one-hot rows, pass np.argmax(y, axis=1)."
        ) from None
    ordered = _in_order(distinct)
    code_of = {label: code for code, label in enumerate(ordered)}
    return object_array(ordered), np.array([code_of[label] for label in labels.tolist()], np.int64)


def _in_order(labels: list[Hashable]) -> list[Hashable]:
    """Return distinct labels sorted, or as they came if they have no order (None, mixed kinds)."""
    try:
        ordered: list[Any] = sorted(labels)
        total = all(low < high for low, high in itertools.pairwise(ordered))
    except TypeError:
        return labels
    return ordered if total else labels  # sets compare, but have no order
