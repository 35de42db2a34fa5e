"""JSON within limits: every JSON that headstart reads is read here."""

import json
import math
from collections import Counter
from pathlib import Path
from typing import Any

from headstart.escaping import quoted
from headstart.untrusted.regular_files import read_bytes

#: A hundred thousand class names. What is parsed takes up to 40 times as much memory.
MAX_BYTES = 2**23
#: How many lists and objects may be inside each other: labels that are tuples need a few.
MAX_DEPTH = 100


def read_json(path: str | Path) -> Any:
    """Return the content of a JSON file.

    Raises
    ------
    OSError
        If it can't be opened, or is no regular file.
    ValueError
        See `parse_json`.
    """
    return parse_json(read_bytes(path, MAX_BYTES))


def parse_json(text: bytes | str, *, finite: bool = True) -> Any:
    """Return the value that a JSON text in UTF-8 stands for.

    Parameters
    ----------
    text : bytes or str
    finite : bool
        Whether every number must be finite. Python writes and reads others, which JSON lacks.

    Raises
    ------
    ValueError
        If it is no JSON, is longer than `MAX_BYTES` or deeper than `MAX_DEPTH`, names something
        twice in one object, or holds a number that is no finite 64-bit float or a text that is not
        Unicode.
    """
    if len(text) > MAX_BYTES:
        raise ValueError(f"more than {MAX_BYTES:,} bytes of JSON")
    if isinstance(text, bytes):
        text = text.decode("utf-8-sig")
    try:
        value = (_FINITE if finite else _ANY).decode(text)
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None
    # A table has a million lines of JSON, of which hardly one needs these checks.
    if text.count("[") + text.count("{") > MAX_DEPTH:
        _check_depth(value)
    if "\\ud" in text or "\\uD" in text:
        json.dumps(value, ensure_ascii=False).encode()  # half a pair of surrogates can't be encoded
    return value


_TOO_DEEP = f"more than {MAX_DEPTH} lists and objects inside each other"


def _check_depth(value: object) -> None:
    level = [[value]]
    for _ in range(MAX_DEPTH + 1):
        level = [
            list(inner.values()) if isinstance(inner, dict) else inner
            for outer in level
            for inner in outer
            if isinstance(inner, dict | list)
        ]
        if not level:
            return
    raise ValueError(_TOO_DEEP)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = Counter(name for name, _ in pairs)
        twice = next(name for name, n in names.items() if n > 1)
        raise ValueError(f"{quoted(twice)} twice in one object")
    return found


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"a number that is not finite: {digits[:20]}")
    return number


def _integer(digits: str) -> int:
    _finite(digits)
    return int(digits)


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is not a number")


_ANY = json.JSONDecoder(object_pairs_hook=_object)
_FINITE = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=_finite, parse_int=_integer, parse_constant=_refuse
)
