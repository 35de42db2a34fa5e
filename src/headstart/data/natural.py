"""The order in which people expect names: ``image 2`` before ``image 10``."""

import re

_DIGITS = re.compile(r"(\d+)")


def natural_key(name: str) -> tuple[tuple[tuple[int, int, str], ...], str]:
    """Return a key that sorts digits by their value, letters whatever their case.

    Names that differ only in case or leading zeros still have an order: their own.

    Examples
    --------
    >>> sorted(["b10", "B2", "a"], key=natural_key)
    ['a', 'B2', 'b10']
    """
    parts = _DIGITS.split(name.casefold())
    # Split at digits, every second part is a number.
    key = tuple((1, int(part), "") if i % 2 else (0, 0, part) for i, part in enumerate(parts))
    return key, name
