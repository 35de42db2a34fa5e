"""Figures of results: the confusion matrix, the classes, the epochs of a training.

They are drawn with matplotlib's objects alone. pyplot and what a user has set in it stay as they
are. Import this module late: it loads matplotlib.
"""

import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.text import Text
from matplotlib.ticker import MaxNLocator

from headstart.arguments import Positive, checked
from headstart.data.labelled_images import LabelledImages
from headstart.display.drawing import text_width
from headstart.display.fonts import Drawable, drawable, note_on_fonts
from headstart.display.style import BLUE, GRID, INK, LIGHT_BLUE, PALE, VERMILION
from headstart.display.text import counted, percent, shorten, whole_percent
from headstart.errors import UsageError
from headstart.evaluation.canvas import (
    NAME_LENGTHS,
    bare,
    check_figure,
    drawables,
    new_figure,
    saved,
    write_title,
)
from headstart.evaluation.metrics import Counts, Floats, Interval
from headstart.evaluation.report import (
    cell_colours,
    cell_depths,
    frequent_confusions,
    wrong_depth,
)
from headstart.evaluation.results import ClassResult, weakest_first
from headstart.training.history import Epoch

# Inches.
WIDEST_MATRIX = 20.0
# The height of a cell of the confusion matrix, up to this number of classes.
CELLS = ((4, 1.15), (12, 0.62), (25, 0.44), (60, 0.25), (250, 0.125))
# A matrix is widened up to this width where its names then need not be turned.
WIDEST_FOR_NAMES = 10.0
NAME_GAP = 0.12

# Up to this number of classes, each cell holds a count and its share; a share; its name.
MOST_WITH_COUNTS, MOST_WITH_SHARES, MOST_WITH_NAMES = 25, 60, 250
MOST_CONFUSIONS = 20

AT_MOST_BARS = 200
BARS_IN_COLUMN = 50
SPLIT_COLOURS = {"train": BLUE, "valid": LIGHT_BLUE, "test": VERMILION}


@dataclass(frozen=True, slots=True)
class Baseline:
    """The frozen network that a fine-tuned one is compared with.

    Attributes
    ----------
    accuracy, loss : float
        Its accuracy, from 0 to 1, and its mean cross-entropy.
    kept : bool
        Whether it is kept instead of the fine-tuned network.
    """

    accuracy: float
    loss: float
    kept: bool


def confusion_figure(confusion: Counts, classes: Sequence[str], headline: str) -> Figure:
    """Draw a confusion matrix: a row for each true class, a column for each predicted class."""
    k = len(classes)
    names = drawables(classes)
    height = next((size for most, size in CELLS if k <= most), WIDEST_MATRIX / k)
    name_size = min(10.0, height * 72 * 0.8)
    # Names that are not turned are easier to read, if that does not make the figure huge.
    needed = _widest(names, name_size) + NAME_GAP
    upright = k <= MOST_WITH_NAMES and needed <= max(height, WIDEST_FOR_NAMES / k)
    width = max(height, needed) if upright else height
    figure, axes = new_figure(width * k, height * k)
    depth = cell_depths(confusion)
    axes.imshow(cell_colours(depth), interpolation="nearest", aspect="auto")
    notes = ["Blue: right. Orange: wrong.", "Darker: a larger share of the images of the row."]
    if k <= MOST_WITH_SHARES:
        _write_in_cells(axes, confusion, depth, height)
        if k > MOST_WITH_COUNTS:
            notes[1] += " The numbers are these shares in percent."
    if k <= MOST_WITH_NAMES:
        _draw_lines_between(axes, k, height)
        _name_ticks(axes.yaxis, names, name_size)
        _name_ticks(axes.xaxis, names, name_size)
        if not upright:
            _turn(axes.get_xticklabels(), 45 if height > 0.4 else 90)
        notes += note_on_fonts(names)
    else:
        axes.set(xticks=(), yticks=())
    axes.set_ylabel("true class", color=PALE, fontsize=10)
    axes.set_xlabel("predicted class", color=PALE, fontsize=10)
    if k > MOST_WITH_SHARES:
        _draw_scale(figure, height * k)
    if k > MOST_WITH_COUNTS:
        _list_confusions(axes, confusion, classes, beside=0.25 + (k > MOST_WITH_SHARES) * 1.25)
    write_title(axes, headline, "\n".join(notes))
    return figure


