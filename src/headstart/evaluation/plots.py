"""Pictures of an `Evaluation`, as PNG files.

Blue and vermilion of the Okabe-Ito palette, which colour-blind people tell apart. Drawn with
matplotlib's object interface: the user's own figures, styles and backend stay as they are.
"""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from headstart.display.fonts import drawable
from headstart.display.text import headline, percent, shorten
from headstart.errors import UsageError
from headstart.evaluation.evaluation import ClassResult, Evaluation
from headstart.storage import whole_file

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure
    from matplotlib.text import Annotation

    from headstart.training.history import Epoch

BLUE, LIGHT_BLUE, INK, PALE = "#0072B2", "#8EC5E8", "#222222", "#6B6B6B"
VERMILION, GRID = "#D55E00", "#E4E4E4"
RIGHT_RGB, WRONG_RGB = np.array([0, 114, 178]) / 255, np.array([213, 94, 0]) / 255

# Up to so many classes, a cell of the confusion matrix is so many inches wide.
CELLS = ((4, 1.15), (12, 0.62), (25, 0.44), (60, 0.25), (250, 0.125))
WIDEST_MATRIX = 20.0
AT_MOST_BARS = 200
BARS_A_COLUMN = 50
DPI = 150


def plot_confusion(evaluation: Evaluation, path: Path) -> None:
    """Draw what was taken for what: a row for each true class, a column for each answer.

    Colour is the share of the row's images. Counts are written up to 25 classes, names up to 250.

    Parameters
    ----------
    evaluation : Evaluation
    path : Path
        A ``.png`` file, written whole or not at all.

    Raises
    ------
    UsageError
        If `path` is not named ``.png``.
    StorageError
        If it can't be written.
    """
    k = len(evaluation.classes)
    cell = next((width for most, width in CELLS if k <= most), WIDEST_MATRIX / k)
    figure, axes = _figure(cell * k, cell * k)
    depth = _depths(evaluation.confusion)
    axes.imshow(_colours(depth), interpolation="nearest", aspect="auto")
    if k <= 25:
        _write_counts(axes, evaluation.confusion, depth, cell)
    if k <= 250:
        _lines_between(axes, k, cell)
        _name_both_axes(axes, evaluation.classes, cell)
    else:
        axes.set(xticks=(), yticks=())
    axes.set_ylabel("what it is", color=PALE, fontsize=10)
    axes.set_xlabel("what it was taken for", color=PALE, fontsize=10)
    note = (
        "Blue: named rightly. Orange: taken for another class.\nDarker: a larger share of the row."
    )
    _title(axes, _headline(evaluation), note)
    _save(figure, path)


def plot_classes(evaluation: Evaluation, path: Path) -> None:
    """Draw recall and precision of each class with their 95 % intervals, weakest class first.

    Of more than 200 classes, the 200 weakest.

    Parameters
    ----------
    evaluation : Evaluation
    path : Path
        A ``.png`` file, written whole or not at all.

    Raises
    ------
    UsageError
        If `path` is not named ``.png``.
    StorageError
        If it can't be written.
    """
    order = _weakest_first(evaluation.per_class)[:AT_MOST_BARS]
    parts = [order[at : at + BARS_A_COLUMN] for at in range(0, len(order), BARS_A_COLUMN)]
    height = 0.46 if len(order) <= 25 else 0.27
    longest = max(map(len, parts))
    figure, first = _figure(4.6, height * longest)
    for number, part in enumerate(parts):
        axes = first if not number else _beside(figure, number, height * len(part))
        _bars(axes, part, evaluation, height)
    left_out = len(evaluation.classes) - len(order)
    which = f"The {len(order)} weakest of {len(evaluation.classes):,} classes. " if left_out else ""
    _title(first, _headline(evaluation), f"{which}Thin lines: 95 % intervals.")
    _legend(first, height * longest)
    _save(figure, path)


