"""Probabilities of training images by heads that were not trained on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import clone

from headstart.data.splits import ALWAYS_TRAINS, stratified_folds
from headstart.heads.labels import encode_labels
from headstart.prediction.labels import class_array

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from numpy.typing import NDArray

    from headstart.heads.base import Head

#: The folds of a cross-validation.
FOLDS = 5


@dataclass(frozen=True, slots=True, eq=False)
class OutOfFold:
    """The cross-validated probabilities of images.

    Attributes
    ----------
    probabilities : ndarray of float32, shape (n, n_classes)
        By a head that was trained on the other folds. NaN for an image that was never held out.
    fold : ndarray of int64, shape (n,)
        The fold in which each image was held out; `ALWAYS_TRAINS` for an image whose class has no
        image in another group.
    codes : ndarray of int64, shape (n,)
        The class of each image.
    classes : ndarray, shape (n_classes,)
        The labels, in the order of the probabilities' columns.
    """

    probabilities: NDArray[np.float32]
    fold: NDArray[np.int64]
    codes: NDArray[np.int64]
    classes: NDArray[Any]

    @property
    def tested(self) -> NDArray[np.int64]:
        """The images that were held out, in order."""
        return np.flatnonzero(self.fold != ALWAYS_TRAINS)

    @property
    def n_folds(self) -> int:
        """Number of folds in which images were held out."""
        return len(np.unique(self.fold[self.tested]))


def out_of_fold(
    head: Head,
    features: NDArray[np.float32],
    labels: Sequence[Hashable],
    *,
    groups: NDArray[np.int64] | None = None,
    folds: int = FOLDS,
    seed: int = 0,
) -> OutOfFold:
    """Cross-validate a head: predict each image by a head that was trained on the other folds.

    Parameters
    ----------
    head : Head
        Its settings are used; it stays as it is.
    features : ndarray of float32, shape (n, n_features)
    labels : sequence of hashable, length n
        The class of each image.
    groups : ndarray of int64, shape (n,), optional
        Images of a group are in the same fold. The default is that each image is its own group.
    folds : int
        Number of stratified folds.
    seed : int
        The seed of the folds.

    Raises
    ------
    UsageError
        If there are fewer than two classes.
    """
    classes, codes = encode_labels(class_array(labels))
    fold = stratified_folds(codes, folds, seed, groups)
    probabilities = np.full((len(codes), len(classes)), np.nan, np.float32)
    column = {label: place for place, label in enumerate(classes.tolist())}
    for number in np.unique(fold[fold != ALWAYS_TRAINS]):
        rows, others = np.flatnonzero(fold == number), np.flatnonzero(fold != number)
        fitted = clone(head).fit(
            features[others],
            [labels[row] for row in others.tolist()],
            groups=None if groups is None else groups[others],
        )
        # Labels without an order are in that of their first images, which a fold may change.
        columns = [column[label] for label in fitted.classes_.tolist()]
        found = fitted.scorer_.probabilities(features[rows])
        probabilities[rows[:, None], columns] = found
    return OutOfFold(probabilities, fold, codes, classes)
