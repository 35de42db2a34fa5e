"""Calibration: whether 80 of 100 images with a probability of 80 % are predicted right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from headstart.display.text import percent
from headstart.evaluation.metrics import Interval, proportion_interval

if TYPE_CHECKING:
    from headstart.evaluation.metrics import Counts, Floats
    from headstart.evaluation.outcomes import Outcomes

_MOST_BINS = 15
_IN_BIN = 10
# Enough for the 95th percentile; of many images fewer, which differ less.
_DRAWS, _MOST_DRAWN = 200, 2_000_000


@dataclass(frozen=True, slots=True)
class Bin:
    """Images whose best probabilities are much alike.

    Attributes
    ----------
    n : int
        How many there are.
    confidence : float
        The mean of their best probabilities.
    accuracy : float
        The share of them that is predicted right.
    interval : Interval
        Its 95 % interval.
    """

    n: int
    confidence: float
    accuracy: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class Calibration:
    """How well the best probability of an image says how often the prediction is right.

    Attributes
    ----------
    error : float
        The expected calibration error: the mean over all images of the difference between the
        confidence and the accuracy of their bin (Naeini et al. 2015; bins of equal numbers of
        images, as Nixon et al. 2019 advise, arXiv:1904.01685).
    by_chance : float
        The error that a perfectly calibrated model with these probabilities stays below in 95 of
        100 cases. It is not 0, because few images are right in few different shares.
    bins : tuple of Bin
        The least confident first.
    """

    error: float
    by_chance: float
    bins: tuple[Bin, ...]

    @classmethod
    def of(cls, outcomes: Outcomes) -> Self:
        """Compute the calibration of predictions.

        Parameters
        ----------
        outcomes : Outcomes
            Images of one group count as one where chance is concerned.
        """
        confidence = outcomes.probabilities.max(axis=1).astype(np.float64)
        order = np.argsort(confidence, kind="stable")
        n_bins = min(_MOST_BINS, max(1, len(order) // _IN_BIN))
        starts = np.linspace(0, len(order), n_bins, endpoint=False).astype(np.int64)
        sorted_confidence, right = confidence[order], outcomes.right[order]
        sizes = np.diff([*starts, len(order)])
        sums = np.add.reduceat(sorted_confidence, starts)
        n_right = np.add.reduceat(right.astype(np.int64), starts)
        groups = None if outcomes.groups is None else outcomes.groups[order]
        bins = zip(sizes.tolist(), sums.tolist(), n_right.tolist(), strict=True)
        return cls(
            error=float(np.abs(sums - n_right).sum() / len(order)),
            by_chance=_by_chance(sorted_confidence, groups, starts),
            bins=tuple(
                Bin(size, total / size, hits / size, proportion_interval(hits, size))
                for size, total, hits in bins
            ),
        )

    @property
    def is_good(self) -> bool:
        """Whether chance alone explains the error."""
        return self.error <= self.by_chance

    @property
    def meaning(self) -> str:
        """What the error says, in words."""
        return f"confidence against accuracy; up to {percent(self.by_chance)} is chance"


def _by_chance(confidence: Floats, groups: Counts | None, starts: Counts) -> float:
    """Draw what is right with the given probabilities, and return the 95th percentile of errors."""
    random = np.random.default_rng(0)
    n = len(confidence)
    _, places = np.unique(np.arange(n) if groups is None else groups, return_inverse=True)
    draws = max(1, min(_DRAWS, _MOST_DRAWN // n))
    errors = []
    for _ in range(draws):
        right = random.random(places.max() + 1)[places] < confidence
        errors.append(np.abs(np.add.reduceat(confidence - right, starts)).sum() / n)
    return float(np.quantile(errors, 0.95))
