"""Logistic regression with a penalty that is found by cross-validation."""

import math
from collections.abc import Hashable, Iterator, Mapping
from typing import Annotated, Any, Literal

import numpy as np

from headstart.arguments import Between, Seed
from headstart.data.labels import listed
from headstart.data.splits import ALWAYS_TRAINS, stratified_folds, stratified_sample
from headstart.errors import UsageError
from headstart.heads.base import AffineHead, Array, ClassWeight, Codes, class_weights
from headstart.heads.coordinates import principal_coordinates
from headstart.heads.multinomial import LogisticProblem
from headstart.heads.temperature import sample_losses, smoothed_sharpness
from headstart.heads.threads import suitable_threads
from headstart.prediction.scoring import AffineSoftmax

# Half decades of C for standardised features, strongest penalty first.
_STRENGTHS = tuple(float(strength) for strength in 10.0 ** np.arange(-6, 2.5, 0.5))
# The strength where no class has two samples to validate with.
_UNTRIED = 1e-2
# C is the variance that weights are expected to have. It does not depend on the number of samples,
# so with more than this many a sample of them is enough to choose it.
_ENOUGH_TO_CHOOSE = 10_000
_FOLDS = 5
_ROUGH, _FINE = 1e-3, 1e-4


class LogisticHead(AffineHead):
    """Multinomial logistic regression on standardised features, with an L2 penalty.

    With few samples, the chosen penalty may leave the probabilities too sure or too unsure. So the
    logits are multiplied by a factor that is fitted to the predictions for held-out samples.

    Parameters
    ----------
    C : float or "auto", default="auto"
        The strength of the fit against the penalty, on standardised features. "auto" tries
        steps of half a power of ten and takes the one with the lowest cross-validated log loss.
    folds : int, default=5
        The number of stratified folds of that cross-validation. If a class has only
        one sample, this sample is in every training set.
    class_weight : "balanced", dict or None, default="balanced"
        The weight of each class. "balanced" gives every class the same weight, None every sample.
    random_state : int or None, default=0
        The seed of the folds. With None, each `fit` has another.
    start : mapping of label to ndarray of float, shape (n_features,), optional
        Weights that each class begins with, such as its text (`headstart.text_start`): the penalty
        is on what the samples add to them. With few samples the result is near these weights, with
        many near that without a start.

    Attributes
    ----------
    C_ : float
        The strength that was used.
    losses_ : dict of float to float
        The cross-validated log loss of each strength that was tried; empty if C was given.
    sharpness_ : float
        The factor of the logits, the inverse of the temperature; 1 if C was given.
    """

    C_: float
    losses_: dict[float, float]
    sharpness_: float

    def __init__(
        self,
        C: float | Literal["auto"] = "auto",
        *,
        folds: Annotated[int, Between(2, 2**31)] = 5,
        class_weight: ClassWeight = "balanced",
        random_state: Seed | None = 0,
        start: Mapping[Hashable, Any] | None = None,
    ) -> None:
        self.C = C
        self.folds = folds
        self.class_weight = class_weight
        self.random_state = random_state
        self.start = start

    def _learn(
        self, features: Array, codes: Codes, class_weights: Array, groups: Codes | None
    ) -> AffineSoftmax:
        weights = class_weights[codes]
        coordinates = principal_coordinates(features, weights)
        start = self._start(features)
        offset = None if start is None else features @ start
        problem = LogisticProblem(coordinates, codes, len(class_weights), offset)
        with suitable_threads(coordinates.values.size * len(class_weights)):
            self.C_ = self._strength(problem, features, codes, weights, groups, offset)
            found = problem.solve(weights[:, None], self.C_, problem.zeros(), _FINE)[0]
        slopes, bias = coordinates.to_features(found[:-1], found[-1])
        sharpness = np.asarray(self.sharpness_, slopes.dtype)
        return AffineSoftmax(
            sharpness * (slopes if start is None else slopes + start), sharpness * bias
        )

    def _start(self, features: Array) -> Array | None:
        """Return the weights (d, k) that the classes begin with, in the type of the features."""
        if self.start is None:
            return None
        labels, n_features = self.classes_.tolist(), features.shape[1]
        lacking = [label for label in labels if label not in self.start]
        if lacking:
            raise UsageError(f"start must have every class. Received: none for {listed(lacking)}.")
        columns = [np.asarray(self.start[label], features.dtype) for label in labels]
        wrong = [each.shape for each in columns if each.shape != (n_features,)]
        if wrong or not np.isfinite(columns).all():
            raise UsageError(
                f"start must have {n_features} finite numbers for each class, as many as there are "
                f"features. Received: {wrong[0] if wrong else 'NaN or infinity'}."
            )
        return np.stack(columns, axis=1)

    def _strength(
        self,
        problem: LogisticProblem,
        features: Array,
        codes: Codes,
        weights: Array,
        groups: Codes | None,
        offset: Array | None,
    ) -> float:
        self.sharpness_ = 1.0
        if self.C != "auto":
            self.losses_ = {}
            return _positive(self.C)
        if len(codes) > _ENOUGH_TO_CHOOSE:
            rows = stratified_sample(codes, _ENOUGH_TO_CHOOSE, self.random_state)
            n_classes = codes.max() + 1
            codes, weights = codes[rows], weights[rows]
            groups = None if groups is None else groups[rows]
            coordinates = principal_coordinates(features[rows], weights)
            offset = None if offset is None else offset[rows]
            problem = LogisticProblem(coordinates, codes, n_classes, offset)
        folds = stratified_folds(codes, _at_least_two(self.folds), self.random_state, groups)
        tested = folds != ALWAYS_TRAINS
        # Where nothing can be tried, a start is better than what a sample a class says.
        self.losses_, best = {}, _UNTRIED if offset is None else _STRENGTHS[0]
        for strength, logits, losses in validation_path(problem, codes, weights, folds):
            self.losses_[strength] = float(np.average(losses, weights=weights[tested]))
            if self.losses_[strength] == min(self.losses_.values()):
                best, held_out = strength, logits
        if self.losses_:
            self.sharpness_ = smoothed_sharpness(held_out, codes[tested], weights[tested])
        return best


