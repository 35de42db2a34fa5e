"""How good a model is on parts of the images, such as those of one site or one camera."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from headstart import records
from headstart.display.displayed import Displayed
from headstart.display.table import Table
from headstart.display.text import counted, percent
from headstart.evaluation import metrics
from headstart.evaluation.design_effect import CROSS_VALIDATED, design_effect
from headstart.evaluation.metrics import Interval, proportion_interval

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence

    from headstart.evaluation.outcomes import Outcomes

_AT_MOST_ROWS = 20


@dataclass(frozen=True, slots=True)
class Subgroup:
    """The figures of the images with one value.

    Attributes
    ----------
    value : str
        "" for images without a value.
    n : int
        Number of images.
    accuracy : float
    interval : Interval
        95 %; it counts groups where images form groups.
    balanced_accuracy : float
        Mean recall of the classes that have images here.
    """

    value: str
    n: int
    accuracy: float
    interval: Interval
    balanced_accuracy: float


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Subgroups(Displayed):
    """The figures of each subgroup, and whether they differ by more than chance.

    Attributes
    ----------
    by : str
        What tells the subgroups apart, such as the column of a table.
    subgroups : tuple of Subgroup
        The least accurate first.
    p_value : float or None
        How often chance alone makes the accuracies differ as much as they do, or more: Pearson's
        test, with Rao and Scott's correction where images form groups. None with one subgroup,
        or where all images are right or all are wrong.

    References
    ----------
    Rao, Scott (1981), The analysis of categorical data from complex sample surveys.
    """

    by: str
    subgroups: tuple[Subgroup, ...]
    p_value: float | None

    @property
    def verdict(self) -> str:
        """Say whether the subgroups differ."""
        if self.p_value is None:
            return f"Whether images differ by {self.by} can't be told from these."
        chance = f"p = {self.p_value:.3f}" if self.p_value >= 0.001 else "p < 0.001"
        if self.p_value >= 0.05:
            return f"By {self.by}, accuracy differs no more than by chance ({chance})."
        worst = self.subgroups[0]
        return (
            f"By {self.by}, accuracy differs by more than chance ({chance}): the lowest is "
            f"{percent(worst.accuracy)} for {worst.value or 'no value'}."
        )

    def display_parts(self) -> Iterator[str | Table]:
        """Yield the parts of the report."""
        yield self.verdict
        shown = self.subgroups[:_AT_MOST_ROWS]
        left_out = len(self.subgroups) - len(shown)
        more = f"... and {counted(left_out, 'more subgroup')}; --json gives all of them"
        yield Table(
            title=f"Accuracy by {self.by}, the lowest first",
            headings=(self.by, "images", "accuracy", "95 % interval", "balanced"),
            align="<>>>>",
            rows=[_row(each) for each in shown],
            notes=(
                *([more] if left_out else []),
                "balanced: mean recall of the classes that have images here",
            ),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return everything in JSON's types."""
        return records.to_json(self)


def subgroups(outcomes: Outcomes, n_classes: int, by: str, values: Sequence[Hashable]) -> Subgroups:
    """Return the figures of the images with each value.

    Parameters
    ----------
    outcomes : Outcomes
    n_classes : int
    by : str
        What reports call the values.
    values : sequence of hashable, length n
        One for each image; None or NaN where there is none. What has the same text is one value.
    """
    names, codes = np.unique([_text(value) for value in values], return_inverse=True)
    parts = [
        _subgroup(outcomes, n_classes, str(name), codes == number)
        for number, name in enumerate(names)
    ]
    ordered = sorted(parts, key=lambda part: (part.accuracy, -part.n))
    return Subgroups(by, tuple(ordered), _p_value(outcomes, parts))


def _text(value: Hashable) -> str:
    # Tables write NaN, which differs from itself, where there is no value.
    return "" if value is None or value != value else str(value)  # noqa: PLR0124 - NaN


def _subgroup(outcomes: Outcomes, n_classes: int, value: str, chosen: Any) -> Subgroup:
    right = outcomes.right[chosen]
    n, effect = len(right), _effect(outcomes, chosen)
    confusion = metrics.confusion_matrix(
        outcomes.truth[chosen], outcomes.predicted[chosen], n_classes
    )
    interval = proportion_interval(right.sum() / effect, n / effect)
    balanced = metrics.balanced_accuracy(confusion)
    return Subgroup(value, n, float(right.mean()), interval, balanced)


def _effect(outcomes: Outcomes, chosen: Any) -> float:
    effect = CROSS_VALIDATED if outcomes.folds else 1.0
    if outcomes.groups is not None:
        effect *= design_effect(outcomes.right[chosen], outcomes.groups[chosen])
    return effect


def _p_value(outcomes: Outcomes, parts: Sequence[Subgroup]) -> float | None:
    share = float(outcomes.right.mean())
    if len(parts) < 2 or share in {0.0, 1.0}:
        return None
    from scipy.special import chdtrc

    spread = sum(part.n * (part.accuracy - share) ** 2 for part in parts)
    statistic = spread / (share * (1 - share)) / _effect(outcomes, slice(None))
    return float(chdtrc(len(parts) - 1, statistic))


def _row(each: Subgroup) -> tuple[str, ...]:
    low, high = each.interval
    return (
        each.value or "(none)",
        f"{each.n:,}",
        percent(each.accuracy),
        f"{100 * low:.1f} to {100 * high:.1f} %",
        percent(each.balanced_accuracy),
    )
