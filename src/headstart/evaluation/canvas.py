"""The canvas of all figures: made, titled and written in one way.

They are drawn with matplotlib's objects alone. pyplot and what a user has set in it stay as they
are. Import this module late: it loads matplotlib.
"""

import io
from collections.abc import Iterable
from pathlib import Path, PurePath
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

from headstart.arguments import check
from headstart.display.drawing import check_suffix
from headstart.display.fonts import Drawable, drawable
from headstart.display.style import INK, PALE
from headstart.display.text import shorten
from headstart.storage.whole_files import whole_file

SUFFIXES = (".png", ".pdf", ".svg")

# Inches.
MARGIN = 0.2
DPI = 150
# Columns of text; the longer ones only where the shorter ones would make names equal.
NAME_LENGTHS = (26, 40, 80)


class ResultFigure(Figure):
    """A figure that is written with all that lies outside its axes, such as titles and names.

    It looks the same whatever style a user has set for matplotlib, a dark one for example.
    """

    def savefig(self, fname: Any, **options: Any) -> None:
        """Write the figure, enlarged to everything that is drawn in it."""
        for axes in self.axes:
            # Asked for, the names of ticks are there to be found.
            axes.get_xticklabels(), axes.get_yticklabels()
        for text in self.findobj(Text):
            # A name such as a_b is no formula, and not everybody has LaTeX.
            text.set_usetex(usetex=False)
        defaults: dict[str, Any] = {"facecolor": "white", "transparent": False}
        defaults |= {"bbox_inches": "tight", "pad_inches": MARGIN}
        super().savefig(fname, **defaults | options)

    def _repr_png_(self) -> bytes:
        """Return what a notebook shows, whether or not pyplot was ever loaded there."""
        data = io.BytesIO()
        self.savefig(data, format="png")
        return data.getvalue()


def check_figure(path: str | Path | None) -> None:
    """Check that a figure can be written to `path`, unless that is None.

    Raises
    ------
    UsageError
        If it does not end in ``.png``, ``.pdf`` or ``.svg``.
    """
    check("path", path, str | Path | None)
    if path is not None:
        check_suffix(PurePath(path), SUFFIXES)


def saved(figure: Figure, path: str | Path | None) -> Figure:
    """Write `figure` to `path`, unless that is None, and return it.

    Raises
    ------
    UsageError
        If `path` does not end in ``.png``, ``.pdf`` or ``.svg``.
    StorageError
        If the file can't be written.
    """
    check_figure(path)
    if path is not None:
        with whole_file(Path(path)) as temporary:
            figure.savefig(temporary, format=PurePath(path).suffix[1:].lower())
    return figure


def new_figure(width: float, height: float) -> tuple[Figure, Axes]:
    """Return a figure whose axes are `width` x `height` inches."""
    figure = ResultFigure(figsize=(width, height), dpi=DPI, facecolor="white")
    return figure, bare(figure.add_axes((0, 0, 1, 1)))


def bare(axes: Axes) -> Axes:
    """Remove the ticks and the frame."""
    axes.set_facecolor("white")
    axes.tick_params(length=0, colors=INK)
    axes.spines[:].set_visible(False)
    return axes


def write_title(axes: Axes, words: str, note: str, above: float = 10) -> None:
    """Write a title and a note below it, `above` points above the axes."""
    higher = above + 6 + 13 * (note.count("\n") + 1)
    how = ("axes fraction", "offset points")
    axes.annotate(note, (0, 1), (0, above), *how, va="bottom", color=PALE, size=9, linespacing=1.4)
    axes.annotate(words, (0, 1), (0, higher), *how, va="bottom", color=INK, size=12, weight="bold")


def drawables(names: Iterable[str]) -> list[Drawable]:
    """Return the names, shortened as far as names that differ stay different."""
    whole = list(names)
    for length in NAME_LENGTHS:
        short = [shorten(name, length) for name in whole]
        if len(set(short)) == len(set(whole)):
            break
    return [drawable(name) for name in short]
