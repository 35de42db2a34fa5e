"""Sort names in natural order: ``image 2`` before ``image 10``."""

import re

_DIGITS = re.compile(r"(\d+)")


def natural_key(name: str) -> tuple[tuple[tuple[int, int, str], ...], str]:
    """Return a sort key that compares numbers by value and ignores the case of letters.

    Names that differ only in case or leading zeros are sorted as plain strings.

    Examples
    --------
    >>> sorted(["b10", "B2", "a"], key=natural_key)
    ['a', 'B2', 'b10']
    """
    parts = _DIGITS.split(name.casefold())
    # Every second part is a number.
    key = tuple((1, int(part), "") if i % 2 else (0, 0, part) for i, part in enumerate(parts))
    return key, name
