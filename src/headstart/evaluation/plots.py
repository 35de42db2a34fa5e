"""Figures of results: the confusion matrix, the classes, the epochs of a training.

Import this module late: it loads matplotlib.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from headstart.display.style import BLUE, INK, LIGHT_BLUE, PALE, VERMILION
from headstart.display.text import percent
from headstart.evaluation.canvas import bare, fit, name_ticks, new_figure, saved, title
from headstart.evaluation.metrics import Counts, Floats
from headstart.evaluation.results import ClassResult, weakest_first
from headstart.evaluation.shading import colours, depths
from headstart.training.history import Epoch

__all__ = ["classes_figure", "confusion_figure", "history_figure", "saved"]

# The width of a cell of the confusion matrix in inches, up to this number of classes.
CELLS = ((4, 1.15), (12, 0.62), (25, 0.44), (60, 0.25), (250, 0.125))
WIDEST_MATRIX = 20.0
GRID = "#E4E4E4"
AT_MOST_BARS = 200
BARS_IN_COLUMN = 50


def confusion_figure(confusion: Counts, classes: Sequence[str], headline: str) -> Figure:
    """Draw a confusion matrix: a row for each true class, a column for each predicted class."""
    k = len(classes)
    cell = next((width for most, width in CELLS if k <= most), WIDEST_MATRIX / k)
    figure, axes = new_figure(cell * k, cell * k)
    depth = depths(confusion)
    axes.imshow(colours(depth), interpolation="nearest", aspect="auto")
    if k <= 25:
        _write_counts(axes, confusion, depth, cell)
    if k <= 250:
        _lines_between(axes, k, cell)
        _name_both_axes(axes, classes, cell)
    else:
        axes.set(xticks=(), yticks=())
    axes.set_ylabel("true class", color=PALE, fontsize=10)
    axes.set_xlabel("predicted class", color=PALE, fontsize=10)
    note = "Blue: right. Orange: wrong.\nDarker: a larger share of the images of the row."
    title(axes, headline, note)
    return fit(figure)


def classes_figure(results: Sequence[ClassResult], classes: Sequence[str], headline: str) -> Figure:
    """Draw recall and precision of each class with their intervals, the weakest class first."""
    order = weakest_first(results)[:AT_MOST_BARS]
    parts = [order[at : at + BARS_IN_COLUMN] for at in range(0, len(order), BARS_IN_COLUMN)]
    height = 0.46 if len(order) <= 25 else 0.27
    longest = max(map(len, parts))
    figure, first = new_figure(4.6, height * longest)
    for number, part in enumerate(parts):
        axes = first if not number else _beside(figure, number, height * len(part))
        _draw_bars(axes, [results[index] for index in part])
        name_ticks(axes.yaxis, [classes[index] for index in part], min(10, height * 32))
    left_out = len(classes) - len(order)
    which = f"The {len(order)} weakest of {len(classes):,} classes. " if left_out else ""
    title(first, headline, f"{which}Thin lines: 95 % intervals.")
    _legend(first, height * longest)
    return fit(figure)


def history_figure(history: Sequence[Epoch], best_epoch: int) -> Figure:
    """Draw how a training went: accuracy and loss in each epoch.

    Parameters
    ----------
    history : sequence of Epoch
    best_epoch : int
        The epoch whose weights are kept, counted from 1. The history alone does not tell: of two
        epochs with the same accuracy, the one with the smaller loss is the better.
    """
    figure, left = new_figure(4.2, 2.8)
    right = bare(figure.add_axes((1.2, 0, 1, 1)))
    best = history[best_epoch - 1]
    _draw_curve(left, history, "val_accuracy", BLUE)
    # Ticks may be half a point apart.
    left.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.4g}%")
    title(
        left,
        f"Best accuracy: {percent(best.val_accuracy)}, after epoch {best.epoch}",
        "on the validation images, which are not trained on",
    )
    _draw_curve(right, history, "loss", VERMILION)
    validated = not any(math.isnan(epoch.val_loss) for epoch in history)
    if validated:
        _draw_curve(right, history, "val_loss", BLUE)
    note = "red: training images" + ("; blue: validation images" if validated else "")
    title(right, "Loss", note)
    return fit(figure)


def _draw_curve(axes: Axes, history: Sequence[Epoch], what: str, colour: str) -> None:
    epochs = [epoch.epoch for epoch in history]
    values = [getattr(epoch, what) for epoch in history]
    axes.plot(epochs, values, color=colour, linewidth=1.5, marker="o", markersize=3)
    axes.set_xlabel("epoch", color=INK)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(axis="y", color=GRID, linewidth=0.6)


def _beside(figure: Figure, number: int, height: float) -> Axes:
    width, full = figure.get_size_inches()
    share = height / full
    return bare(figure.add_axes((number * (1 + 3.2 / width), 1 - share, 1, share)))


def _lines_between(axes: Axes, k: int, cell: float) -> None:
    # Two collections of lines: a tick for each line would take seconds with 200 classes.
    edges = np.arange(k + 1) - 0.5
    axes.hlines(edges, -0.5, k - 0.5, color="#DDDDDD", linewidth=min(1, cell * 2))
    axes.vlines(edges, -0.5, k - 0.5, color="#DDDDDD", linewidth=min(1, cell * 2))


def _write_counts(axes: Axes, confusion: Counts, depth: Floats, cell: float) -> None:
    digits = len(f"{confusion.max():,}")
    size = min(11.0, cell * 72 * 0.9 / max(digits * 0.62, 2))
    for row, column in np.argwhere(confusion > 0):
        count = int(confusion[row, column])
        text = f"{count:,}"
        if cell > 1:
            text += f"\n{percent(count / confusion[row].sum())}"
        colour = "white" if depth[row, column] > 0.6 else INK
        axes.text(column, row, text, ha="center", va="center", color=colour, fontsize=size)


def _name_both_axes(axes: Axes, classes: Sequence[str], cell: float) -> None:
    size = min(10.0, cell * 72 * 0.8)
    name_ticks(axes.yaxis, classes, size)
    name_ticks(axes.xaxis, classes, size)
    if cell > 1 and max(map(len, classes)) <= 12:
        return
    angle = 45 if cell > 0.4 else 90
    for label in axes.get_xticklabels():
        label.set(rotation=angle, rotation_mode="anchor", ha="right", va="center")


def _draw_bars(axes: Axes, results: Sequence[ClassResult]) -> None:
    places = np.arange(len(results))
    _draw_measure(axes, places - 0.19, [(r.recall, r.recall_interval) for r in results], BLUE)
    _draw_measure(
        axes, places + 0.19, [(r.precision, r.precision_interval) for r in results], LIGHT_BLUE
    )
    axes.set(xlim=(0, 100), ylim=(len(results) - 0.45, -0.55))
    axes.set_xticks(range(0, 101, 20), [f"{share} %" for share in range(0, 101, 20)], fontsize=8)
    axes.grid(axis="x", color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    for place, result in zip(places, results, strict=True):
        text = f"{result.n_right:,} of {result.n:,}" if result.n else "no test images"
        axes.annotate(
            text, (1, place), (8, 0), xycoords=("axes fraction", "data"), va="center",
            textcoords="offset points", color=PALE, fontsize=8,
        )  # fmt: skip


def _draw_measure(
    axes: Axes, places: npt.NDArray[Any], measured: Sequence[Any], colour: str
) -> None:
    known = [at for at, (value, _) in enumerate(measured) if value is not None]
    if not known:
        return
    values = np.array([measured[at][0] for at in known])
    ends = np.array([measured[at][1] for at in known]).T
    reach = np.abs(ends - values)
    axes.barh(places[known], 100 * values, height=0.36, color=colour)
    axes.errorbar(
        100 * values, places[known], xerr=100 * reach, fmt="none", ecolor=INK, elinewidth=1,
        clip_on=False,
    )  # fmt: skip


def _legend(axes: Axes, height: float) -> None:
    handles = [
        Patch(color=BLUE, label="recall (how many of the images of this class were recognised)"),
        Patch(
            color=LIGHT_BLUE,
            label="precision (how many of the images predicted as this class belong to it)",
        ),
    ]
    axes.legend(
        handles=handles, loc="upper left", bbox_to_anchor=(-0.01, -0.3 / height), frameon=False,
        fontsize=9, borderaxespad=0,
    )  # fmt: skip
