"""Check a graph from a stranger: before OpenVINO reads it, and before it is compiled.

OpenVINO runs whatever a graph says: a loop of 2 ** 60 steps, a padding of a million pixels. Only
what the networks of the catalogue and the heads are made of is let through, and only as much work
and memory as an image of its size is worth.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from headstart.escaping import quoted
from headstart.networks.runtime import for_one_image
from headstart.untrusted.xml_text import read_xml

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray
    from openvino import Model, Node, Output, PartialShape

    from headstart.networks.network import Network

#: Bytes and layers of a graph. The largest of the catalogue has 4 MB and 6,000.
MAX_BYTES = 2**25
MAX_LAYERS = 30_000
#: Values of one tensor for each pixel of an image; networks of the catalogue have up to 64.
MAX_VALUES = 256
#: Multiply-accumulates and other values computed for each pixel; those have up to 2.5 million.
MAX_WORK = 5_000_000
# Networks for tiny images have as much at least.
_LEAST_VALUES, _LEAST_WORK = 2**24, 2**34

_ALL = 10
# DenseNet joins up to 49 feature maps at once.
_MOST_PARTS = 100
#: The operations of a graph, and how many of their inputs may depend on the image. The others are
#: constants, so that no shape depends on anything computed.
OPERATIONS = {
    **dict.fromkeys(["Const", "Parameter"], 0),
    "Concat": _MOST_PARTS,
    **dict.fromkeys(["Add", "Divide", "MatMul", "Multiply", "Power", "Subtract"], _ALL),
    **dict.fromkeys(["AvgPool", "BatchNormInference", "Convolution", "GroupConvolution"], 1),
    **dict.fromkeys(
        ["Clamp", "Elu", "Erf", "Gelu", "HSwish", "ReLU", "Sigmoid", "SoftMax", "Swish"], 1
    ),
    **dict.fromkeys(["Convert", "FakeQuantize", "MaxPool", "Negative"], 1),
    **dict.fromkeys(["Gather", "Pad", "Reshape", "Slice", "Split", "Transpose"], 1),
    **dict.fromkeys(["ReduceMax", "ReduceMean", "Result", "Sqrt", "Tanh"], 1),
}
# Their second input may be weights of 8 bits: Multiply(Convert(Const), Const).
_WEIGHTED = ("Convolution", "GroupConvolution", "MatMul")
# The steps of 8 bits, for FakeQuantize.
_MOST_LEVELS = 256
# Bytes of a value of a constant.
_TYPES = {"u8": 1, "i8": 1, "f16": 2, "i32": 4, "f32": 4, "i64": 8, "f64": 8}

_FLOATS = {"f16": "float16", "f32": "float32", "f64": "float64"}

_ELEMENTS = {
    *("net", "layers", "layer", "data", "input", "output", "port", "dim", "edges", "edge"),
    *("rt_info", "attribute"),
}


def check_graph(xml: bytes, weights: NDArray[np.uint8]) -> None:
    """Check the text of a graph before OpenVINO reads it.

    Parameters
    ----------
    xml : bytes
        What is in ``graph.xml``.
    weights : ndarray of uint8, shape (n,)
        What is in ``graph.bin``.

    Raises
    ------
    ValueError
        If it is no XML as OpenVINO writes it, has operations that no network of headstart has,
        shapes that are computed, constants that are not in ``graph.bin``, or NaN or infinity in
        them.
    """
    if len(xml) > MAX_BYTES:
        raise ValueError(f"a graph of more than {MAX_BYTES:,} bytes")
    reader = _Reader()
    reader.read(xml)
    layers = reader.layers
    if len(layers) > MAX_LAYERS:
        raise ValueError(f"more than {MAX_LAYERS:,} layers")
    for layer in layers.values():
        if layer.kind not in OPERATIONS or not re.fullmatch(r"opset\d{1,2}", layer.version):
            raise ValueError(f"the operation {quoted(layer.kind)} ({quoted(layer.version)})")
        levels = layer.data.get("levels", "0")
        if layer.kind == "FakeQuantize" and not 2 <= int(levels) <= _MOST_LEVELS:
            raise ValueError(f"{quoted(levels)} levels of FakeQuantize")
    _check_edges(layers, reader.edges)
    constants = [layer.data for layer in layers.values() if layer.kind == "Const"]
    sizes = [_bytes(data, len(weights)) for data in constants]
    # Equal constants are written once. Each takes its own memory when it is compiled.
    if sum(sizes) > 2 * len(weights) + 2**26:
        raise ValueError(f"constants of {sum(sizes):,} bytes where {len(weights):,} are stored")
    for data, size in zip(constants, sizes, strict=True):
        if data["element_type"] in _FLOATS:
            start = int(data["offset"])
            _check_finite(weights[start : start + size].view(_FLOATS[data["element_type"]]))


@dataclass(slots=True)
class _Layer:
    kind: str
    version: str
    n_inputs: int = 0
    data: dict[str, str] = field(default_factory=dict)


_Edge = tuple[str, str, int]  # from a layer, to a layer, its input


class _Reader:
    """Reads layers and edges from the text of a graph."""

    def __init__(self) -> None:
        self.layers: dict[str, _Layer] = {}
        self.edges: list[_Edge] = []

    def read(self, xml: bytes) -> None:
        try:
            read_xml(xml, self._begin)
        except (KeyError, StopIteration) as error:
            raise ValueError(f"no graph: {error!r}") from error

    def _begin(self, path: list[str], attributes: dict[str, str]) -> None:
        if path[1:2] == ["rt_info"]:
            return  # notes about the conversion
        name = path[-1]
        if name not in _ELEMENTS:
            raise ValueError(f"the element {quoted(name)}")
        if name == "layer":
            self._add_layer(attributes["id"], _Layer(attributes["type"], attributes["version"]))
        elif name == "data":
            self._last.data.update(attributes)
        elif name == "port" and path[-2:-1] == ["input"]:
            self._add_input(attributes["id"])
        elif name == "edge":
            ends = attributes["from-layer"], attributes["to-layer"]
            self.edges.append((*ends, int(attributes["to-port"])))

    @property
    def _last(self) -> _Layer:
        return self.layers[next(reversed(self.layers))]

    def _add_layer(self, number: str, layer: _Layer) -> None:
        if number in self.layers:
            raise ValueError("two layers with one id")
        self.layers[number] = layer

    def _add_input(self, number: str) -> None:
        # Edges name inputs by these numbers.
        if number != str(self._last.n_inputs):
            raise ValueError("inputs out of order")
        self._last.n_inputs += 1


def _check_edges(layers: dict[str, _Layer], edges: Sequence[_Edge]) -> None:
    """Check that all that is computed depends on the image, and no shape does."""
    if len({edge[1:] for edge in edges}) < len(edges):
        raise ValueError("two values for one input")
    readers = defaultdict(list)
    for source, target, _ in edges:
        if source not in layers or target not in layers:
            raise ValueError("an edge without a layer")
        readers[source].append(target)
    constant = {name for name, layer in layers.items() if layer.kind == "Const"}
    rounded = _rounded_weights(layers, edges)
    for source, target, place in edges:
        kind = layers[target].kind
        is_weights = source in rounded and kind in _WEIGHTED and place == 1
        if source in rounded and not is_weights:
            raise ValueError(f"weights of 8 bits as input {place} of {kind}")
        if place >= OPERATIONS[kind] and source not in constant and not is_weights:
            raise ValueError(f"input {place} of {kind} is not constant")
    images = [name for name, layer in layers.items() if layer.kind == "Parameter"]
    reached, to_visit = set(images), list(images)
    while to_visit:
        new = set(readers[to_visit.pop()]) - reached
        reached |= new
        to_visit += new
    converted = {source for source, target, _ in edges if target in rounded}
    if len(images) != 1 or layers.keys() - reached - constant - rounded - converted:
        raise ValueError("operations that do not depend on the image")


def _rounded_weights(layers: dict[str, _Layer], edges: Sequence[_Edge]) -> set[str]:
    """Return the layers that make numbers of weights of 8 bits: Multiply(Convert(Const), Const)."""
    sources: dict[str, dict[int, str]] = defaultdict(dict)
    for source, target, place in edges:
        sources[target][place] = source

    def made_of(name: str, kind: str) -> list[str]:
        """Return the kinds of what a layer of this kind is made of; nothing for other layers."""
        if layers[name].kind != kind:
            return []
        return [layers[source].kind for _, source in sorted(sources[name].items())]

    return {
        name
        for name in layers
        if made_of(name, "Multiply") == ["Convert", "Const"]
        and made_of(sources[name][0], "Convert") == ["Const"]
    }


def _bytes(data: dict[str, str], n_weights: int) -> int:
    """Return the size of a constant, and check that it is in ``graph.bin``."""
    try:
        shape = [int(size) for size in data["shape"].split(",") if size.strip()]
        start, size = int(data["offset"]), int(data["size"])
        expected = math.prod(shape) * _TYPES[data["element_type"]]
    except KeyError as error:
        raise ValueError(f"a constant with a wrong or missing {error}") from error
    if min([start, *shape]) < 0 or size != expected or start + size > n_weights:
        raise ValueError(f"a constant of the shape {quoted(data['shape'])} that is not stored")
    return size


def _check_finite(values: NDArray[Any]) -> None:
    import numpy as np

    # A rectifier would make zeros of them, and nobody would see it. The sum is finite, as a rule,
    # if all are, and quickly computed.
    with np.errstate(over="ignore", invalid="ignore"):
        is_finite = bool(np.isfinite(values.sum()))
    if not is_finite and not np.isfinite(values).all():
        raise ValueError("NaN or infinity among the weights")


def check_model(model: Model, network: Network) -> None:
    """Check what OpenVINO makes of a graph: its shapes, and what it costs to run it.

    Parameters
    ----------
    model : openvino.Model
    network : Network
        What it is described as.

    Raises
    ------
    ValueError
        If the inputs or outputs are not those that are described, or an image of this size would
        take too much memory or work.
    RuntimeError
        Of OpenVINO, if a shape is not known.
    """
    images = [_value(image) for image in model.inputs]
    found = {name: _value(output) for output in model.outputs for name in output.get_names()}
    # More outputs than are described do no harm.
    fits = all(found.get(name) == ("f32", shape) for name, shape in network.outputs.items())
    if images != [("u8", (*network.size, 3))] or not fits:
        raise ValueError(
            f"{images} and {found}, where {network.size} and {network.outputs} are described"
        )
    _check_cost(for_one_image(model), math.prod(network.size))


def _check_cost(model: Model, pixels: int) -> None:
    most, work = max(_LEAST_VALUES, MAX_VALUES * pixels), 0
    for node in model.get_ordered_ops():
        if node.get_type_name() != "Constant":
            values = max(_values(output) for output in node.outputs())
            if values > most:
                raise ValueError(f"{values:,} values in {node.get_type_name()}")
            work += values * _steps(node)
        if node.get_type_name() in _WEIGHTED:
            _check_weights(node.input_value(1).get_node())
    if work > max(_LEAST_WORK, MAX_WORK * pixels):
        raise ValueError(f"{work:,} values to compute")


def _check_weights(weights: Node) -> None:
    """Check that weights of 8 bits do not become more of them by their scale."""
    if weights.get_type_name() != "Multiply" or weights.get_output_partial_shape(0).is_dynamic:
        return
    shape, stored = weights.get_output_shape(0), weights.input_value(0).get_shape()
    if shape != stored:
        raise ValueError(f"weights of the shape {shape} of {stored}")


def _value(output: Output) -> tuple[str, tuple[int, ...]]:
    return output.get_element_type().get_type_name(), _shape(output.get_partial_shape())


def _values(output: Output) -> int:
    """Return how many values there are for each image, or in all if the batch is known."""
    batch = next(iter(output.get_partial_shape()), None)
    known = batch.get_length() if batch is not None and batch.is_static else 1
    return math.prod(_value(output)[1]) * int(known)


def _shape(shape: PartialShape) -> tuple[int, ...]:
    """Return a shape without the batch axis, which alone may have any size."""
    return tuple(axis.get_length() for axis in list(shape)[1:])


def _steps(node: Node) -> int:
    """Return how many values go into one value of the output."""
    kind = node.get_type_name()
    if kind in ("Convolution", "GroupConvolution"):
        kernel = list(node.input_value(1).get_shape())
        return math.prod(kernel[2:] if kind == "GroupConvolution" else kernel[1:])
    if kind == "MatMul":
        return max(_shape(node.get_input_partial_shape(0)) or (1,))
    if kind in ("AvgPool", "MaxPool"):
        return math.prod(node.get_attributes()["kernel"])
    return 1
