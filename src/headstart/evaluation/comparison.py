"""Whether one model is better than another: both on the same images, compared in pairs.

Two accuracies with overlapping intervals may differ clearly all the same, because both models find
the same images easy. What tells is the images that only one of them predicts right.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from headstart import records
from headstart.display.displayed import Displayed
from headstart.display.table import Table
from headstart.display.text import counted, percent
from headstart.errors import UsageError
from headstart.evaluation.design_effect import design_effect
from headstart.evaluation.metrics import Interval

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from headstart.evaluation.metrics import Counts
    from headstart.evaluation.outcomes import Outcomes

AT_MOST_LINES = 10
_Z = 1.959964
# Above so many images that only one model predicts right, the test's normal limit is as good.
_EXACT_UP_TO = 5000


@dataclass(frozen=True, slots=True)
class Disagreement:
    """An image that only one of two models predicts right.

    Attributes
    ----------
    path : str
    true, predicted, other_predicted : str
        Its true class, and what both models predict.
    """

    path: str
    true: str
    predicted: str
    other_predicted: str


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Comparison(Displayed):
    """How much more accurate one model is than another on the same images.

    Attributes
    ----------
    n : int
        Number of images.
    accuracy, other_accuracy : float
    difference : float
        ``accuracy - other_accuracy``.
    interval : Interval
        The 95 % interval of the difference, paired by image (Bonett and Price). Where images form
        groups, it counts groups.
    p_value : float
        How often a difference of this size or larger comes by chance if both are equally good:
        McNemar's exact test. Where images form groups, the signs of whole groups are exchanged.
    only_this, only_other : int
        How many images only this model, and only the other one, predicts right.
    disagreements : tuple of Disagreement
        These images, those that only the other model predicts right first.
    n_groups : int or None
        The number of groups of images that are not independent; None where images form none.
    learnt_from, other_learnt_from : int or None
        From how many of the images this model and the other one have learnt, which makes the
        comparison unfair; None where that is not known.
    without : Comparison or None
        The comparison on images that neither has learnt from; None if these are all, or none.

    References
    ----------
    McNemar (1947), Note on the sampling error of the difference between correlated proportions.
    Bonett, Price (2012), Adjusted Wald confidence interval for a difference of binomial proportions
    based on paired data. Fagerland, Lydersen, Laake (2014), Recommended tests and confidence
    intervals for paired binomial proportions.
    """

    n: int
    accuracy: float
    other_accuracy: float
    difference: float
    interval: Interval
    p_value: float
    only_this: int
    only_other: int
    disagreements: tuple[Disagreement, ...]
    n_groups: int | None
    learnt_from: int | None = None
    other_learnt_from: int | None = None
    without: Comparison | None = None

    @property
    def verdict(self) -> str:
        """Say which one is better, or that it can't be told."""
        chance = f"p = {self.p_value:.3f}" if self.p_value >= 0.001 else "p < 0.001"
        test = f"McNemar's test: {chance}"
        if self.p_value >= 0.05:
            return f"These images don't tell which one is better ({test})."
        better = "This model" if self.difference > 0 else "The other model"
        return f"{better} is better ({test})."

    def display_parts(self) -> Iterator[str | Table]:
        """Yield the parts of the report."""
        yield self._figures
        yield self._warning
        if self.without is not None:
            yield self.without._figures  # noqa: SLF001 - of the same class
        shown = self.disagreements[:AT_MOST_LINES]
        left_out = len(self.disagreements) - len(shown)
        yield Table(
            title="Images that only one of both predicts right",
            headings=("true class", "predicted", "by the other model", "image"),
            rows=[(each.true, each.predicted, each.other_predicted, each.path) for each in shown],
            notes=[f"... and {left_out:,} more; --json gives all of them"] if left_out else (),
            ends_in_paths=True,
        )

    @property
    def _figures(self) -> str:
        low, high = (100 * end for end in self.interval)
        return (
            f"Compared on the same {counted(self.n, 'image')}: {percent(self.accuracy)} against "
            f"{percent(self.other_accuracy)}, a difference of {100 * self.difference:+.1f} "
            f"percentage points\n(95 % interval {low:+.1f} to {high:+.1f}). Only this model is "
            f"right for {self.only_this:,}, only the other one for {self.only_other:,}.\n"
            f"{self.verdict}"
        )

    @property
    def _warning(self) -> str:
        counts = (self.learnt_from, self.other_learnt_from)
        if not any(counts):
            return ""
        this, other = ("an unknown number" if n is None else f"{n:,}" for n in counts)
        left = "Compare on others." if self.without is None else "Without them:"
        return (
            f"That is no fair comparison: this model has learnt from {this} of these images, the "
            f"other one\nfrom {other}. {left}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return everything in JSON's types."""
        return records.to_json(self)


def compare(
    this: Outcomes, classes: Sequence[str], other: Outcomes, other_classes: Sequence[str]
) -> Comparison:
    """Compare two models by what they gave for the same images.

    Parameters
    ----------
    this, other : Outcomes
        Of the same images, in any order.
    classes, other_classes : sequence of str
        The names of the classes, in the order of the probabilities.

    Raises
    ------
    UsageError
        If the images or their labels are not the same.
    """
    other = other.chosen(_places(this.names, other.names))
    truth = [classes[label] for label in this.truth]
    predicted = [classes[label] for label in this.predicted]
    other_predicted = [other_classes[label] for label in other.predicted]
    _check_labels(this.names, truth, [other_classes[label] for label in other.truth])
    gained = this.right.astype(np.int64) - other.right
    groups = other.groups if this.groups is None else this.groups
    rest, without = ~(_learnt_from(this) | _learnt_from(other)), None
    if rest.any() and not rest.all():
        without = compare(this.chosen(rest), classes, other.chosen(rest), other_classes)
    order = sorted(np.flatnonzero(gained).tolist(), key=lambda place: gained[place])
    return Comparison(
        n=len(gained),
        accuracy=float(this.right.mean()),
        other_accuracy=float(other.right.mean()),
        difference=float(gained.mean()),
        interval=paired_interval(gained, groups),
        p_value=exchange_test(gained, groups),
        only_this=int((gained > 0).sum()),
        only_other=int((gained < 0).sum()),
        disagreements=tuple(
            Disagreement(this.names[place], truth[place], predicted[place], other_predicted[place])
            for place in order
        ),
        n_groups=None if groups is None else len(np.unique(groups)),
        learnt_from=this.n_learnt_from,
        other_learnt_from=other.n_learnt_from,
        without=without,
    )


def _learnt_from(outcomes: Outcomes) -> npt.NDArray[np.bool_]:
    """Return from which images a model is known to have learnt."""
    if outcomes.learnt_from is None:
        return np.zeros(len(outcomes.names), bool)
    return outcomes.learnt_from


def paired_interval(gained: npt.ArrayLike, groups: npt.ArrayLike | None = None) -> Interval:
    """Return the 95 % interval of a mean of gains and losses (Bonett and Price).

    Parameters
    ----------
    gained : array_like of int, shape (n,)
        1 for an image that only the first model predicts right, -1 for one that only the second
        predicts right, 0 for all others.
    groups : array_like of int, shape (n,), optional
        Images with the same number are not independent.
    """
    each = np.asarray(gained)
    effect = 1.0 if groups is None else design_effect(each, groups)
    n = len(each) / effect + 2
    won, lost = ((sign * each > 0).sum() / effect + 1 for sign in (1, -1))
    middle = (won - lost) / n
    reach = _Z * math.sqrt(((won + lost) / n - middle**2) / n)
    return Interval(max(-1.0, middle - reach), min(1.0, middle + reach))


def exchange_test(gained: npt.ArrayLike, groups: npt.ArrayLike | None = None) -> float:
    """Return how often chance makes the gains differ from 0 by as much as they do, or by more.

    If both models are equally good, gains and losses could as well be exchanged. Without groups
    this is McNemar's exact test; with groups, all images of a group are exchanged together.

    Parameters
    ----------
    gained, groups
        As in `paired_interval`.

    Returns
    -------
    float
        In (0, 1], from both sides; 1 if nothing was gained or lost.
    """
    each = np.asarray(gained, np.int64)
    steps = np.abs(each if groups is None else _group_sums(each, np.asarray(groups)))
    observed, largest = abs(int(each.sum())), int(steps.sum())
    if largest > _EXACT_UP_TO:
        return math.erfc(observed / math.sqrt(2 * float((steps**2).sum())))
    chance = np.zeros(2 * largest + 1)
    chance[largest] = 1
    for step in steps[steps > 0]:
        chance = (np.roll(chance, step) + np.roll(chance, -step)) / 2
    far = np.abs(np.arange(-largest, largest + 1)) >= observed
    return min(1.0, float(chance[far].sum()))


def _group_sums(values: Counts, groups: Counts) -> Counts:
    _, group = np.unique(groups, return_inverse=True)
    return np.rint(np.bincount(group, values)).astype(np.int64)


def _places(names: Sequence[str], others: Sequence[str]) -> Counts:
    """Return where in `others` each of `names` is."""
    if names == others:
        return np.arange(len(names))
    place = {name: number for number, name in enumerate(others)}
    if len(place) != len(others) or len(set(names)) != len(names) or place.keys() != set(names):
        only = [name for name in names if name not in place] or [*place.keys() - set(names)]
        raise UsageError(
            "Two evaluations are compared where they are of the same images, each with a name of "
            f"its own. Received: {counted(len(names), 'image')} and {len(others):,}"
            f"{f'; {only[0]} is in one of them only' if only else ''}. Evaluate both models on "
            "the same dataset."
        )
    return np.array([place[name] for name in names], np.int64)


def _check_labels(names: Sequence[str], truth: Sequence[str], others: Sequence[str]) -> None:
    pairs = zip(names, truth, others, strict=True)
    differing = next((pair for pair in pairs if pair[1] != pair[2]), None)
    if differing is not None:
        name, label, other = differing
        raise UsageError(
            "Two evaluations are compared where each image has the same label in both. Received: "
            f"{name} with the labels {label!r} and {other!r}."
        )
