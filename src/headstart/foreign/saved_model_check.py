"""Look into TensorFlow's SavedModels of strangers before a front end does.

A SavedModel is a program in TensorFlow's operations. OpenVINO's front end translates them and runs
none. What is checked is that this ends: functions that call themselves, and constants that say one
number for a tensor larger than memory.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from headstart.foreign.calls import Body, check_calls
from headstart.foreign.files import SAVED_MODEL, mapped
from headstart.foreign.protobuf import integers_in, messages_in, only, texts_in
from headstart.foreign.sizes import check_total, n_values
from headstart.untrusted.regular_files import open_regular

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: Nodes of a SavedModel, before functions are written out, and its graphs: there is one, or a few
#: for several uses.
MAX_NODES = 1_000_000
MAX_GRAPHS = 100

# Fields of the messages, by the names of TensorFlow's schema.
_META_GRAPHS, _GRAPH = 2, 2
_NODES, _LIBRARY, _FUNCTIONS = 1, 2, 1
_SIGNATURE, _FUNCTION_NODES, _NAME = 1, 3, 1
_OPERATION, _ATTRIBUTES, _VALUE = 2, 5, 2
_LIST, _TENSOR, _FUNCTION, _LISTED_TENSORS, _LISTED_FUNCTIONS = 1, 8, 10, 8, 9
_TYPE, _SHAPE, _AXES, _LENGTH = 1, 2, 2, 1
# Bytes of a value by the number of its type; most have 4.
_BYTES = {**dict.fromkeys((4, 6, 10), 1), **dict.fromkeys((2, 8, 9, 23), 8), 18: 16}
_TEXT = 7


def check_saved_model(folder: Path) -> None:
    """Check that a front end can read a SavedModel within the memory and time that it is worth.

    Raises
    ------
    ValueError
        If it is no SavedModel or is cut short, if it has more than `MAX_NODES` nodes or
        `MAX_GRAPHS` graphs, if functions call themselves or double at each step, or if constants
        are much larger than its files.
    OSError
        If it can't be read.
    """
    stored = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    with open_regular(folder / SAVED_MODEL) as file, mapped(file) as content:
        found = (
            graph
            for meta_graph in messages_in(content, _META_GRAPHS)
            for graph in messages_in(meta_graph, _GRAPH)
        )
        graphs = list(islice(found, MAX_GRAPHS + 1))
        if not 0 < len(graphs) <= MAX_GRAPHS:
            raise ValueError("a SavedModel without a graph, or with far too many")
        for graph in graphs:
            _check_graph(graph, stored)


def _check_graph(graph: memoryview, stored: int) -> None:
    bodies = {"": Body()}
    sizes: list[int] = []
    for number, (name, node) in enumerate(_nodes(graph), 1):
        if number > MAX_NODES:
            raise ValueError(f"more than {MAX_NODES:,} nodes")
        body = bodies.setdefault(name, Body())
        body.n_nodes += 1
        body.calls.append(only(texts_in(node, _OPERATION), ""))
        for value in _values(node):
            body.calls += _called(value)
            sizes += map(_size, _tensors(value))
    check_total(sizes, stored)
    check_calls(bodies)


def _nodes(graph: memoryview) -> Iterator[tuple[str, memoryview]]:
    """Yield each node with the name of the function that it is in; "" is the graph itself."""
    for node in messages_in(graph, _NODES):
        yield "", node
    for library in messages_in(graph, _LIBRARY):
        for function in messages_in(library, _FUNCTIONS):
            signature = only(messages_in(function, _SIGNATURE), memoryview(b""))
            name = only(texts_in(signature, _NAME), "")
            if not name:
                raise ValueError("a function without a name")
            for node in messages_in(function, _FUNCTION_NODES):
                yield name, node


def _values(node: memoryview) -> Iterator[memoryview]:
    """Yield the values of the attributes of a node."""
    for attribute in messages_in(node, _ATTRIBUTES):
        yield from messages_in(attribute, _VALUE)


def _called(value: memoryview) -> Iterator[str]:
    """Yield the names of the functions that an attribute names."""
    for function in messages_in(value, _FUNCTION):
        yield from texts_in(function, _NAME)
    for several in messages_in(value, _LIST):
        for function in messages_in(several, _LISTED_FUNCTIONS):
            yield from texts_in(function, _NAME)


def _tensors(value: memoryview) -> Iterator[memoryview]:
    yield from messages_in(value, _TENSOR)
    for several in messages_in(value, _LIST):
        yield from messages_in(several, _LISTED_TENSORS)


def _size(tensor: memoryview) -> int:
    """Return the bytes of a constant in memory."""
    kind = only(integers_in(tensor, _TYPE), 0)
    if kind == _TEXT:
        return len(tensor)
    shape = (
        only(integers_in(axis, _LENGTH), 0)
        for sizes in messages_in(tensor, _SHAPE)
        for axis in messages_in(sizes, _AXES)
    )
    return n_values(shape) * _BYTES.get(kind, 4)