def classes_figure(results: Sequence[ClassResult], classes: Sequence[str], headline: str) -> Figure:
    """Draw recall and precision of each class with their intervals, the weakest class first."""
    order = weakest_first(results)[:AT_MOST_BARS]
    names = drawables(classes[index] for index in order)
    counts = [_counts(results[index]) for index in order]
    figure, columns = _columns(names, counts)
    for axes, part in columns:
        _draw_bars(axes, [results[index] for index in order[part]])
        axes.annotate("  right", (1, 1), xycoords="axes fraction", color=PALE, fontsize=8)
    notes = _about_bars(len(order), len(classes), any(not result.n for result in results))
    notes += note_on_fonts(names)
    first = columns[0][0]
    write_title(first, headline, "\n".join(notes), above=14)
    _write_legend(figure, first)
    return figure


def counts_figure(images: LabelledImages) -> Figure:
    """Draw how many images each class has, the smallest class first, in a colour for each split."""
    totals = images.counts()
    order = sorted(images.classes, key=lambda label: totals[label])[:AT_MOST_BARS]
    names = drawables(map(str, order))
    figure, columns = _columns(names, [f"{totals[label]:,}" for label in order])
    splits = [split for split in SPLIT_COLOURS if images.split and split in images.split]
    by_split = {split: images.part(split).counts() for split in splits} or {"images": totals}
    largest = max(totals.values())
    for axes, part in columns:
        _draw_stacks(axes, order[part], by_split)
        axes.set_xlim(0, largest)
    fewest = min(totals.values())
    each = f"{fewest:,}" if fewest == largest else f"{fewest:,} to {largest:,}"
    which = (
        f"The {len(order)} smallest of {len(totals):,} classes. "
        if len(order) < len(totals)
        else ""
    )
    notes = [f"{which}Sorted by the number of images, the fewest first.", *note_on_fonts(names)]
    first = columns[0][0]
    title = (
        f"{counted(len(images), 'image')} of {counted(len(totals), 'class', 'classes')}: "
        f"{each} of each class"
    )
    write_title(first, title, "\n".join(notes))
    if splits:
        _write_legend(figure, first)
    return figure


@checked
def plot_history(
    history: Sequence[Epoch],
    path: str | Path | None = None,
    *,
    best_epoch: Positive,
    frozen: Baseline | None = None,
) -> Figure:
    """Draw the accuracy and the loss in each epoch of a training.

    Parameters
    ----------
    history : sequence of Epoch
    path : str or Path, optional
        A ``.png``, ``.pdf`` or ``.svg`` file to write as well. It is written whole or not at all.
    best_epoch : int
        The epoch whose weights are kept, counted from 1. The history alone does not tell: of two
        epochs with the same accuracy, the one with the smaller loss is the better.
    frozen : Baseline, optional
        The frozen network, which is drawn as a horizontal line.

    Returns
    -------
    matplotlib.figure.Figure
        Not known to pyplot. A notebook shows it, ``figure.savefig`` writes it.

    Raises
    ------
    UsageError
        If `path` has another ending, or `best_epoch` is none of the epochs.
    StorageError
        If the file can't be written.
    """
    check_figure(path)
    if best_epoch > len(history):
        raise UsageError(
            f"best_epoch must be one of the epochs in history, 1 to {len(history)}. "
            f"Received: {best_epoch}."
        )
    figure, left = new_figure(4.2, 2.8)
    right = bare(figure.add_axes((1.25, 0, 1, 1)))
    best = history[best_epoch - 1]
    for axes, what in ((left, "accuracy"), (right, "loss")):
        _draw_curves(axes, history, what, best, frozen)
    # Ticks may be half a point apart.
    left.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.4g} %")
    write_title(left, _about_accuracy(best), _about_best(best, frozen))
    write_title(right, "Loss", "lower is better\n")
    _name_curves(left, right)
    return saved(figure, path)


