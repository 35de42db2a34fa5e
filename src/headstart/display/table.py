"""A table for people: aligned text in a terminal, HTML in a notebook."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from headstart.display.text import columns, shorten
from headstart.escaping import printable

WIDEST_CELL = 28
GAP = "  "
# What is left of a path must tell one image from another.
_NARROWEST_PATH = 16

_CELL = "padding:2px 8px;text-align:{};{}"
_QUIET = "margin:0 0 8px;font-size:smaller;opacity:.75"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows of text, with a title above and notes below.

    Attributes
    ----------
    rows : sequence of rows
        Each row is a sequence of text, one for each column.
    headings : sequence of str
        One for each column; empty for a table without headings.
    align : str
        A letter for each column: '<' for flush left, '>' for flush right. Flush left if not given.
    title : str
        A line above the table.
    notes : sequence of str
        Lines below the table.
    colours : sequence of sequences of str
        The background of each cell in HTML, such as '#0072b2'; '' for none. Empty for a table
        without colours.
    ends_in_paths : bool
        Whether the last column holds paths. These may be shortened in the middle.
    """

    rows: Sequence[Sequence[str]]
    headings: Sequence[str] = ()
    align: str = ""
    title: str = ""
    notes: Sequence[str] = ()
    colours: Sequence[Sequence[str]] = ()
    ends_in_paths: bool = False

    def to_text(self, terminal: int | None = None) -> str:
        """Return the table as aligned text, with nothing in it that moves a terminal's cursor.

        Cells are shortened to 28 columns, except in the last column.

        Parameters
        ----------
        terminal : int, optional
            The width of a terminal. Paths in the last column are shortened so that they fit.
        """
        lines = [self.headings, *self.rows] if self.headings else self.rows
        cells = [
            [*(shorten(cell, WIDEST_CELL) for cell in line[:-1]), printable(line[-1])]
            for line in lines
        ]
        widths = [max(map(columns, column)) for column in zip(*cells, strict=True)]
        if self.ends_in_paths and terminal is not None:
            room = max(terminal - sum(widths[:-1]) - len(GAP) * len(widths), _NARROWEST_PATH)
            cells = [[*line[:-1], shorten(line[-1], room)] for line in cells]
            widths[-1] = min(widths[-1], room)
        aligned = (map(_padded, line, widths, self._alignment()) for line in cells)
        body = ((GAP + GAP.join(line)).rstrip() for line in aligned)
        title = [self.title] if self.title else []
        return "\n".join([*title, *body, *(GAP + note for note in self.notes)])

    def width(self) -> int:
        """Return how many columns of a terminal the table takes."""
        return max(map(columns, self.to_text().splitlines()))

    def to_html(self) -> str:
        """Return the table as HTML. All text is escaped."""
        title = f"<p><b>{escaped(self.title)}</b></p>" if self.title else ""
        plain = [""] * len(self._alignment())
        colours = self.colours or [plain] * len(self.rows)
        rows = [self._html_row("th", self.headings, plain)] if self.headings else []
        rows += [self._html_row("td", *row) for row in zip(self.rows, colours, strict=True)]
        notes = "<br/>".join(map(escaped, self.notes))
        below = f'<p style="{_QUIET}">{notes}</p>' if notes else ""
        return f"{title}<table>{''.join(rows)}</table>{below}"

    def _html_row(self, tag: str, cells: Sequence[str], colours: Sequence[str]) -> str:
        sides = ("right" if side == ">" else "left" for side in self._alignment())
        styles = map(_CELL.format, sides, map(_background, colours))
        written = (
            f'<{tag} style="{style}">{escaped(cell)}</{tag}>'
            for style, cell in zip(styles, cells, strict=True)
        )
        return f"<tr>{''.join(written)}</tr>"

    def _alignment(self) -> str:
        return self.align or "<" * len(self.rows[0])


def escaped(text: str) -> str:
    """Return `text` so that HTML shows it as it is, whatever letters are in it."""
    return escape(printable(text))


def _background(colour: str) -> str:
    if not colour:
        return ""
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    # The usual weights of the three colours in how bright they look.
    dark = 0.299 * red + 0.587 * green + 0.114 * blue < 110
    return f"background:{colour};color:{'#fff' if dark else '#222'}"


def _padded(cell: str, width: int, side: str) -> str:
    space = " " * (width - columns(cell))
    return cell + space if side == "<" else space + cell
