"""The charts of a report as numbers that the template draws: places in a square of 100 x 100."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from headstart.evaluation.calibration import Calibration
    from headstart.evaluation.metrics import Interval
    from headstart.training.history import Epoch


@dataclass(frozen=True, slots=True)
class Bar:
    """A share with its interval, in percent.

    Attributes
    ----------
    low, value, high : float
        From 0 to 100.
    """

    low: float
    value: float
    high: float

    @property
    def in_words(self) -> str:
        """The share and its interval."""
        return f"{self.value:.1f} % ({self.low:.1f} to {self.high:.1f})"


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a chart.

    Attributes
    ----------
    name : str
    points : str
        As SVG's polyline takes them.
    last : float
        The last value, from 0 to 1.
    """

    name: str
    points: str
    last: float


def bar(value: float | None, interval: Interval | None) -> Bar | None:
    """Return a share as a bar; None where there is no evidence."""
    if value is None or interval is None:
        return None
    return Bar(*(100 * each for each in (interval.low, value, interval.high)))


def reliability(calibration: Calibration) -> list[tuple[float, Bar]]:
    """Return the mean confidence of each bin, in percent, and its accuracy."""
    return [
        (100 * each.confidence, found)
        for each in calibration.bins
        if (found := bar(each.accuracy, each.interval)) is not None
    ]


def accuracy_lines(history: Sequence[Epoch]) -> list[Line]:
    """Return the accuracy of each epoch on the training and the validation images."""
    named = {
        "training images": [epoch.accuracy for epoch in history],
        "validation images": [epoch.val_accuracy for epoch in history],
    }
    lines = []
    for name, values in named.items():
        known = [(place, value) for place, value in enumerate(values) if not math.isnan(value)]
        step = 100 / max(1, len(history) - 1)
        points = " ".join(f"{place * step:.2f},{100 - 100 * value:.2f}" for place, value in known)
        if known:
            lines.append(Line(name, points, known[-1][1]))
    return lines
