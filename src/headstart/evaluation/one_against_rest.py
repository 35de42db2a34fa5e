"""One class against the rest at every threshold: ROC and precision-recall, and operating points.

The most probable class is one choice among many. Who must miss no tumour names an image a tumour at
a lower probability already, and accepts false alarms; this is where a threshold comes from.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from headstart import records
from headstart.data.splits import stratified_folds
from headstart.display.displayed import Displayed
from headstart.display.table import Table
from headstart.display.text import percent
from headstart.errors import UsageError
from headstart.evaluation.design_effect import CROSS_VALIDATED, design_effect
from headstart.evaluation.metrics import Interval, proportion_interval

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from headstart.evaluation.metrics import Counts, Floats
    from headstart.evaluation.outcomes import Outcomes

    Bools = npt.NDArray[np.bool_]

FOLDS = 5
_Z = 1.959964
_AT_MOST_ROWS = 20


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """What happens at every threshold, from the highest to the lowest.

    An image is taken for the class if its probability is the threshold or more. Images with the
    same probability share a threshold, so that their order doesn't matter.

    Attributes
    ----------
    thresholds : float64 array, shape (t,)
        The distinct probabilities, falling.
    found, false_alarms : int64 arrays, shape (t,)
        Number of images of the class, and of others, that are taken for the class.
    n, n_others : int
        Number of images of the class, and of others.
    """

    thresholds: Floats
    found: Counts
    false_alarms: Counts
    n: int
    n_others: int

    @classmethod
    def of(cls, positive: Bools, probabilities: npt.ArrayLike) -> Curve:
        """Return the curve of images (n,), of which `positive` are of the class."""
        scores = np.asarray(probabilities, float)
        order = np.argsort(-scores, kind="stable")
        falling = scores[order]
        last = np.flatnonzero(np.diff(falling, append=-math.inf))
        found = np.cumsum(positive[order], dtype=np.int64)[last]
        n = int(positive.sum())
        return cls(falling[last], found, last + 1 - found, n, len(scores) - n)

    @property
    def recall(self) -> Floats:
        """The share of the class that is found."""
        return self.found / max(self.n, 1)

    @property
    def false_positive_rate(self) -> Floats:
        """The share of the others that is taken for the class."""
        return self.false_alarms / max(self.n_others, 1)

    @property
    def precision(self) -> Floats:
        """The share of what is taken for the class that belongs to it."""
        return self.found / (self.found + self.false_alarms)

    def average_precision(self) -> float:
        """Return the mean precision over the images of the class; NaN if there are none."""
        if not self.n:
            return math.nan
        return float(np.diff(self.found, prepend=0) @ self.precision / self.n)

    def threshold(self, goal: str, at_least: float) -> float | None:
        """Return the threshold that reaches the goal at the least cost; None if none does.

        Of recall it is the highest: fewer false alarms. Of precision it is the lowest: more found.
        """
        reached = np.flatnonzero(getattr(self, goal) >= at_least - 1e-12)
        if not self.n or not len(reached):
            return None
        return float(self.thresholds[reached[0 if goal == "recall" else -1]])


def area_under_roc(
    positive: Bools, probabilities: npt.ArrayLike, groups: Counts | None = None
) -> tuple[float, Interval]:
    """Return how often an image of the class is more probable than one of another, by pairs.

    Ties count one half. The 95 % interval is DeLong's, on the scale of the logit, so that it stays
    within 0 and 1; where images form groups, it is Obuchowski's, which counts groups. At exactly 0
    or 1, where the variance is estimated as 0, it is the Wilson interval of the rarer of both.

    Parameters
    ----------
    positive : bool array, shape (n,)
    probabilities : array_like of float, shape (n,)
    groups : int array, shape (n,), optional

    Returns
    -------
    area : float
        NaN without images of the class, or without others.
    interval : Interval

    References
    ----------
    DeLong, DeLong, Clarke-Pearson (1988), Comparing the areas under two or more correlated receiver
    operating characteristic curves. Obuchowski (1997), Nonparametric analysis of clustered ROC
    curve data.
    """
    scores = np.asarray(probabilities, float)
    own, others = np.sort(scores[positive]), np.sort(scores[~positive])
    if not len(own) or not len(others):
        return math.nan, Interval(math.nan, math.nan)
    # For each image, the share of the other side that it is on the right side of.
    placed = np.where(positive, _share_below(others, scores), 1 - _share_below(own, scores))
    area = float(placed[positive].mean())
    if area in {0.0, 1.0}:
        rarer = min(len(own), len(others))
        return area, proportion_interval(area * rarer, rarer)
    _, group = np.unique(np.arange(len(scores)) if groups is None else groups, return_inverse=True)
    # Each image's part in the error of the area; those of a group are added before squaring.
    part = (placed - area) / np.where(positive, len(own), len(others))
    n_groups = int(group.max()) + 1
    spread = float((np.bincount(group, part) ** 2).sum()) * n_groups / max(n_groups - 1, 1)
    reach = _Z * math.sqrt(spread) / (area * (1 - area))
    middle = math.log(area / (1 - area))
    return area, Interval(*(1 / (1 + math.exp(-(middle + sign * reach))) for sign in (-1, 1)))


def _share_below(others: Floats, scores: Floats) -> Floats:
    """Return the share of sorted `others` that is below each score; ties count one half."""
    ends = (np.searchsorted(others, scores, side) for side in ("left", "right"))
    return np.add(*ends) / (2 * len(others))


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """The threshold of one class against the rest that reaches a goal, and what it costs.

    Attributes
    ----------
    label : str
        The class.
    threshold : float or None
        An image is taken for the class if its probability is this or more. None if no threshold
        reaches the goal on these images.
    n, n_others : int
        Number of images of the class and of others that count below.
    found, false_alarms : int
        Number of images of the class, and of others, that are taken for it.
    recall, precision : float or None
        With their 95 % intervals. Each image was judged by a threshold that was chosen on others,
        so they may miss the goal: this is what new images will show. None without evidence.
    recall_interval, precision_interval : Interval or None
    """

    label: str
    threshold: float | None
    n: int
    n_others: int
    found: int
    false_alarms: int
    recall: float | None
    recall_interval: Interval | None
    precision: float | None
    precision_interval: Interval | None


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class OperatingPoints(Displayed):
    """The thresholds of all classes that reach a goal, each class against the rest.

    Attributes
    ----------
    goal : {"recall", "precision"}
    at_least : float
        What was asked for, from 0 to 1.
    points : tuple of OperatingPoint
        One for each class that has images.
    """

    goal: str
    at_least: float
    points: tuple[OperatingPoint, ...]

    def display_parts(self) -> Iterator[str | Table]:
        """Yield the table of the classes."""
        # Those that cost most come first.
        cost = "precision" if self.goal == "recall" else "recall"
        ordered = sorted(self.points, key=lambda point: getattr(point, cost) or 0.0)
        shown = ordered[:_AT_MOST_ROWS] if len(ordered) > _AT_MOST_ROWS else self.points
        left_out = len(self.points) - len(shown)
        yield Table(
            title=f"Thresholds for a {self.goal} of at least {percent(self.at_least)}, each class "
            "against the rest",
            headings=("class", "threshold", "recall", "precision", "false alarms"),
            align="<>>>>",
            rows=[self._row(point) for point in shown],
            notes=(
                *([f"... and {left_out:,} more classes; --json gives all of them"] if left_out
                  else []),
                "an image is taken for the class if its probability is the threshold or more",
                "recall, precision and false alarms: each image was judged by a threshold that was",
                "chosen on other images, as new images will be; in brackets: 95 % intervals",
            ),
        )  # fmt: skip

    def _row(self, point: OperatingPoint) -> tuple[str, ...]:
        if point.threshold is None:
            return point.label, "none", "-", "-", "-"
        return (
            point.label,
            f"{point.threshold:.3f}",
            _share(point.recall, point.recall_interval),
            _share(point.precision, point.precision_interval),
            f"{point.false_alarms:,} of {point.n_others:,}",
        )

    def to_dict(self) -> dict[str, Any]:
        """Return everything in JSON's types."""
        return records.to_json(self)


