"""How much less images tell that form groups, or were cross-validated, than independent ones.

A classifier that is wrong for one image of a patient is often wrong for the next one, too. Images
count then for less than independent ones would, and an interval that counts images is too narrow.
The design effect says by how much: `n` images tell as much as ``n / effect`` independent ones.
Kish (1965), Survey Sampling, has the term.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from headstart.evaluation.metrics import Counts, Floats


class ClassEffects(NamedTuple):
    """The design effects of the recall, the precision and the F1 of each class."""

    recall: npt.ArrayLike
    precision: npt.ArrayLike
    f1: npt.ArrayLike

    def times(self, factor: float) -> "ClassEffects":
        """Return the effects where something else makes them larger by a factor."""
        return ClassEffects(*(np.asarray(effect) * factor for effect in self))


#: The design effect of cross-validation. Each fold's model learnt from other images than the one
#: that is kept, which learns from all of them, and folds share training images. The error of the
#: cross-validated accuracy, as an estimate of the accuracy of the model that is kept, varies so
#: many times as much as that of independent test images: docs/adr/0025 has the measurement.
CROSS_VALIDATED = 1.4


#: Of images that form no groups.
NO_GROUPS = ClassEffects(1.0, 1.0, 1.0)


def design_effect(values: npt.ArrayLike, groups: npt.ArrayLike) -> float:
    """Return by how much grouped images tell less than as many independent ones.

    Parameters
    ----------
    values : array_like of bool or float, shape (n,)
        What is averaged: whether each image was predicted right, for example.
    groups : array_like of int, shape (n,)
        The number of each image's group.

    Returns
    -------
    float
        From 1 to the effect where all images of a group agree, Kish's ``sum(m**2) / sum(m)`` for
        groups of `m` images, times the square of Student's t by the normal quantile.
    """
    parts = np.zeros(len(np.asarray(groups)), np.int64)
    return float(design_effects(values, groups, parts, 1)[0])


def class_effects(truth: Counts, predicted: Counts, groups: Counts, k: int) -> ClassEffects:
    """Return the design effects of each of `k` classes."""
    right = truth == predicted
    wrong = ~right
    return ClassEffects(
        design_effects(right, groups, truth, k),
        design_effects(right, groups, predicted, k),
        # A wrong image counts for the class that it has and for the class that it was given.
        design_effects(
            np.concatenate([right, right[wrong]]),
            np.concatenate([groups, groups[wrong]]),
            np.concatenate([truth, predicted[wrong]]),
            k,
        ),
    )


def design_effects(
    values: npt.ArrayLike, groups: npt.ArrayLike, parts: npt.ArrayLike, n_parts: int
) -> Floats:
    """Return the design effect of each part of the images.

    The variance between groups (Taylor linearisation) is compared with that of independent images.
    Where all images of a part agree, or its groups are fewer than two, groups are taken to agree
    within: each counts about once. The effect is never below 1: chance alone makes groups look
    more even than they are. Few groups estimate a variance badly, for which Student's t allows.

    Parameters
    ----------
    values : array_like of bool or float, shape (n,)
    groups : array_like of int, shape (n,)
    parts : array_like of int, shape (n,)
        The part of each image, from 0, such as its class.
    n_parts : int

    Returns
    -------
    float64 array, shape (n_parts,)
        1 for a part without images.

    References
    ----------
    Kish (1965), Survey Sampling. Korn, Graubard (1998), Confidence intervals for proportions with
    small expected number of positive counts estimated from survey data. Dean, Pagano (2015),
    Evaluating confidence interval methods for binomial proportions in clustered surveys.
    """
    value, part = np.asarray(values, float), np.asarray(parts, np.int64)
    _, group = np.unique(np.asarray(groups), return_inverse=True)
    cells, cell = np.unique(part * (group.max(initial=0) + 1) + group, return_inverse=True)
    of = np.zeros(len(cells), np.int64)
    of[cell] = part
    size = _sums(cell, np.ones(len(cell)), len(cells))
    within = _sums(cell, value, len(cells))

    n = np.maximum(_sums(of, size, n_parts), 1)
    n_groups = _sums(of, np.ones(len(of)), n_parts)
    mean = _sums(of, within, n_parts) / n
    together = _sums(of, size**2, n_parts) / n
    spread = _sums(of, (within - mean[of] * size) ** 2, n_parts)
    between = spread * n_groups / np.maximum(n_groups - 1, 1)
    alone = _sums(part, (value - mean[part]) ** 2, n_parts)
    known = (alone > 0) & (n_groups > 1)
    effect = np.divide(between, alone, out=together.copy(), where=known)
    limited = np.clip(effect, 1, np.maximum(together, 1))
    return np.where(together > 1, limited * _few_groups(n_groups), 1.0)


def _sums(places: Counts, values: Floats, n: int) -> Floats:
    return np.bincount(places, values, n).astype(np.float64)


def _few_groups(n_groups: Floats) -> Floats:
    """Return the square of Student's t by the normal quantile, for intervals of 95 %."""
    from scipy.special import ndtri, stdtrit

    return (stdtrit(np.maximum(n_groups - 1, 1), 0.975) / ndtri(0.975)) ** 2
