"""Figures of results: the confusion matrix, the classes, the epochs of a training.

They are drawn with matplotlib's objects alone. pyplot and what a user has set in it stay as they
are. Import this module late: it loads matplotlib.
"""

import io
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.ticker import MaxNLocator

from headstart.display.drawing import check_png
from headstart.display.fonts import drawable
from headstart.display.style import BLUE, INK, LIGHT_BLUE, PALE, VERMILION
from headstart.display.text import percent, shorten
from headstart.evaluation.metrics import Counts, Floats, Interval
from headstart.evaluation.report import cell_colours, cell_depths
from headstart.evaluation.results import ClassResult, weakest_first
from headstart.storage import whole_file
from headstart.training.history import Epoch

# Inches.
MARGIN = 0.2
WIDEST_MATRIX = 20.0
# The width of a cell of the confusion matrix, up to this number of classes.
CELLS = ((4, 1.15), (12, 0.62), (25, 0.44), (60, 0.25), (250, 0.125))

DPI = 150
GRID = "#E4E4E4"
AT_MOST_BARS = 200
BARS_IN_COLUMN = 50


class ResultFigure(Figure):
    """A figure that is written with all that lies outside its axes, such as titles and names."""

    def savefig(self, fname: Any, **options: Any) -> None:
        """Write the figure, enlarged to everything that is drawn in it."""
        super().savefig(fname, **{"bbox_inches": "tight", "pad_inches": MARGIN, **options})

    def _repr_png_(self) -> bytes:
        """Return what a notebook shows, whether or not pyplot was ever loaded there."""
        data = io.BytesIO()
        self.savefig(data, format="png")
        return data.getvalue()


def confusion_figure(confusion: Counts, classes: Sequence[str], headline: str) -> Figure:
    """Draw a confusion matrix: a row for each true class, a column for each predicted class."""
    k = len(classes)
    cell = next((width for most, width in CELLS if k <= most), WIDEST_MATRIX / k)
    figure, axes = _new_figure(cell * k, cell * k)
    depth = cell_depths(confusion)
    axes.imshow(cell_colours(depth), interpolation="nearest", aspect="auto")
    if k <= 25:
        _write_counts(axes, confusion, depth, cell)
    if k <= 250:
        _draw_lines_between(axes, k, cell)
        _name_both_axes(axes, classes, cell)
    else:
        axes.set(xticks=(), yticks=())
    axes.set_ylabel("true class", color=PALE, fontsize=10)
    axes.set_xlabel("predicted class", color=PALE, fontsize=10)
    note = "Blue: right. Orange: wrong.\nDarker: a larger share of the images of the row."
    _write_title(axes, headline, note)
    return figure


def classes_figure(results: Sequence[ClassResult], classes: Sequence[str], headline: str) -> Figure:
    """Draw recall and precision of each class with their intervals, the weakest class first."""
    order = weakest_first(results)[:AT_MOST_BARS]
    parts = [order[at : at + BARS_IN_COLUMN] for at in range(0, len(order), BARS_IN_COLUMN)]
    height = 0.46 if len(order) <= 25 else 0.27
    longest = max(map(len, parts))
    figure, first = _new_figure(4.6, height * longest)
    for number, part in enumerate(parts):
        share = len(part) / longest
        beside = (number * (1 + 3.2 / 4.6), 1 - share, 1, share)
        axes = _bare(figure.add_axes(beside)) if number else first
        _draw_bars(axes, [results[index] for index in part])
        _name_ticks(axes.yaxis, [classes[index] for index in part], min(10, height * 32))
    left_out = len(classes) - len(order)
    which = f"The {len(order)} weakest of {len(classes):,} classes. " if left_out else ""
    _write_title(first, headline, f"{which}Thin lines: 95 % intervals.")
    below = (-0.01, -0.3 / (height * longest))
    first.legend(loc="upper left", bbox_to_anchor=below, frameon=False, fontsize=9, borderaxespad=0)
    return figure


def plot_history(
    history: Sequence[Epoch], path: str | Path | None = None, *, best_epoch: int
) -> Figure:
    """Draw the accuracy and the loss in each epoch of a training.

    Parameters
    ----------
    history : sequence of Epoch
    path : str or Path, optional
        A ``.png`` file to write as well. It is written whole or not at all.
    best_epoch : int
        The epoch whose weights are kept, counted from 1. The history alone does not tell: of two
        epochs with the same accuracy, the one with the smaller loss is the better.

    Returns
    -------
    matplotlib.figure.Figure
        Not known to pyplot. A notebook shows it, ``figure.savefig`` writes it.

    Raises
    ------
    UsageError
        If `path` does not end in ``.png``.
    StorageError
        If the file can't be written.
    """
    figure, left = _new_figure(4.2, 2.8)
    right = _bare(figure.add_axes((1.2, 0, 1, 1)))
    best = history[best_epoch - 1]
    _draw_curve(left, history, "val_accuracy", BLUE)
    # Ticks may be half a point apart.
    left.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.4g}%")
    _write_title(
        left,
        f"Best accuracy: {percent(best.val_accuracy)}, after epoch {best.epoch}",
        "on the validation images, which are not trained on",
    )
    _draw_curve(right, history, "loss", VERMILION)
    validated = not any(math.isnan(epoch.val_loss) for epoch in history)
    if validated:
        _draw_curve(right, history, "val_loss", BLUE)
    note = "orange: training images" + ("; blue: validation images" if validated else "")
    _write_title(right, "Loss", note)
    return saved(figure, path)