def plot_history(history: "Sequence[Epoch]", path: Path, *, best_epoch: int) -> None:
    """Draw how a training went: accuracy and loss over its epochs.

    Parameters
    ----------
    history : sequence of Epoch
    path : Path
        A ``.png`` file, written whole or not at all.
    best_epoch : int
        The one whose weights are kept, counted from 1. Among equal accuracies another one may have
        the smaller loss, so that the history does not tell by itself.

    Raises
    ------
    UsageError
        If `path` is not named ``.png``.
    StorageError
        If it can't be written.
    """
    figure, left = _figure(4.2, 2.8)
    right = _bare(figure.add_axes((1.2, 0, 1, 1)))
    best = history[best_epoch - 1]
    _curve(left, history, "accuracy", BLUE)
    # Ticks may be half a point apart.
    left.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.4g}%")
    _title(
        left,
        f"Best: {percent(best.accuracy)} right, after epoch {best.epoch}",
        "validation pictures, which it was not trained on",
    )
    _curve(right, history, "loss", VERMILION)
    judged = not any(math.isnan(epoch.val_loss) for epoch in history)
    if judged:
        _curve(right, history, "val_loss", BLUE)
    note = "red: on what it is trained on" + ("; blue: on validation pictures" if judged else "")
    _title(right, "Loss", note)
    _save(figure, path)


def _curve(axes: "Axes", history: "Sequence[Epoch]", what: str, colour: str) -> None:
    from matplotlib.ticker import MaxNLocator

    epochs = [epoch.epoch for epoch in history]
    values = [getattr(epoch, what) for epoch in history]
    axes.plot(epochs, values, color=colour, linewidth=1.5, marker="o", markersize=3)
    axes.set_xlabel("epoch", color=INK)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(axis="y", color=GRID, linewidth=0.6)


def _figure(width: float, height: float) -> tuple["Figure", "Axes"]:
    """Return a figure whose axes are `width` x `height` inches; what lies outside is kept too."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    return figure, _bare(figure.add_axes((0, 0, 1, 1)))


def _bare(axes: "Axes") -> "Axes":
    axes.tick_params(length=0, colors=INK)
    for side in axes.spines.values():
        side.set_visible(False)
    return axes


def _beside(figure: "Figure", number: int, height: float) -> "Axes":
    width, full = figure.get_size_inches()
    share = height / full
    return _bare(figure.add_axes((number * (1 + 3.2 / width), 1 - share, 1, share)))


def _save(figure: "Figure", path: Path) -> None:
    if path.suffix.lower() != ".png":
        raise UsageError(f"A picture's name must end in .png. Received: {path}.")
    with whole_file(path) as temporary:
        figure.savefig(temporary, format="png", bbox_inches="tight", pad_inches=0.2)


def _name_ticks(axis: "Axis", names: Sequence[str], size: float) -> None:
    from matplotlib.font_manager import FontProperties

    drawn = [drawable(shorten(name, 26)) for name in names]
    axis.set_ticks(range(len(names)), [text for text, _ in drawn])
    for label, (_, font) in zip(axis.get_ticklabels(), drawn, strict=True):
        label.set_fontproperties(FontProperties(fname=font, size=size))
        # A class may be called $x$: it is a name, not a formula.
        label.set_parse_math(False)


def _headline(evaluation: Evaluation) -> str:
    n_right = evaluation.n - len(evaluation.mistakes)
    return headline(n_right, evaluation.n, evaluation.interval)


def _title(axes: "Axes", title: str, note: str) -> None:
    above = 16 + 13 * (note.count("\n") + 1)
    _above(axes, note, 10).set(color=PALE, fontsize=9, linespacing=1.4)
    _above(axes, title, above).set(color=INK, fontsize=12, fontweight="bold")


def _above(axes: "Axes", text: str, points: float) -> "Annotation":
    return axes.annotate(text, (0, 1), (0, points), "axes fraction", "offset points", va="bottom")


def _depths(confusion: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Return how deep each cell's colour is, 0 to 1; a single mistake stays visible."""
    shares = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    depth = np.where(confusion > 0, 0.12 + 0.88 * np.sqrt(shares), 0)
    np.fill_diagonal(depth, np.diag(shares))
    return depth


