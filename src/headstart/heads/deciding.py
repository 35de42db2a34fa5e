"""Fit the decision rule of a model to images that heads were not trained on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from headstart.data.splits import ALWAYS_TRAINS, stratified_folds, stratified_sample
from headstart.heads.dense import DenseHead
from headstart.heads.labels import encode_labels
from headstart.heads.out_of_fold import FOLDS, OutOfFold, out_of_fold
from headstart.prediction.conformal import SCORES, conformal_threshold, fewest_images
from headstart.prediction.decision import Decision
from headstart.prediction.labels import class_array
from headstart.prediction.novelty import Novelty

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from numpy.typing import NDArray

    from headstart.heads.base import Head
    from headstart.prediction.hierarchy import Hierarchy

# More images make neither the scores nor the distances clearly more exact, but take time.
_ENOUGH = 5_000


@dataclass(frozen=True, slots=True, eq=False)
class HeldOut:
    """What the rule says of training images, fitted to those of other folds.

    Attributes
    ----------
    sets : ndarray of bool, shape (n, n_classes), or None
        Which classes are in the prediction set of each image; None without prediction sets.
    unlike : ndarray of bool, shape (n,)
        Whether each image is unlike the others.
    """

    sets: NDArray[np.bool_] | None
    unlike: NDArray[np.bool_]

    @property
    def unsure(self) -> NDArray[np.bool_]:
        """Of which images the model is unsure: bool, shape (n,)."""
        return self.unlike if self.sets is None else self.unlike | (self.sets.sum(axis=1) > 1)


@dataclass(frozen=True, slots=True, eq=False)
class FittedRule:
    """The decision rule of a model, and what it was fitted to.

    Attributes
    ----------
    decision : Decision
    out_of_fold : OutOfFold or None
        The cross-validated probabilities of the training images; None for a dense head.
    held_out : HeldOut or None
        What the rule says of these.
    lacks : str
        What the rule can't do, and why; empty if it can do everything.
    """

    decision: Decision
    out_of_fold: OutOfFold | None
    held_out: HeldOut | None
    lacks: str


def fit_rule(
    head: Head,
    features: NDArray[np.float32],
    labels: Sequence[Any],
    *,
    groups: NDArray[np.int64] | None = None,
    error_target: float,
    hierarchy: Hierarchy | None = None,
    seed: int = 0,
) -> FittedRule:
    """Fit the decision rule of a model by cross-validation.

    Of more than 5,000 images, a sample is cross-validated. A dense head, which takes long to
    train, is not cross-validated: its rule knows unlike images, but has no prediction sets.

    Parameters
    ----------
    head : Head
        Its settings are used; it stays as it is.
    features : ndarray of float32, shape (n, d)
        Of the training images.
    labels : sequence of hashable, length n
        Their classes.
    groups : ndarray of int64, shape (n,), optional
        Images of a group are held out together.
    error_target : float
        How often prediction sets may lack the true class.
    hierarchy : Hierarchy, optional
        The parents of the classes.
    seed : int
        Of the folds and the samples.
    """
    if isinstance(head, DenseHead):
        _, codes = encode_labels(class_array(labels))
        fold = stratified_folds(codes, FOLDS, seed, groups)
        novelty = Novelty.fit(features, codes, fold, seed)
        decision = Decision(error_target, dict.fromkeys(SCORES, np.empty(0)), novelty, hierarchy)
        why = "a dense head is not cross-validated, because it takes long to train"
        return FittedRule(decision, None, None, f"The model gives no prediction sets: {why}.")
    found = _cross_validated(head, features, labels, groups, seed)
    decision = fit_decision(found, features, error_target, hierarchy, seed)
    lacks = ""
    if decision.n_images < (needed := fewest_images(error_target)):
        lacks = (
            f"The model gives no prediction sets: an error target of {error_target:g} takes at "
            f"least {needed:,} images that can be held out in training. Received: "
            f"{decision.n_images:,}."
        )
    return FittedRule(decision, found, judge_held_out(found, features, decision), lacks)


def _cross_validated(
    head: Head,
    features: NDArray[np.float32],
    labels: Sequence[Any],
    groups: NDArray[np.int64] | None,
    seed: int,
) -> OutOfFold:
    if len(labels) <= _ENOUGH:
        return out_of_fold(head, features, labels, groups=groups, seed=seed)
    _, codes = encode_labels(class_array(labels))
    rows = stratified_sample(codes, _ENOUGH, seed)
    some = out_of_fold(
        head,
        features[rows],
        [labels[row] for row in rows.tolist()],
        groups=None if groups is None else groups[rows],
        seed=seed,
    )
    return _spread(some, rows, labels)


def _spread(some: OutOfFold, rows: NDArray[np.int64], labels: Sequence[Any]) -> OutOfFold:
    """Return the probabilities of some rows as those of all, the others being in no fold."""
    found = out_of_training(some.probabilities, rows, labels, some.classes)
    found.fold[rows] = some.fold
    return found


def out_of_training(
    probabilities: NDArray[np.float32],
    rows: NDArray[np.int64],
    labels: Sequence[Any],
    classes: NDArray[Any],
) -> OutOfFold:
    """Return the probabilities of a validation set beside the images that were trained on.

    Parameters
    ----------
    probabilities : ndarray of float32, shape (m, n_classes)
        Of the validation set.
    rows : ndarray of int64, shape (m,)
        The places of its images among all.
    labels : sequence of hashable, length n
        Of all images.
    classes : ndarray, shape (n_classes,)
        The labels, in the order of the probabilities' columns.

    Returns
    -------
    OutOfFold
        The validation set is the only fold.
    """
    place = {label: code for code, label in enumerate(classes.tolist())}
    all_probabilities = np.full((len(labels), len(place)), np.nan, np.float32)
    fold = np.full(len(labels), ALWAYS_TRAINS, np.int64)
    all_probabilities[rows], fold[rows] = probabilities, 0
    codes = np.array([place[label] for label in labels], np.int64)
    return OutOfFold(all_probabilities, fold, codes, classes)


def fit_decision(
    found: OutOfFold,
    features: NDArray[np.float32],
    error_target: float,
    hierarchy: Hierarchy | None = None,
    seed: int = 0,
) -> Decision:
    """Fit the rule of a model.

    Parameters
    ----------
    found : OutOfFold
        The cross-validated probabilities of its training images.
    features : ndarray of float32, shape (n, d)
        Of the same images.
    error_target : float
        How often prediction sets may lack the true class.
    hierarchy : Hierarchy, optional
        The parents of the classes.
    seed : int
        Of the sample of examples.
    """
    scores = {
        method: np.sort(true_scores(found, of_all(found.probabilities[found.tested])))
        for method, of_all in SCORES.items()
    }
    novelty = Novelty.fit(features, found.codes, found.fold, seed)
    return Decision(error_target, scores, novelty, hierarchy)


def true_scores(found: OutOfFold, scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the score of the true class of each tested image (m,) of `scores` (m, n_classes)."""
    return scores[np.arange(len(scores)), found.codes[found.tested]]


