"""k nearest neighbours: the training samples themselves decide."""

from typing import Literal

import numpy as np

from headstart.arguments import Seed
from headstart.data.splits import stratified_sample
from headstart.errors import UsageError
from headstart.heads.base import Array, ClassWeight, Codes, Head
from headstart.heads.temperature import best_sharpness
from headstart.prediction.scoring import NeighbourVotes, log_shares, nearest, unit

_NUMBERS = (1, 3, 5, 7, 9, 13, 17, 23, 31)
# The number of neighbours is chosen on the predictions for at most this many samples.
_ENOUGH_TO_CHOOSE = 2_000


class NeighboursHead(Head):
    """Votes of the nearest training samples, by the angle at the mean of all samples.

    Parameters
    ----------
    n_neighbors : int or "auto", default="auto"
        How many samples vote. "auto" takes the number for which the votes of the other samples
        predict each training sample with the lowest log loss.
    class_weight : "balanced", dict or None, default="balanced"
        The weight of a vote for each class. "balanced" gives every class the same weight, so a
        vote for a class with few samples has more; None gives every vote the same weight.
    random_state : int or None, default=0
        The seed of the sample that "auto" is chosen on, if there are more than 2,000 samples.
        With None, each `fit` has another.

    Attributes
    ----------
    n_neighbors_ : int
        The number that was used.
    """

    n_neighbors_: int
    scorer_: NeighbourVotes

    def __init__(
        self,
        n_neighbors: int | Literal["auto"] = "auto",
        *,
        class_weight: ClassWeight = "balanced",
        random_state: Seed | None = 0,
    ) -> None:
        self.n_neighbors = n_neighbors
        self.class_weight = class_weight
        self.random_state = random_state

    def _learn(
        self, features: Array, codes: Codes, class_weights: Array, groups: Codes | None
    ) -> NeighbourVotes:
        centre = features.mean(axis=0, dtype=np.float64).astype(features.dtype)
        examples = unit(features - centre)
        votes = class_weights.astype(features.dtype)
        self.n_neighbors_, sharpness = self._choose(examples, codes, votes, groups)
        return NeighbourVotes(centre, examples, codes, votes, sharpness, self.n_neighbors_)

    def _choose(
        self, examples: Array, codes: Codes, votes: Array, groups: Codes | None
    ) -> tuple[int, float]:
        groups = np.arange(len(codes)) if groups is None else groups
        numbers = self._numbers(len(codes), int(np.bincount(groups).max()))
        tested = stratified_sample(codes, _ENOUGH_TO_CHOOSE, self.random_state)
        others = codes[_others(examples, tested, min(numbers[-1], len(codes) - 1), groups)]
        truth = codes[tested]

        def trial(number: int) -> tuple[float, int, float]:
            shares = log_shares(others[:, :number], votes)
            sharpness, loss = best_sharpness(shares, truth, votes[truth])
            return loss, number, sharpness

        _, number, sharpness = min(trial(number) for number in numbers)
        return number, sharpness

    def _numbers(self, n_samples: int, largest_group: int) -> list[int]:
        if self.n_neighbors == "auto":
            most = max(1, n_samples - largest_group)
            return [number for number in _NUMBERS if number <= most]
        return [_between(self.n_neighbors, n_samples)]


def _others(examples: Array, rows: Codes, count: int, groups: Codes) -> Codes:
    """Return the nearest examples of other groups for some rows, nearest first.

    The array has the shape (len(rows), count). Where there are fewer others than that, the nearest
    of the own group are last.
    """
    largest = int(np.bincount(groups).max())
    near = nearest(examples[rows], examples, min(count + largest, len(examples)))
    own = groups[near] == groups[rows][:, None]
    others_first = np.argsort(own, axis=1, kind="stable")[:, :count]
    return np.take_along_axis(near, others_first, axis=1)


def _between(number: int | str, n_samples: int) -> int:
    if isinstance(number, str) or not 1 <= number <= n_samples:
        raise UsageError(
            f"n_neighbors must be 'auto' or between 1 and the number of samples, {n_samples}. "
            f"Received: {number!r}."
        )
    return int(number)