def validation_path(
    problem: LogisticProblem, codes: Codes, weights: Array, folds: Codes
) -> Iterator[tuple[float, Array, Array]]:
    """Yield rising strengths with logits and loss of each held-out sample.

    They end where the mean of the losses clearly rises. Each solution is the start of the next, so
    the whole path costs little more than one fit.
    """
    tested = np.flatnonzero(folds != ALWAYS_TRAINS)
    if not len(tested):
        return
    training = folds[:, None] != np.unique(folds[tested])
    solutions = problem.zeros(training.shape[1])
    means: list[float] = []
    for strength in _STRENGTHS:
        solutions = problem.solve(weights[:, None] * training, strength, solutions, _ROUGH)
        logits = problem.logits(solutions)[tested, training[tested].argmin(axis=1)]
        losses = sample_losses(logits, codes[tested])
        yield strength, logits, losses
        means.append(float(np.average(losses, weights=weights[tested])))
        if _rising(means):
            return


def cross_validated_losses(
    features: Array, codes: Codes, seed: int, groups: Codes | None = None
) -> tuple[Array, Codes]:
    """Return the loss of each sample under a head that was trained on others, as a logistic head.

    Parameters
    ----------
    features : ndarray of float, shape (n, d)
    codes : ndarray of int64, shape (n,)
        The class of each sample, at least two of each class.
    seed : int
        The seed of the folds.
    groups : ndarray of int64, shape (n,), optional
        Samples of a group are in the same fold.

    Returns
    -------
    losses : ndarray of float64, shape (n_tested,)
        Minus the logarithm of the probability of the sample's own class, for the strength whose
        mean over the classes is lowest.
    tested : ndarray of int64, shape (n_tested,)
        The samples: all but those of classes whose samples are in one group.
    """
    classes = np.arange(codes.max() + 1)
    weights = class_weights("balanced", classes, codes)[codes]
    coordinates = principal_coordinates(features, weights)
    problem = LogisticProblem(coordinates, codes, len(classes))
    folds = stratified_folds(codes, _FOLDS, seed, groups)
    tested = np.flatnonzero(folds != ALWAYS_TRAINS)
    with suitable_threads(coordinates.values.size * len(classes)):
        tried = [losses for *_, losses in validation_path(problem, codes, weights, folds)]
    best = min(
        tried,
        key=lambda losses: float(np.average(losses, weights=weights[tested])),
        default=np.zeros(0),
    )
    return best, tested


def _rising(losses: list[float]) -> bool:
    return len(losses) > 2 and losses[-1] > losses[-2] > losses[-3]


def _positive(strength: float | str) -> float:
    if isinstance(strength, str) or not (strength > 0 and math.isfinite(strength)):
        raise UsageError(f"C must be 'auto' or a number above 0. Received: {strength!r}.")
    return float(strength)


def _at_least_two(folds: int) -> int:
    if folds < 2:
        raise UsageError(f"folds must be at least 2. Received: {folds}.")
    return folds
