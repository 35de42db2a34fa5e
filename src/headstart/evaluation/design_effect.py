"""How much less images tell that form groups, such as several images of one patient.

A classifier that is wrong for one image of a patient is often wrong for the next one, too. Images
count then for less than independent ones would, and an interval that counts images is too narrow.
The design effect says by how much: `n` images tell as much as ``n / effect`` independent ones.
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


#: Of images that form no groups.
NO_GROUPS = ClassEffects(1.0, 1.0, 1.0)


def design_effect(successes: npt.ArrayLike, groups: npt.ArrayLike) -> float:
    """Return by how much grouped images tell less than as many independent ones.

    Parameters
    ----------
    successes : array_like of bool, shape (n,)
        Whether each image was predicted right.
    groups : array_like of int, shape (n,)
        The number of each image's group.

    Returns
    -------
    float
        From 1 to the effect where all images of a group agree, Kish's ``sum(m**2) / sum(m)`` for
        groups of `m` images, times the square of Student's t by the normal quantile.
    """
    parts = np.zeros(len(np.asarray(groups)), np.int64)
    return float(design_effects(successes, groups, parts, 1)[0])


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
    successes: npt.ArrayLike, groups: npt.ArrayLike, parts: npt.ArrayLike, n_parts: int
) -> Floats:
    """Return the design effect of each part of the images.

    The variance between groups (Taylor linearisation) is compared with that of independent images.
    Where all images of a part agree, or its groups are fewer than two, groups are taken to agree
    within: each counts about once. The effect is never below 1: chance alone makes groups look
    more even than they are. Few groups estimate a variance badly, for which Student's t allows.

    Parameters
    ----------
    successes : array_like of bool, shape (n,)
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
    part = np.asarray(parts, np.int64)
    _, group = np.unique(np.asarray(groups), return_inverse=True)
    cells, cell = np.unique(part * (group.max(initial=0) + 1) + group, return_inverse=True)
    of = np.zeros(len(cells), np.int64)
    of[cell] = part
    size: Floats = np.bincount(cell, minlength=len(cells)).astype(np.float64)
    right: Floats = np.bincount(cell, np.asarray(successes, float), len(cells)).astype(np.float64)

    def total(values: Floats) -> Floats:
        return np.bincount(of, values, n_parts).astype(np.float64)

    n, n_groups = np.maximum(total(size), 1), total(np.ones(len(cells)))
    share = total(right) / n
    together = total(size**2) / n
    between = total((right - share[of] * size) ** 2) * n_groups / np.maximum(n_groups - 1, 1)
    alone = n * share * (1 - share)
    known = (alone > 0) & (n_groups > 1)
    effect = np.divide(between, alone, out=together.copy(), where=known)
    grouped = together > 1
    limited = np.clip(effect, 1, np.maximum(together, 1))
    return np.where(grouped, limited * _few_groups(n_groups), 1.0)


def _few_groups(n_groups: Floats) -> Floats:
    """Return the square of Student's t by the normal quantile, for intervals of 95 %."""
    from scipy.special import ndtri, stdtrit

    return (stdtrit(np.maximum(n_groups - 1, 1), 0.975) / ndtri(0.975)) ** 2