def check_goal(recall: float | None, precision: float | None) -> None:
    """Check what operating points are to reach; None and None asks for none.

    Raises
    ------
    UsageError
        If both are given, or one is not more than 0 and at most 1.
    """
    given = [share for share in (recall, precision) if share is not None]
    if len(given) > 1 or not all(0 < share <= 1 for share in given):
        raise UsageError(
            "An operating point is set by a recall or by a precision of more than 0 and at most "
            f"1, one of both. Received: recall {recall}, precision {precision}."
        )


def operating_points(
    outcomes: Outcomes, classes: Sequence[str], goal: str, at_least: float
) -> OperatingPoints:
    """Return the threshold of each class that reaches a goal, and what it costs.

    Parameters
    ----------
    outcomes : Outcomes
    classes : sequence of str
    goal : {"recall", "precision"}
    at_least : float
        The share to reach, more than 0 and at most 1.

    """
    present = np.unique(outcomes.truth)
    return OperatingPoints(
        goal,
        float(at_least),
        tuple(_point(outcomes, int(label), classes[label], goal, at_least) for label in present),
    )


def _point(outcomes: Outcomes, label: int, name: str, goal: str, at_least: float) -> OperatingPoint:
    positive = outcomes.truth == label
    scores = outcomes.probabilities[:, label].astype(float)
    threshold = Curve.of(positive, scores).threshold(goal, at_least)
    fold = stratified_folds(positive.astype(np.int64), FOLDS, 0, outcomes.groups)
    taken, judged = np.zeros(len(scores), bool), np.zeros(len(scores), bool)
    for number in range(FOLDS):
        here = fold == number
        chosen = Curve.of(positive[~here], scores[~here]).threshold(goal, at_least)
        if chosen is not None:
            judged |= here
            taken |= here & (scores >= chosen)
    return OperatingPoint(
        name,
        threshold,
        int((positive & judged).sum()),
        int((~positive & judged).sum()),
        int((positive & taken).sum()),
        int((~positive & taken).sum()),
        *_proportion(taken, positive & judged, outcomes),
        *_proportion(positive, taken, outcomes),
    )


def _proportion(
    successes: Bools, among: Bools, outcomes: Outcomes
) -> tuple[float, Interval] | tuple[None, None]:
    n = int(among.sum())
    if not n:
        return None, None
    right = successes[among]
    effect = CROSS_VALIDATED if outcomes.folds else 1.0
    if outcomes.groups is not None:
        effect *= design_effect(right, outcomes.groups[among])
    return float(right.mean()), proportion_interval(right.sum() / effect, n / effect)


def _share(value: float | None, interval: Interval | None) -> str:
    if value is None or interval is None:
        return "-"
    return f"{percent(value)} ({100 * interval.low:.1f} to {100 * interval.high:.1f})"
