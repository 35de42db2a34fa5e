"""The reliability diagram. Import this module late: it loads matplotlib."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from headstart.display.style import BLUE, GRID, PALE
from headstart.display.text import percent
from headstart.evaluation.canvas import new_figure, write_title

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from headstart.evaluation.calibration import Calibration

SIDE = 3.6  # inches


def calibration_figure(calibration: Calibration) -> Figure:
    """Draw the accuracy of each bin over its confidence, with 95 % intervals."""
    figure, axes = new_figure(SIDE, SIDE)
    confidence = [each.confidence for each in calibration.bins]
    accuracy = np.array([each.accuracy for each in calibration.bins])
    intervals = np.array([each.interval for each in calibration.bins])
    lowest = min(0.9, *confidence, *intervals[:, 0].tolist())
    begin = float(np.floor(10 * lowest) / 10)
    _prepare(axes, begin)
    axes.plot((begin, 1), (begin, 1), color=PALE, linewidth=0.8, linestyle=":")
    reach = np.abs(intervals.T - accuracy)
    axes.errorbar(confidence, accuracy, reach, color=BLUE, linewidth=1.2, marker="o", markersize=4)
    note = (
        f"Calibration error {percent(calibration.error)}; up to {percent(calibration.by_chance)} "
        "is chance.\nBelow the dotted line, probabilities are too high; above it, too low."
    )
    write_title(axes, "Calibration", note)
    return figure


def _prepare(axes: Axes, begin: float) -> None:
    margin = (1 - begin) / 100
    step = 0.2 if begin < 0.5 else 0.1
    ticks = np.arange(1, begin - 0.01, -step)[::-1]
    names = [f"{100 * tick:.0f} %" for tick in ticks]
    axes.set(xlim=(begin - margin, 1 + margin), ylim=(begin - margin, 1 + margin))
    axes.set_xticks(ticks, names, fontsize=8)
    axes.set_yticks(ticks, names, fontsize=8)
    axes.grid(color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.set_xlabel("best probability: mean of images with similar ones", color=PALE, fontsize=9)
    axes.set_ylabel("share of them that is right", color=PALE, fontsize=9)
