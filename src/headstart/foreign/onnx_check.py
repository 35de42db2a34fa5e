"""Look into ONNX files of strangers before a front end does.

An ONNX file may keep tensors in files beside it, and name them by any path; it may say that a
tensor has more values than are stored, and hold loops and functions that never end. Read are the
parts of the message in which nodes and tensors stand, whatever deep; nothing is loaded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from headstart.escaping import quoted
from headstart.foreign.calls import Body, check_calls
from headstart.foreign.files import mapped
from headstart.foreign.protobuf import integers_in, messages_in, only, read_fields, texts_in
from headstart.foreign.sizes import check_total, n_values
from headstart.untrusted.regular_files import open_regular

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: Graphs inside each other: loops and conditions have a few.
MAX_DEPTH = 32
#: Fields of all messages in which nodes and tensors stand. A node has about twenty.
MAX_FIELDS = 2_000_000
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
_OPERATION, _NAME, _FUNCTION_NODES = 4, 1, 7
#: Operations that run others again and again, as often as a number in the file says.
REFUSED = ("Loop", "Scan", "SequenceMap")

# Of a tensor: the fields that hold its values, and the bits of a value by the number of its type.
_DIMS, _TYPE, _SEGMENT, _TEXTS, _RAW, _EXTERNAL = 1, 2, 3, 6, 9, 13
_TYPED = (4, 5, 7, 10, 11)
_BITS = {
    **dict.fromkeys((2, 3, 9, 17, 18, 19, 20, 24), 8),
    **dict.fromkeys((4, 5, 10, 16), 16),
    **dict.fromkeys((1, 6, 12), 32),
    **dict.fromkeys((7, 11, 13, 14), 64),
    **dict.fromkeys((21, 22, 23), 4),
    15: 128,
}


def external_files(path: Path) -> tuple[str, ...]:
    """Return the names of the files beside an ONNX file that hold its weights.

    Parameters
    ----------
    path : Path

    Raises
    ------
    ValueError
        If it is no such file or is cut short; if graphs are too deep inside each other, or there
        are too many fields; or if a file would lie anywhere but in the folder of `path`.
    OSError
        If it can't be read.
    """
    with open_regular(path) as file, mapped(file) as content:
        tensors = (message for kind, message in _parts(content) if kind == "tensor")
        found = {_place(place) for place in map(_location, tensors) if place is not None}
    if len(found) > MAX_FILES:
        raise ValueError(f"weights in more than {MAX_FILES:,} files")
    return tuple(sorted(found))


def check_onnx(path: Path) -> None:
    """Check that a front end can read an ONNX file within the memory and time that it is worth.

    Parameters
    ----------
    path : Path
        The files beside it must be there.

    Raises
    ------
    ValueError
        See `external_files`; or if a tensor has more values than are stored, if it has operations
        that repeat others, or functions that call themselves.
    OSError
        If it can't be read.
    """
    sizes, stored = [], path.stat().st_size
    stored += sum((path.parent / name).stat().st_size for name in external_files(path))
    functions: dict[str, Body] = {}
    with open_regular(path) as file, mapped(file) as content:
        for kind, message in _parts(content):
            if kind == "node":
                _check_operation(message)
            elif kind == "sparse":
                raise ValueError("sparse tensors")
            elif kind == "tensor":
                sizes.append(_checked_size(message, path.parent))
            elif kind == "function":
                name, body = only(texts_in(message, _NAME), ""), _body(message)
                # Those of other domains may have the same name: together they call what each calls.
                known = functions.get(name, Body(0, []))
                functions[name] = Body(known.n_nodes + body.n_nodes, [*known.calls, *body.calls])
    check_total(sizes, stored)
    check_calls(functions)


def _parts(content: memoryview) -> Iterator[tuple[str, memoryview]]:
    """Yield every message in which nodes and tensors stand, with what it is."""
    yield "model", content
    # The messages that are being read, each inside the one before it. Not all that are still to
    # read: a message of two bytes takes a hundred times as many.
    open_messages = [("model", read_fields(content))]
    n_fields = 0
    while open_messages:
        kind, fields = open_messages[-1]
        field = next(fields, None)
        if field is None:
            open_messages.pop()
            continue
        n_fields += 1
        if n_fields > MAX_FIELDS:
            raise ValueError(f"more than {MAX_FIELDS:,} fields of nodes and tensors")
        inner = _INSIDE[kind].get(field.number)
        if inner is None or not isinstance(field.value, memoryview):
            continue
        yield inner, field.value
        if inner in _INSIDE:
            open_messages.append((inner, read_fields(field.value)))
            if sum(kind == "graph" for kind, _ in open_messages) > MAX_DEPTH:
                raise ValueError(f"graphs more than {MAX_DEPTH} deep inside each other")


def _external(tensor: memoryview) -> dict[str, str]:
    """Return what a tensor says of the file with its values; nothing if they are in this one."""
    said: dict[str, str] = {}
    for entry in messages_in(tensor, _EXTERNAL):
        key = only(texts_in(entry, _KEY), "")
        if key in said:
            raise ValueError(f"values in another file with two of {quoted(key)}")
        said[key] = only(texts_in(entry, _VALUE), "")
    return said


def _location(tensor: memoryview) -> str | None:
    external = _external(tensor)
    return external.get("location", "") if external else None


def _check_operation(node: memoryview) -> None:
    name = only(texts_in(node, _OPERATION), "")
    if name in REFUSED:
        raise ValueError(f"the operation {name}, which repeats others")


def _body(function: memoryview) -> Body:
    calls = [
        only(texts_in(node, _OPERATION), "") for node in messages_in(function, _FUNCTION_NODES)
    ]
    return Body(len(calls), calls)


def _checked_size(tensor: memoryview, folder: Path) -> int:
    """Return the bytes of a tensor's values, which must all be stored."""
    if any(True for _ in messages_in(tensor, _SEGMENT)):
        raise ValueError("a tensor in segments")
    kind = only(integers_in(tensor, _TYPE), 0)
    values = n_values(integers_in(tensor, _DIMS))
    size = -(-values * _BITS.get(kind, 8) // 8)
    stored = _stored(tensor, values, size)
    external = _external(tensor)
    if external:
        stored = _external_bytes(external, folder, size)
    if size > stored:
        raise ValueError(f"a tensor of {values:,} values that are not all stored")
    return size


def _stored(tensor: memoryview, values: int, size: int) -> int:
    """Return how many bytes of a tensor's values stand in the tensor."""
    raw = only(messages_in(tensor, _RAW), None)
    if raw is not None:
        return len(raw)
    # Each takes a byte at least, and one number may hold two of 4 bits.
    typed = 0
    for field in read_fields(tensor):
        if field.number == _TEXTS:
            typed += 1
        elif field.number in _TYPED:
            typed += len(field.value) if isinstance(field.value, memoryview) else 1
    return size if values <= 2 * typed else 0


def _external_bytes(external: dict[str, str], folder: Path, expected: int) -> int:
    """Return how many bytes of a file a tensor takes."""
    stored = (folder / _place(external.get("location", ""))).stat().st_size
    numbers = external.get("offset", "0"), external.get("length", str(expected))
    if not all(number.isascii() and number.isdigit() and len(number) < 20 for number in numbers):
        raise ValueError(f"weights from {quoted(numbers[0])}, {quoted(numbers[1])} bytes of them")
    offset, length = map(int, numbers)
    if offset + length > stored:
        raise ValueError(f"weights beyond the end of {quoted(external.get('location', ''))}")
    return length


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
