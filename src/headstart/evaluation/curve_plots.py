"""Figures of curves: ROC and precision-recall. Import this module late: it loads matplotlib."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.font_manager import FontProperties

from headstart.display.style import BLUE, GRID, INK, PALE, VERMILION
from headstart.display.text import percent
from headstart.evaluation.canvas import bare, drawables, new_figure, write_title
from headstart.evaluation.one_against_rest import Curve, area_under_roc

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    from headstart.display.fonts import Drawable
    from headstart.evaluation.outcomes import Outcomes
    from headstart.evaluation.results import CurvePoint

SIDE = 3.6  # inches
# Okabe and Ito's palette. Dashes tell apart what grey print does not.
COLOURS = (BLUE, VERMILION, "#009E73", "#CC79A7", "#E69F00", "#56B4E9", INK, "#8C6D31")
DASHES = ("-", "--", "-.", ":")
# With more classes than colours, so many pale curves at most are drawn behind them.
MOST_PALE = 200


def curves_figure(outcomes: Outcomes, classes: Sequence[str]) -> Figure:
    """Draw the ROC curve and the precision-recall curve of each class that has images."""
    areas = {}
    for label in np.unique(outcomes.truth).tolist():
        scores = outcomes.probabilities[:, label]
        areas[label] = area_under_roc(outcomes.truth == label, scores, outcomes.groups)
    # NaN, where all images are of one class, comes last.
    order = sorted(areas, key=lambda label: (math.isnan(areas[label][0]), areas[label][0]))
    figure, left = new_figure(SIDE, SIDE)
    right = bare(figure.add_axes((1.3, 0, 1, 1)))
    for axes, names in ((left, _ROC), (right, _PRECISION)):
        _prepare(axes, *names)
    left.plot((0, 1), (0, 1), color=PALE, linewidth=0.8, linestyle=":")
    named = sorted(order[: len(COLOURS)])
    for label in order[len(COLOURS) : len(COLOURS) + MOST_PALE]:
        _draw(left, right, _curve(outcomes, label), GRID, "-")
    lines, notes = [], []
    for number, label in enumerate(named):
        curve = _curve(outcomes, label)
        colour, dashes = COLOURS[number], DASHES[number % len(DASHES)]
        lines.append(_draw(left, right, curve, colour, dashes))
        notes.append(_note(*areas[label], curve.average_precision()))
    _write_legend(left, lines, drawables(classes[label] for label in named), notes)
    which = "each class against the rest"
    if len(order) > len(named):
        which = f"the {len(named)} classes with the smallest area of {len(order):,}; others: grey"
    write_title(left, "ROC curves", which)
    write_title(right, "Precision and recall", "upwards is better")
    return figure


def learning_figure(
    measured: Sequence[CurvePoint], going_on: Sequence[CurvePoint], verdict: str
) -> Figure:
    """Draw accuracy against the number of training images, and how it would go on from now."""
    figure, axes = new_figure(1.6 * SIDE, SIDE)
    _draw_points(axes, measured, BLUE, "o", "cross-validated")
    _draw_points(axes, going_on, VERMILION, "s", "forecast")
    axes.fill_between(
        [point.n for point in going_on],
        *np.transpose([point.interval for point in going_on]),
        color=VERMILION,
        alpha=0.12,
        linewidth=0,
    )
    axes.set_xscale("log")
    # Fewer names than points, which are dense.
    points = (measured[0], measured[len(measured) // 2], going_on[0], *going_on[2:])
    named = [point.n for point in points]
    axes.set_xticks(named, [f"{n:,}" for n in named], fontsize=8)
    axes.set_xticks([], minor=True)
    axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f} %")
    axes.tick_params(axis="y", labelsize=8)
    axes.set_xlabel("training images", color=PALE, fontsize=9)
    axes.set_ylabel("accuracy", color=PALE, fontsize=9)
    axes.grid(color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.legend(
        loc="upper left", bbox_to_anchor=(-0.01, -0.15), frameon=False, labelcolor=INK, fontsize=9
    )
    # The first sentence alone would be wider than the figure.
    first, _, second = verdict.partition(": ")
    write_title(axes, f"{first}.", f"{second}\nbars and shade: 95 % intervals")
    return figure


def _draw_points(
    axes: Axes, points: Sequence[CurvePoint], colour: str, marker: str, label: str
) -> None:
    accuracy = np.array([point.accuracy for point in points])
    ends = np.array([point.interval for point in points])
    # A mean of fits may lie at an end of its interval.
    reach = np.abs(ends.T - accuracy)
    axes.errorbar(
        [point.n for point in points],
        accuracy,
        yerr=reach,
        color=colour,
        marker=marker,
        markersize=4,
        linewidth=1.4,
        elinewidth=0.8,
        label=label,
    )


_ROC = "false alarms: share of the other images", "recall: share of the class that is found"
_PRECISION = "recall: share of the class that is found", "precision: share that belongs to it"


def _curve(outcomes: Outcomes, label: int) -> Curve:
    return Curve.of(outcomes.truth == label, outcomes.probabilities[:, label])


def _prepare(axes: Axes, across: str, up: str) -> None:
    ticks = np.linspace(0, 1, 6)
    names = [f"{100 * tick:.0f} %" for tick in ticks]
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01))
    axes.set_xticks(ticks, names, fontsize=8)
    axes.set_yticks(ticks, names, fontsize=8)
    axes.set_xlabel(across, color=PALE, fontsize=9)
    axes.set_ylabel(up, color=PALE, fontsize=9)
    axes.grid(color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)


def _draw(left: Axes, right: Axes, curve: Curve, colour: str, dashes: str) -> Line2D:
    how: dict[str, Any] = {"color": colour, "linestyle": dashes, "linewidth": 1.6}
    # No image is taken for the class above the highest threshold.
    alarms, recall = ([0.0, *values] for values in (curve.false_positive_rate, curve.recall))
    # Between two thresholds nothing is reached that lies between their precisions.
    right.plot(curve.recall, curve.precision, drawstyle="steps-pre", **how)
    (line,) = left.plot(alarms, recall, **how)
    return line


def _note(area: float, interval: tuple[float, float], precision: float) -> str:
    if math.isnan(area):
        return "no images of other classes"
    low, high = interval
    return f"area {area:.3f} ({low:.3f} to {high:.3f}), average precision {percent(precision)}"


def _write_legend(
    axes: Axes, lines: Sequence[Line2D], names: Sequence[Drawable], notes: Sequence[str]
) -> None:
    legend = axes.legend(
        lines,
        [f"{name.text}: {note}" for name, note in zip(names, notes, strict=True)],
        loc="upper left",
        bbox_to_anchor=(-0.01, -0.17),
        frameon=False,
        labelcolor=INK,
        borderaxespad=0,
    )
    for text, name in zip(legend.get_texts(), names, strict=True):
        text.set_fontproperties(FontProperties(fname=name.font, size=9))
        text.set_parse_math(False)
