"""Labels as JSON and back with their types: 1, 1.0, True and "1" stay four different labels."""

import math
from collections.abc import Callable, Hashable
from typing import Any

from headstart.errors import UsageError

# Type: name, to JSON, from JSON. Only exactly these types: a subclass would come back as its base.
_TYPES: dict[type, tuple[str, Callable[[Any], Any], Callable[[Any], Any]]] = {
    str: ("str", str, str),
    bool: ("bool", bool, bool),
    # Written as text, because other readers of JSON take numbers for 64-bit floats.
    int: ("int", str, int),
    float: ("float", float.hex, float.fromhex),
    bytes: ("bytes", bytes.hex, bytes.fromhex),
    type(None): ("none", lambda _: None, lambda _: None),
    tuple: (
        "tuple",
        lambda labels: [label_to_json(label) for label in labels],
        lambda labels: tuple(label_from_json(label) for label in labels),
    ),
    frozenset: (
        "frozenset",
        lambda labels: sorted((label_to_json(label) for label in labels), key=repr),
        lambda labels: frozenset(label_from_json(label) for label in labels),
    ),
}
_READERS = {name: read for name, _, read in _TYPES.values()}


def label_to_json(label: Hashable) -> dict[str, Any]:
    """Return `label` as an object with its ``type`` and ``value``.

    Raises
    ------
    UsageError
        If `label` is not made of str, int, float, bool, bytes, None, tuple and frozenset.
    """
    if type(label) not in _TYPES or (isinstance(label, float) and not math.isfinite(label)):
        raise UsageError(
            "The labels of a saved model must be made of str, int, float, bool, bytes, None, tuple "
            f"and frozenset. Received: {label!r} ({type(label).__name__})."
        )
    name, write, _ = _TYPES[type(label)]
    return {"type": name, "value": write(label)}


def label_from_json(written: dict[str, Any]) -> Hashable:
    """Return the label that `label_to_json` wrote.

    Raises
    ------
    KeyError, TypeError, ValueError
        If `label_to_json` did not write that.
    """
    return _READERS[written["type"]](written["value"])
