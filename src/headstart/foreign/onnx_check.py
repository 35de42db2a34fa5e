"""Look into ONNX files of strangers before a front end does: where their weights are.

An ONNX file may keep tensors in files beside it, and name them by any path. Read are the parts of
the message in which tensors stand, whatever deep; nothing is loaded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from headstart.escaping import quoted
from headstart.foreign.files import mapped
from headstart.foreign.protobuf import BYTES, read_fields, texts_in
from headstart.untrusted.regular_files import open_regular

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: Graphs inside each other: loops and conditions have a few.
MAX_DEPTH = 32
#: Nodes, tensors and attributes together.
MAX_PARTS = 2_000_000
MAX_FILES = 1000

# Which fields of a message hold which messages, by the names of ONNX's schema.
_INSIDE = {
    "model": {7: "graph", 25: "function"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "function": {7: "node", 11: "attribute"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {13: "external"},
}
_KEY, _VALUE = 1, 2


def external_files(path: Path) -> tuple[str, ...]:
    """Return the names of the files beside an ONNX file that hold its weights.

    Parameters
    ----------
    path : Path

    Raises
    ------
    ValueError
        If it is no such file or is cut short; if graphs are too deep inside each other, or there
        are too many parts; or if a file would lie anywhere but in the folder of `path`.
    OSError
        If it can't be read.
    """
    with open_regular(path) as file, mapped(file) as content:
        found = {_place(name) for name in _locations(content)}
    if len(found) > MAX_FILES:
        raise ValueError(f"weights in more than {MAX_FILES:,} files")
    return tuple(sorted(found))


def _locations(content: memoryview) -> Iterator[str]:
    """Yield where tensors say that their values are."""
    to_read = [("model", content, 0)]
    n_parts = 0
    while to_read:
        kind, message, depth = to_read.pop()
        if kind == "external":
            if next(texts_in(message, _KEY), "") == "location":
                yield next(texts_in(message, _VALUE), "")
            continue
        if depth > MAX_DEPTH:
            raise ValueError(f"graphs more than {MAX_DEPTH} deep inside each other")
        inside = _INSIDE[kind]
        for field in read_fields(message):
            if field.number in inside and field.wire == BYTES:
                n_parts += 1
                if n_parts > MAX_PARTS:
                    raise ValueError(f"more than {MAX_PARTS:,} nodes and tensors")
                inner = inside[field.number]
                to_read.append((inner, memoryview(field.value), depth + (inner == "graph")))  # type: ignore[arg-type]


def _place(name: str) -> str:
    """Return the name of a file beside the network, or refuse it."""
    parts = name.replace("\\", "/").split("/")
    parts = [part for part in parts if part != "."]
    is_plain = parts and all(part not in ("", "..") and ":" not in part for part in parts)
    if not is_plain or not name.isprintable():
        raise ValueError(
            f"weights in {quoted(name)}, where they must be in a file beside the network"
        )
    return "/".join(parts)
