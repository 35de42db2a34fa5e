"""Results that display themselves: as text in a terminal, as HTML in a notebook."""

import abc
from collections.abc import Iterable, Iterator

from headstart.display.table import Table, escaped
from headstart.escaping import printable, printable_lines

# Jupyter would show a class that is named $x$ as a formula. pandas uses these two names, too.
_NO_FORMULAS = "tex2jax_ignore mathjax_ignore"


class Displayed(abc.ABC):
    """Base of results that are displayed part by part.

    A subclass says once, in `display_parts`, what there is to see. ``print(result)`` writes it as
    text, a notebook shows it as HTML, and ``repr(result)`` is its first line.
    """

    __slots__ = ()

    @abc.abstractmethod
    def display_parts(self) -> Iterator[str | Table]:
        """Yield paragraphs and tables, the headline first. Tables without rows are not shown."""

    def to_text(self, terminal: int | None = None) -> str:
        """Return a report to read.

        Parameters
        ----------
        terminal : int, optional
            The width of a terminal. Paths in tables are shortened so that they fit.
        """
        parts = (part for part in self.display_parts() if _has_content(part))
        return "\n\n".join(_as_text(part, terminal) for part in parts)

    def __str__(self) -> str:
        """Return a report to read in a terminal."""
        return self.to_text()

    def _repr_html_(self) -> str:
        """Return the report for a notebook."""
        return to_html(self.display_parts())

    def __repr__(self) -> str:
        """Return the headline with the name of the class."""
        headline, *_ = str(next(iter(self.display_parts()))).split("\n")
        return f"<{type(self).__name__}: {printable(headline)}>"


def to_html(parts: Iterable[str | Table]) -> str:
    """Return paragraphs and tables as HTML that needs no other file. All text is escaped."""
    shown = "".join(_as_html(part) for part in parts if _has_content(part))
    return f'<div class="{_NO_FORMULAS}">{shown}</div>'


def _has_content(part: str | Table) -> bool:
    return bool(part if isinstance(part, str) else part.rows)


def _as_text(part: str | Table, terminal: int | None) -> str:
    if isinstance(part, Table):
        return part.to_text(terminal)
    return printable_lines(part)


def _as_html(part: str | Table) -> str:
    if isinstance(part, Table):
        return part.to_html()
    return f"<p>{'<br/>'.join(map(escaped, part.splitlines()))}</p>"
