"""Figures for results: their size, colours, titles and names, and how they are written.

This is drawn with matplotlib's objects alone. pyplot and what a user has set in it stay as they
are. Import this module late: it loads matplotlib.
"""

import io
from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.text import Annotation

from headstart.display.drawing import check_png
from headstart.display.fonts import drawable
from headstart.display.style import INK, PALE
from headstart.display.text import shorten
from headstart.storage import whole_file

DPI = 150
MARGIN = 0.2


class NotebookFigure(Figure):
    """A figure that a notebook shows, whether or not pyplot was ever loaded there."""

    def _repr_png_(self) -> bytes:
        data = io.BytesIO()
        self.savefig(data, format="png")
        return data.getvalue()


def new_figure(width: float, height: float) -> tuple[Figure, Axes]:
    """Return a figure whose axes are `width` x `height` inches.

    Titles and names may lie outside the axes: `fit` makes room for them at the end.
    """
    figure = NotebookFigure(figsize=(width, height), dpi=DPI, facecolor="white")
    return figure, bare(figure.add_axes((0, 0, 1, 1)))


def bare(axes: Axes) -> Axes:
    """Remove the ticks and the frame."""
    axes.tick_params(length=0, colors=INK)
    for side in axes.spines.values():
        side.set_visible(False)
    return axes


def fit(figure: Figure) -> Figure:
    """Enlarge the figure to everything that is drawn in it; axes keep their size in inches."""
    width, height = figure.get_size_inches()
    box = figure.get_tightbbox(FigureCanvasAgg(figure).get_renderer()).padded(MARGIN)
    places = [(axes, axes.get_position().bounds) for axes in figure.axes]
    figure.set_size_inches(box.width, box.height)
    for axes, (left, bottom, across, up) in places:
        axes.set_position(
            (
                (left * width - box.x0) / box.width,
                (bottom * height - box.y0) / box.height,
                across * width / box.width,
                up * height / box.height,
            )
        )
    return figure


def title(axes: Axes, words: str, note: str) -> None:
    """Write a title and a note below it, above the axes."""
    above = 16 + 13 * (note.count("\n") + 1)
    _write_above(axes, note, 10).set(color=PALE, fontsize=9, linespacing=1.4)
    _write_above(axes, words, above).set(color=INK, fontsize=12, fontweight="bold")


def _write_above(axes: Axes, text: str, points: float) -> Annotation:
    return axes.annotate(text, (0, 1), (0, points), "axes fraction", "offset points", va="bottom")


def name_ticks(axis: Axis, names: Sequence[str], size: float) -> None:
    """Write a name at each tick, in a font that has its letters."""
    drawn = [drawable(shorten(name, 26)) for name in names]
    axis.set_ticks(range(len(names)), [text for text, _ in drawn])
    for label, (_, font) in zip(axis.get_ticklabels(), drawn, strict=True):
        label.set_fontproperties(FontProperties(fname=font, size=size))
        # A class may be called $x$, which is a name and not a formula.
        label.set_parse_math(False)


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