def judge_held_out(found: OutOfFold, features: NDArray[np.float32], decision: Decision) -> HeldOut:
    """Judge the tested images by rules that are fitted to the other folds, as new images would be.

    Parameters
    ----------
    found : OutOfFold
    features : ndarray of float32, shape (n, d)
    decision : Decision
        As `fit_decision` returned it.
    """
    tested = found.tested
    fold = found.fold[tested]
    return HeldOut(
        sets=_held_out_sets(found, fold, decision.error_target),
        unlike=_held_out_unlike(features, found.fold, tested, decision.novelty),
    )


def _held_out_sets(
    found: OutOfFold, fold: NDArray[np.int64], error: float
) -> NDArray[np.bool_] | None:
    probabilities = found.probabilities[found.tested]
    all_scores = SCORES["lac"](probabilities)
    own = true_scores(found, all_scores)
    sets = np.zeros(all_scores.shape, bool)
    for number in np.unique(fold):
        here = fold == number
        if (~here).sum() < fewest_images(error):
            return None
        sets[here] = all_scores[here] <= conformal_threshold(np.sort(own[~here]), error)
    sets[np.arange(len(sets)), probabilities.argmax(axis=1)] = True
    return sets


def _held_out_unlike(
    features: NDArray[np.float32],
    fold: NDArray[np.int64],
    tested: NDArray[np.int64],
    novelty: Novelty | None,
) -> NDArray[np.bool_]:
    unlike = np.zeros(len(tested), bool)
    if novelty is None:
        return unlike
    for number in np.unique(fold[tested]):
        here = fold[tested] == number
        others = np.flatnonzero(fold != number)
        fitted = Novelty.fit(features[others], np.zeros(len(others), np.int64), fold[others])
        if fitted is not None:
            unlike[here] = fitted.distances(features[tested[here]]) > fitted.threshold
    return unlike
