"""Numbers and names as text that fits its place."""

import itertools
import json
import unicodedata
from collections.abc import Iterable
from typing import Any

from headstart.escaping import is_harmless, printable

_FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_BREAKS = ("\t", "\r", "\n")

# No file system takes a longer name.
_LONGEST_NAME = 255


def headline(n_right: int, n: int, interval: tuple[float, float]) -> str:
    """Return how many images were right, and the accuracy with its interval, in one sentence.

    Examples
    --------
    >>> headline(171, 192, (0.839, 0.927))
    '171 of 192 right: 89.1 % (95 % interval 83.9 to 92.7 %)'
    """
    low, high = interval
    return (
        f"{n_right:,} of {n:,} right: {percent(n_right / n)} "
        f"(95 % interval {100 * low:.1f} to {100 * high:.1f} %)"
    )


def percent(share: float) -> str:
    """Return a share in percent. Only exactly 1 is 100.0 %, only exactly 0 is 0.0 %.

    Examples
    --------
    >>> percent(0.9999)
    '99.9 %'
    """
    rounded = round(100 * share, 1)
    if 0 < share < 1:
        rounded = min(max(rounded, 0.1), 99.9)
    return f"{rounded:.1f} %"


def whole_percent(share: float) -> str:
    """Return a share in whole percent. Only exactly 1 is 100 %, only exactly 0 is 0 %.

    Examples
    --------
    >>> whole_percent(0.004), whole_percent(0.5), whole_percent(0.999)
    ('<1 %', '50 %', '>99 %')
    """
    if 0 < share < 0.01:
        return "<1 %"
    if 0.99 < share < 1:
        return ">99 %"
    return f"{share:.0%}".replace("%", " %")


def counted(n: int, one: str, several: str | None = None) -> str:
    """Return a number of things, in the singular or the plural.

    Examples
    --------
    >>> counted(1, "class", "classes"), counted(1200, "image")
    ('1 class', '1,200 images')
    """
    return f"{n:,} {one if n == 1 else several or f'{one}s'}"


def duration(seconds: float) -> str:
    """Return a time in seconds, in minutes, or in hours and minutes.

    Examples
    --------
    >>> duration(12_000)
    '3 h 20 min'
    """
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60:02d} min"


def no_formula(text: str) -> str:
    """Return text for a cell of a CSV file, with an apostrophe before what looks like a formula.

    A spreadsheet computes what begins with =, +, - or @; some also take their wide forms, or what
    stands behind a space, a tab or a line break.

    Examples
    --------
    >>> no_formula("=1+1"), no_formula("a-b")
    ("'=1+1", 'a-b')
    """
    return f"'{text}" if text.startswith(_BREAKS) or text.lstrip().startswith(_FORMULA) else text


def json_text(value: Any, indent: int | None = None) -> str:
    r"""Return `value` as JSON, in which everything is escaped that `printable` escapes.

    Examples
    --------
    >>> print(json_text({"caf\u00e9": "\u202egpj.exe"}))
    {"café": "\u202egpj.exe"}
    """
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    # Line breaks come from the indent alone: within text, JSON escapes them.
    if text.replace("\n", "").isprintable():
        return text
    return "".join(
        char if char == "\n" or is_harmless(char) else json.dumps(char)[1:-1] for char in text
    )


def listed_names(names: Iterable[str], at_most: int = 5) -> str:
    """Return the first names, printable, and how many more there are.

    Examples
    --------
    >>> listed_names(["cat", "dog", "eel"], 2)
    'cat, dog and 1 more'
    """
    names = list(names)
    shown = ", ".join(printable(_begun(name)) for name in names[:at_most])
    return shown if len(names) <= at_most else f"{shown} and {len(names) - at_most:,} more"


def either(names: Iterable[str]) -> str:
    """Return names of which one is meant.

    Examples
    --------
    >>> either([".png", ".pdf", ".svg"])
    '.png, .pdf or .svg'
    """
    *first, last = names
    return f"{', '.join(first)} or {last}" if first else last


def _begun(name: str) -> str:
    # A cell of a table may hold a book; the name of a file can't be as long.
    return name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}…"


def columns(text: str) -> int:
    """Return how many terminal columns `text` takes; East Asian letters take two."""
    return sum(_letter_columns(letter) for letter in text)


def shorten(text: str, width: int) -> str:
    """Cut the middle out of `text`, so that it takes at most `width` columns.

    Examples
    --------
    >>> shorten("Ailuropoda melanoleuca", 11)
    'Ailur…leuca'
    """
    text = printable(text)
    if columns(text) <= width:
        return text
    tail_width = (width - 1) // 2
    return f"{_head(text, width - 1 - tail_width)}…{_head(text[::-1], tail_width)[::-1]}"


def _letter_columns(letter: str) -> int:
    if unicodedata.category(letter) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


def _head(text: str, width: int) -> str:
    taken = itertools.accumulate(map(_letter_columns, text))
    return "".join(letter for letter, end in zip(text, taken, strict=True) if end <= width)