def _colours(depth: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    full = np.where(np.eye(len(depth), dtype=bool)[..., None], RIGHT_RGB, WRONG_RGB)
    return 1 - depth[..., None] * (1 - full)


def _lines_between(axes: "Axes", k: int, cell: float) -> None:
    # One collection of lines each way: a tick for each line would take seconds with 200 classes.
    edges = np.arange(k + 1) - 0.5
    axes.hlines(edges, -0.5, k - 0.5, color="#DDDDDD", linewidth=min(1, cell * 2))
    axes.vlines(edges, -0.5, k - 0.5, color="#DDDDDD", linewidth=min(1, cell * 2))


def _write_counts(
    axes: "Axes", confusion: npt.NDArray[np.int64], depth: npt.NDArray[np.float64], cell: float
) -> None:
    digits = len(f"{confusion.max():,}")
    size = min(11.0, cell * 72 * 0.9 / max(digits * 0.62, 2))
    for row, column in np.argwhere(confusion > 0):
        count = int(confusion[row, column])
        text = f"{count:,}"
        if cell > 1:
            text += f"\n{percent(count / confusion[row].sum())}"
        colour = "white" if depth[row, column] > 0.6 else INK
        axes.text(column, row, text, ha="center", va="center", color=colour, fontsize=size)


def _name_both_axes(axes: "Axes", classes: Sequence[str], cell: float) -> None:
    size = min(10.0, cell * 72 * 0.8)
    _name_ticks(axes.yaxis, classes, size)
    _name_ticks(axes.xaxis, classes, size)
    if cell > 1 and max(map(len, classes)) <= 12:
        return
    angle = 45 if cell > 0.4 else 90
    for label in axes.get_xticklabels():
        label.set(rotation=angle, rotation_mode="anchor", ha="right", va="center")


def _weakest_first(results: Sequence[ClassResult]) -> list[int]:
    f1 = [2.0 if result.f1 is None else result.f1 for result in results]
    return sorted(range(len(results)), key=lambda index: f1[index])


def _bars(axes: "Axes", part: Sequence[int], evaluation: Evaluation, height: float) -> None:
    results = [evaluation.per_class[index] for index in part]
    places = np.arange(len(part))
    _measure(axes, places - 0.19, [(r.recall, r.recall_interval) for r in results], BLUE)
    _measure(
        axes, places + 0.19, [(r.precision, r.precision_interval) for r in results], LIGHT_BLUE
    )
    axes.set(xlim=(0, 100), ylim=(len(part) - 0.45, -0.55))
    _name_ticks(axes.yaxis, [evaluation.classes[index] for index in part], min(10, height * 32))
    axes.set_xticks(range(0, 101, 20), [f"{share} %" for share in range(0, 101, 20)], fontsize=8)
    axes.grid(axis="x", color="#E5E5E5", linewidth=0.8)
    axes.set_axisbelow(True)
    for place, result in zip(places, results, strict=True):
        text = f"{result.n_right:,} of {result.n:,}" if result.n else "no test images"
        axes.annotate(
            text, (1, place), (8, 0), xycoords=("axes fraction", "data"), va="center",
            textcoords="offset points", color=PALE, fontsize=8,
        )  # fmt: skip


def _measure(axes: "Axes", places: npt.NDArray[Any], measured: Sequence[Any], colour: str) -> None:
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


def _legend(axes: "Axes", height: float) -> None:
    from matplotlib.patches import Patch

    handles = [
        Patch(color=BLUE, label="found, of the images of this class (recall)"),
        Patch(color=LIGHT_BLUE, label="right, of the images given this name (precision)"),
    ]
    axes.legend(
        handles=handles, loc="upper left", bbox_to_anchor=(-0.01, -0.3 / height), frameon=False,
        fontsize=9, borderaxespad=0,
    )  # fmt: skip
