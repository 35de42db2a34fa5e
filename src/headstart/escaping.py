"""Text from outside that a terminal, a page or a log shows as it is, and that does nothing else."""

import unicodedata
from typing import Any


def printable(text: str) -> str:
    r"""Return `text` with everything escaped that could lead a terminal or a reader astray.

    Control characters, escape codes, line breaks, marks that reverse the direction of writing, and
    the lone surrogates that stand for undecodable bytes of a file name become ``\n``, ``\x1b`` or
    ``\u202e``. All other text stays as it is. Use it for every name that comes from outside, such
    as that of a file or a class.

    Examples
    --------
    >>> print(printable("holiday\x1b[2J.jpg"))
    holiday\x1b[2J.jpg
    """
    if text.isprintable():
        return text
    return "".join(char if is_harmless(char) else _escaped(char) for char in text)


def printable_lines(text: str) -> str:
    """Return `text` as `printable` does, with its line breaks."""
    return "\n".join(map(printable, text.split("\n")))


def quoted(value: Any, at_most: int = 100) -> str:
    """Return a value as Python writes it, for a message; what is longer is cut off.

    Examples
    --------
    >>> print(quoted("a book of many pages", at_most=7))
    'a book...
    """
    text = repr(value)
    return text if len(text) <= at_most else f"{text[:at_most]}..."


def is_harmless(char: str) -> bool:
    """Tell whether a terminal shows a character and does nothing else."""
    # Some scripts are written wrongly without these two joiners. Spaces of other widths stand in
    # the names of screenshots.
    return char.isprintable() or char in "\u200c\u200d" or unicodedata.category(char) == "Zs"


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")