def saved(figure: Figure, path: str | Path | None) -> Figure:
    """Write `figure` to `path`, unless that is None, and return it.

    Raises
    ------
    UsageError
        If `path` does not end in ``.png``.
    StorageError
        If the file can't be written.
    """
    if path is not None:
        check_png(Path(path))
        with whole_file(Path(path)) as temporary:
            figure.savefig(temporary, format="png")
    return figure


def _new_figure(width: float, height: float) -> tuple[Figure, Axes]:
    """Return a figure whose axes are `width` x `height` inches."""
    figure = ResultFigure(figsize=(width, height), dpi=DPI, facecolor="white")
    return figure, _bare(figure.add_axes((0, 0, 1, 1)))


def _bare(axes: Axes) -> Axes:
    """Remove the ticks and the frame."""
    axes.tick_params(length=0, colors=INK)
    axes.spines[:].set_visible(False)
    return axes


def _write_title(axes: Axes, words: str, note: str) -> None:
    """Write a title and a note below it, above the axes."""
    above = 16 + 13 * (note.count("\n") + 1)
    how = ("axes fraction", "offset points")
    axes.annotate(note, (0, 1), (0, 10), *how, va="bottom", color=PALE, size=9, linespacing=1.4)
    axes.annotate(words, (0, 1), (0, above), *how, va="bottom", color=INK, size=12, weight="bold")


def _name_ticks(axis: Axis, names: Sequence[str], size: float) -> None:
    """Write a name at each tick, in a font that has its letters."""
    drawn = [drawable(shorten(name, 26)) for name in names]
    axis.set_ticks(range(len(names)), [text for text, _ in drawn])
    for label, (_, font) in zip(axis.get_ticklabels(), drawn, strict=True):
        label.set_fontproperties(FontProperties(fname=font, size=size))
        # A class may be called $x$, which is a name and not a formula.
        label.set_parse_math(False)


def _draw_curve(axes: Axes, history: Sequence[Epoch], what: str, colour: str) -> None:
    epochs = [epoch.epoch for epoch in history]
    values = [getattr(epoch, what) for epoch in history]
    axes.plot(epochs, values, color=colour, linewidth=1.5, marker="o", markersize=3)
    axes.set_xlabel("epoch", color=INK)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(axis="y", color=GRID, linewidth=0.6)


def _draw_lines_between(axes: Axes, k: int, cell: float) -> None:
    # Two collections of lines: a tick for each line would take seconds with 200 classes.
    edges = np.arange(k + 1) - 0.5
    for draw in (axes.hlines, axes.vlines):
        draw(edges, -0.5, k - 0.5, color="#DDDDDD", linewidth=min(1, cell * 2))


def _write_counts(axes: Axes, confusion: Counts, depth: Floats, cell: float) -> None:
    digits = len(f"{confusion.max():,}")
    size = min(11.0, cell * 72 * 0.9 / max(digits * 0.62, 2))
    for row, column in np.argwhere(confusion > 0):
        count = int(confusion[row, column])
        text = f"{count:,}"
        if cell > 1:
            text += f"\n{percent(count / confusion[row].sum())}"
        colour = "white" if depth[row, column] > 0.85 else INK
        axes.text(column, row, text, ha="center", va="center", color=colour, fontsize=size)


def _name_both_axes(axes: Axes, classes: Sequence[str], cell: float) -> None:
    size = min(10.0, cell * 72 * 0.8)
    _name_ticks(axes.yaxis, classes, size)
    _name_ticks(axes.xaxis, classes, size)
    if cell > 1 and max(map(len, classes)) <= 12:
        return
    angle = 45 if cell > 0.4 else 90
    for label in axes.get_xticklabels():
        label.set(rotation=angle, rotation_mode="anchor", ha="right", va="center")


def _draw_bars(axes: Axes, results: Sequence[ClassResult]) -> None:
    places = np.arange(len(results))
    recall = [(result.recall, result.recall_interval) for result in results]
    precision = [(result.precision, result.precision_interval) for result in results]
    meaning = "recall (how many of the images of this class were recognised)"
    _draw_measure(axes, places - 0.19, recall, BLUE, meaning)
    meaning = "precision (how many of the images predicted as this class belong to it)"
    _draw_measure(axes, places + 0.19, precision, LIGHT_BLUE, meaning)
    axes.set(xlim=(0, 100), ylim=(len(results) - 0.45, -0.55))
    axes.set_xticks(range(0, 101, 20), [f"{share} %" for share in range(0, 101, 20)], fontsize=8)
    axes.grid(axis="x", color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    beside = axes.get_yaxis_transform()
    for place, result in enumerate(results):
        text = f"  {result.n_right:,} of {result.n:,}" if result.n else "  no test images"
        axes.text(1, place, text, transform=beside, va="center", color=PALE, fontsize=8)


def _draw_measure(
    axes: Axes,
    places: npt.NDArray[Any],
    measured: Sequence[tuple[float | None, Interval | None]],
    colour: str,
    meaning: str,
) -> None:
    # Without evidence, a value and its interval are NaN, which is not drawn.
    values = np.array([value for value, _ in measured], float)
    ends = np.array([interval or (math.nan, math.nan) for _, interval in measured])
    line = {"ecolor": INK, "elinewidth": 1, "clip_on": False}
    reach = np.abs(ends.T - values)
    axes.barh(
        places, 100 * values, 0.36, color=colour, label=meaning, xerr=100 * reach, error_kw=line
    )