def _draw_curves(
    axes: Axes, history: Sequence[Epoch], what: str, best: Epoch, frozen: Baseline | None
) -> None:
    """Draw the accuracy or the loss of training and of validation images."""
    _draw_curve(axes, history, what, VERMILION, "s", "training images")
    _draw_curve(axes, history, f"val_{what}", BLUE, "o", "validation images")
    if frozen is not None:
        level = getattr(frozen, what)
        axes.axhline(level, color=INK, linewidth=1.2, linestyle="--", label="frozen network")
    axes.axvline(best.epoch, color=PALE, linewidth=0.8, linestyle=":", zorder=0)
    mark = "best" if frozen is not None and frozen.kept else "kept"
    _name_epochs(axes, len(history), best.epoch, mark)
    axes.set_ylabel(what, color=PALE, fontsize=10)


def _name_curves(left: Axes, right: Axes) -> None:
    """Write one legend for the curves of both axes; a curve may be in one of them only."""
    curves: dict[Any, Any] = {}
    for axes in (right, left):
        lines, labels = axes.get_legend_handles_labels()
        curves |= zip(labels, lines, strict=True)
    left.legend(
        [*curves.values()],
        [*curves],
        loc="upper left",
        # Below the names of the epochs, which take two lines.
        bbox_to_anchor=(-0.01, -0.27),
        ncols=3,
        frameon=False,
        labelcolor=INK,
        fontsize=9,
        borderaxespad=0,
    )


def _widest(names: Sequence[Drawable], size: float) -> float:
    """Return the width in inches of the widest name, `size` points high."""
    return max(text_width(name) for name in names) * size / 72


def _name_ticks(axis: Axis, names: Sequence[Drawable], size: float) -> None:
    """Write a name at each tick, in a font that has its letters."""
    axis.set_ticks(range(len(names)), [name.text for name in names])
    for label, name in zip(axis.get_ticklabels(), names, strict=True):
        label.set_fontproperties(FontProperties(fname=name.font, size=size))
        # A class may be called $x$, which is a name and not a formula.
        label.set_parse_math(False)


def _turn(labels: Iterable[Text], angle: float) -> None:
    for label in labels:
        # The end of a name stands below the middle of its column.
        va = "top" if angle < 90 else "center"
        label.set(rotation=angle, rotation_mode="anchor", ha="right", va=va)


def _about_accuracy(best: Epoch) -> str:
    if math.isnan(best.val_accuracy):
        return "Accuracy"
    return f"Accuracy {percent(best.val_accuracy)} after epoch {best.epoch}"


def _about_best(best: Epoch, frozen: Baseline | None) -> str:
    if math.isnan(best.val_accuracy):
        return "on the training images: there are no validation images\n"
    kept = f"epoch {best.epoch} is kept"
    if frozen is not None and frozen.kept:
        kept = f"epoch {best.epoch} is the best, but the frozen network is kept"
    return f"on the validation images, which are not trained on\n{kept}"


