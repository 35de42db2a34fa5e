"""Prediction sets: which classes an image may show, so that they hold the true one often enough.

The scores of images that the model did not learn from tell how wrong probabilities can be. A class
is in the set of a new image if its score is not among the worst of theirs. If the new image comes
from where those images came from, the true class is missing from the set with at most the
probability that was asked for (split conformal prediction; Vovk et al. 2005).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from headstart.prediction.set_method import SetMethod

    Floats = NDArray[np.floating]

# The penalty of RAPS, and the number of classes that are free of it, as its authors use them.
_PENALTY, _FREE = 0.01, 5


def lac_scores(probabilities: Floats) -> NDArray[np.float64]:
    """Return the score of each class: one minus its probability.

    These are the smallest sets on average (Sadinle, Lei and Wasserman 2019,
    doi:10.1080/01621459.2017.1395341).

    Parameters
    ----------
    probabilities : ndarray of float, shape (n, k)

    Returns
    -------
    ndarray of float64, shape (n, k)
    """
    return 1 - probabilities.astype(np.float64)


def raps_scores(probabilities: Floats) -> NDArray[np.float64]:
    """Return the score of each class: the sum of its probability and of all that are higher.

    Every class after the fifth adds a penalty. These sets are larger for images that are difficult,
    and seldom very large (Angelopoulos et al. 2021, arXiv:2009.14193; without randomisation).

    Parameters
    ----------
    probabilities : ndarray of float, shape (n, k)

    Returns
    -------
    ndarray of float64, shape (n, k)
    """
    order = np.argsort(-probabilities, axis=1, kind="stable")
    ranked = np.take_along_axis(probabilities, order, axis=1).astype(np.float64)
    penalties = _PENALTY * np.maximum(0, np.arange(1, probabilities.shape[1] + 1) - _FREE)
    scores = np.empty_like(ranked)
    np.put_along_axis(scores, order, np.cumsum(ranked, axis=1) + penalties, axis=1)
    return scores


SCORES: dict[SetMethod, Callable[[Floats], NDArray[np.float64]]] = {
    "lac": lac_scores,
    "raps": raps_scores,
}


def conformal_threshold(scores: Floats, error: float) -> float:
    """Return the highest score that a class in a set may have; infinite for too few images.

    Parameters
    ----------
    scores : ndarray of float, shape (n,)
        The score of the true class of each image, sorted.
    error : float
        How often a set may lack the true class, between 0 and 1.

    Returns
    -------
    float
        The k-th of the scores, where k is ``(n + 1) * (1 - error)``, rounded up.
    """
    # A product such as 20 * (1 - 0.05) may come out a little above 19.
    place = math.ceil(round((len(scores) + 1) * (1 - error), 9))
    return float(scores[place - 1]) if place <= len(scores) else math.inf


def fewest_images(error: float) -> int:
    """Return how many images it takes for sets that lack the true class so seldom."""
    return math.ceil(round(1 / error - 1, 9))
