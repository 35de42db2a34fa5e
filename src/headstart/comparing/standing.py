"""How one candidate does on some images, and how it differs from another on the same ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from headstart.evaluation.comparison import paired_interval
from headstart.evaluation.design_effect import CROSS_VALIDATED, design_effect
from headstart.evaluation.metrics import proportion_interval
from headstart.heads.base import class_weights
from headstart.heads.out_of_fold import out_of_fold
from headstart.heads.table import get_head

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from numpy.typing import NDArray

    from headstart.comparing.candidates import Candidate
    from headstart.evaluation.metrics import Interval

    Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """The cross-validated results of a candidate.

    Attributes
    ----------
    candidate : Candidate
    images : ndarray of int64, shape (n,)
        The images that were predicted, each by a head that was not trained on it.
    right : ndarray of bool, shape (n,)
        Whether the most probable class was the true one.
    losses : ndarray of float64, shape (n,)
        Minus the logarithm of the probability of the true class.
    weights : ndarray of float64, shape (n,)
        The weight of each image in the mean loss: every class weighs alike.
    groups : ndarray of int64, shape (n,), or None
        Images of a group are not independent.
    """

    candidate: Candidate
    images: Ints
    right: NDArray[np.bool_]
    losses: NDArray[np.float64]
    weights: NDArray[np.float64]
    groups: Ints | None = None

    @property
    def accuracy(self) -> float:
        """The share of images that are right."""
        return float(self.right.mean())

    @property
    def log_loss(self) -> float:
        """The mean loss, in which every class weighs alike: what candidates are ranked by."""
        return float(np.average(self.losses, weights=self.weights))

    @property
    def interval(self) -> Interval:
        """The 95 % interval of the accuracy, as that of any cross-validated accuracy."""
        effect = CROSS_VALIDATED
        if self.groups is not None:
            effect *= design_effect(self.right, self.groups)
        return proportion_interval(self.right.sum() / effect, len(self.right) / effect)

    def gain_over(self, other: Standing) -> tuple[float, Interval]:
        """Return the accuracy minus that of another on the same images, and its 95 % interval.

        Both are from -1 to 1. The interval is that of a paired difference: each image gains 1, 0 or
        -1.
        """
        _, mine, others = np.intersect1d(self.images, other.images, return_indices=True)
        gains = self.right[mine].astype(np.int64) - other.right[others]
        groups = None if self.groups is None else self.groups[mine]
        return float(gains.mean()), paired_interval(gains, groups)


def judge(
    candidate: Candidate,
    features: NDArray[np.float32],
    labels: Sequence[Hashable],
    images: Ints,
    *,
    groups: Ints | None = None,
    seed: int = 0,
) -> Standing:
    """Cross-validate a candidate's head on features.

    Parameters
    ----------
    candidate : Candidate
    features : ndarray of float32, shape (n, n_features)
    labels : sequence of hashable, length n
    images : ndarray of int64, shape (n,)
        The number of each image in the dataset.
    groups : ndarray of int64, shape (n,), optional
        Images of a group are in one fold.
    seed : int
        The seed of the folds.
    """
    found = out_of_fold(get_head(candidate.head)(), features, labels, groups=groups, seed=seed)
    tested = found.tested
    probabilities, truth = found.probabilities[tested].astype(np.float64), found.codes[tested]
    given = probabilities[np.arange(len(tested)), truth]
    return Standing(
        candidate,
        images[tested],
        probabilities.argmax(axis=1) == truth,
        -np.log(np.clip(given, np.finfo(np.float32).eps, 1)),
        class_weights("balanced", found.classes, found.codes)[truth],
        None if groups is None else groups[tested],
    )