def _draw_curve(
    axes: Axes, history: Sequence[Epoch], what: str, colour: str, marker: str, label: str
) -> None:
    values = [getattr(epoch, what) for epoch in history]
    if all(map(math.isnan, values)):
        return
    epochs = [epoch.epoch for epoch in history]
    # Where there are many epochs, a marker each would hide the line.
    every = max(1, len(history) // 30)
    axes.plot(
        epochs,
        values,
        color=colour,
        linewidth=1.5,
        marker=marker,
        markersize=4,
        # Hollow and filled markers differ in grey print, too.
        markerfacecolor="white" if marker == "s" else colour,
        markevery=every,
        label=label,
    )
    axes.grid(axis="y", color=GRID, linewidth=0.6)


def _name_epochs(axes: Axes, n: int, best: int, mark: str) -> None:
    """Name the first, the last and the best epoch, and others where there is room."""
    room = 0.08 * n
    ticks: list[int] = []
    between = MaxNLocator(6, integer=True).tick_values(1, n) if n > 1 else ()
    for epoch in (1, n, best, *(round(value) for value in between)):
        if 1 <= epoch <= n and all(abs(epoch - other) >= room for other in ticks):
            ticks.append(epoch)
    names = {tick: str(tick) for tick in ticks}
    # Too near to another epoch, the best one is named on a line of its own.
    names[best] = f"{best}\n{mark}" if best in names else f"\n{best} {mark}"
    axes.set_xticks([*names], [*names.values()], color=INK)
    axes.set_xlabel("epoch", color=PALE, fontsize=10)


def _draw_lines_between(axes: Axes, k: int, cell: float) -> None:
    # Two collections of lines: a tick for each line would take seconds with 200 classes.
    edges = np.arange(k + 1) - 0.5
    for draw in (axes.hlines, axes.vlines):
        draw(edges, -0.5, k - 0.5, color="#DDDDDD", linewidth=min(1, cell * 2))


def _write_in_cells(axes: Axes, confusion: Counts, depth: Floats, height: float) -> None:
    """Write the count and the share of its row into each cell, or only the share."""
    counts_too = len(confusion) <= MOST_WITH_COUNTS
    exact = height > 1
    digits = len(f"{confusion.max():,}")
    # The height of a line, and the width of a count, must fit in the cell.
    room = height * 72 * 0.9
    size = min(11.0, room / (2 * 1.25), room / (digits * 0.62)) if counts_too else room * 0.42
    for row, column in np.argwhere(confusion > 0):
        count = int(confusion[row, column])
        share = count / confusion[row].sum()
        text = percent(share) if exact else whole_percent(share)
        text = f"{count:,}\n{text}" if counts_too else text.removesuffix(" %")
        colour = "white" if depth[row, column] > 0.85 else INK
        axes.text(column, row, text, ha="center", va="center", color=colour, fontsize=size)


def _draw_scale(figure: Figure, height: float) -> None:
    """Draw which share of a row each colour stands for, beside the matrix."""
    width, high = figure.get_size_inches()
    tall = min(3.0, height)
    axes = bare(figure.add_axes((1 + 0.25 / width, 1 - tall / high, 0.4 / width, tall / high)))
    shares = np.linspace(1, 0, 256)
    # Two colours of the matrix itself: the diagonal is right, the rest is wrong.
    depths = np.array([[[share, wrong_depth(share)], [0, share]] for share in shares])
    axes.imshow(
        [cell_colours(depth)[0] for depth in depths],
        aspect="auto",
        extent=(0, 2, 0, 1),
        interpolation="nearest",
    )
    axes.set_xticks([0.5, 1.5], ["right", "wrong"], fontsize=8, rotation=90)
    ticks = (0, 0.25, 0.5, 0.75, 1)
    axes.set_yticks(ticks, [whole_percent(tick) for tick in ticks], fontsize=8)
    axes.yaxis.tick_right()
    axes.tick_params(length=0, colors=INK)
    axes.annotate(
        "share of the row", (0, 1), (0, 6), "axes fraction", "offset points", color=INK, size=8
    )


def _list_confusions(axes: Axes, confusion: Counts, classes: Sequence[str], beside: float) -> None:
    """List the most frequent confusions, `beside` inches to the right of the matrix."""
    _write_beside(axes, beside, 0, "Most frequent confusions", FontProperties(weight="bold"))
    found = frequent_confusions(confusion, MOST_CONFUSIONS)
    for number, (row, column) in enumerate(found, start=1):
        true, predicted = (shorten(classes[index], NAME_LENGTHS[0]) for index in (row, column))
        count = f"{confusion[row, column]:,} of {confusion[row].sum():,}"
        line = drawable(f"{count} labelled {true}, predicted {predicted}")
        _write_beside(axes, beside, number, line.text, FontProperties(fname=line.font))


def _write_beside(
    axes: Axes, beside: float, line: int, words: str, properties: FontProperties
) -> None:
    properties.set_size(9)
    axes.annotate(
        words,
        (1, 1),
        (72 * beside, -16 * line),
        "axes fraction",
        "offset points",
        va="top",
        color=INK,
        fontproperties=properties,
        parse_math=False,
    )


def _about_bars(n_drawn: int, n: int, some_are_empty: bool) -> list[str]:
    which = f"The {n_drawn} weakest of {n:,} classes. " if n_drawn < n else ""
    last = " Classes without test images come last." if some_are_empty else ""
    return [
        f"{which}Sorted by F1, the harmonic mean of both bars, the lowest first.",
        f"Thin lines: 95 % intervals.{last}",
    ]


def _counts(result: ClassResult) -> str:
    return f"{result.n_right:,} of {result.n:,}" if result.n else "no test images"


def _columns(
    names: Sequence[Drawable], counts: Sequence[str]
) -> tuple[Figure, list[tuple[Axes, slice]]]:
    """Return a figure with axes for a horizontal bar at each name, in columns of at most 50 bars.

    Each column has the place of its names. The counts are written right of the bars.
    """
    n_columns = math.ceil(len(names) / BARS_IN_COLUMN)
    longest = math.ceil(len(names) / n_columns)
    height = 0.46 if len(names) <= 25 else 0.27
    width = 4.6 if n_columns == 1 else 2.6
    size = min(10.0, height * 32)
    figure, first = new_figure(width, height * longest)
    beside = max(text_width(drawable(count)) for count in counts) * 8 / 72
    columns, left = [], 0.0
    for start in range(0, len(names), longest):
        part = slice(start, start + longest)
        if start:
            # Between two columns there is room for the counts of one and the names of the other.
            left += width + beside + _widest(names[part], size) + 0.4
        share = len(names[part]) / longest
        place = (left / width, 1 - share, 1, share)
        axes = bare(figure.add_axes(place)) if start else first
        _name_ticks(axes.yaxis, names[part], size)
        axes.set_ylim(len(names[part]) - 0.45, -0.55)
        axes.grid(axis="x", color=GRID, linewidth=0.8)
        axes.set_axisbelow(True)
        for number, count in enumerate(counts[part]):
            where = axes.get_yaxis_transform()
            axes.text(1, number, f"  {count}", transform=where, va="center", color=PALE, fontsize=8)
        columns.append((axes, part))
    return figure, columns


def _write_legend(figure: Figure, axes: Axes) -> None:
    """Write a legend below the first axes of a figure, which are as high as it."""
    _, height = figure.get_size_inches()
    axes.legend(
        loc="upper left",
        bbox_to_anchor=(-0.01, -0.3 / height),
        frameon=False,
        labelcolor=INK,
        fontsize=9,
        borderaxespad=0,
    )


def _draw_stacks(
    axes: Axes, labels: Sequence[Hashable], by_split: Mapping[str, Mapping[Hashable, int]]
) -> None:
    ends = np.zeros(len(labels))
    for split, counts in by_split.items():
        lengths = np.array([counts[label] for label in labels])
        colour = SPLIT_COLOURS.get(split, BLUE)
        axes.barh(range(len(labels)), lengths, 0.7, ends, color=colour, label=split)
        ends += lengths
    axes.tick_params(axis="x", labelsize=8)
    axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")


def _draw_bars(axes: Axes, results: Sequence[ClassResult]) -> None:
    places = np.arange(len(results))
    recall = [(result.recall, result.recall_interval) for result in results]
    precision = [(result.precision, result.precision_interval) for result in results]
    meaning = "recall (how many of the images of this class were recognised)"
    _draw_measure(axes, places - 0.19, recall, BLUE, meaning)
    meaning = "precision (how many of the images predicted as this class belong to it)"
    _draw_measure(axes, places + 0.19, precision, LIGHT_BLUE, meaning)
    axes.set_xlim(0, 100)
    axes.set_xticks(range(0, 101, 20), [f"{share} %" for share in range(0, 101, 20)], fontsize=8)


def _draw_measure(
    axes: Axes,
    places: npt.NDArray[Any],
    measured: Sequence[tuple[float | None, Interval | None]],
    colour: str,
    meaning: str,
) -> None:
    # Without evidence, a value and its interval are NaN, which is not drawn.
    values = 100 * np.array([value for value, _ in measured], float)
    ends = 100 * np.array([interval or (math.nan, math.nan) for _, interval in measured])
    axes.barh(places, values, 0.36, color=colour, label=meaning)
    # A line on a white one is seen on a dark bar as well as beside it.
    for ink, width, order in (("white", 2.6, 3), (INK, 1.1, 4)):
        axes.hlines(
            places, ends[:, 0], ends[:, 1], ink, linewidth=width, zorder=order, clip_on=False
        )
