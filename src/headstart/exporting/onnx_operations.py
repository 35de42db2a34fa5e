"""The operations of our graphs, as nodes of ONNX: a table of one small function an operation.

What both mean is in https://docs.openvino.ai/2026/documentation/openvino-ir-format/operation-sets
and in https://onnx.ai/onnx/operators/.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from headstart.errors import ConversionError
from headstart.exporting.onnx_graph import OnnxGraph, type_number
from headstart.exporting.onnx_weights import fake_quantised, is_weights, weights

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from openvino import Model, Node, Output

# Of OpenVINO's types that a graph converts to.
_KINDS = {
    "f16": "float16",
    "f32": "float32",
    "f64": "float64",
    "u8": "uint8",
    "i32": "int32",
    "i64": "int64",
}
_MODES = {"constant": "constant", "edge": "edge", "reflect": "reflect"}


class Translation:
    """A graph of OpenVINO on its way to ONNX.

    Attributes
    ----------
    graph : OnnxGraph
        What there is of it so far.
    """

    def __init__(self, name: str) -> None:
        self.graph = OnnxGraph(name)
        self._names: dict[tuple[str, int], str] = {}

    def translate(self, model: Model) -> OnnxGraph:
        """Return all of a model.

        Raises
        ------
        ConversionError
            If it has an operation that is not in `OPERATIONS`, or one in a way that ONNX has not.
        """
        inside = (node for node in model.get_ordered_ops() if node.get_type_name() != "Result")
        # Programs take the first output for the answer, so the outputs keep their order.
        for node in (*inside, *model.get_results()):
            kind = node.get_type_name()
            if kind == "Constant":
                continue  # written where it is read: as axes, or as weights in another order
            if kind not in OPERATIONS:
                raise unable(node, "this operation")
            OPERATIONS[kind](self, node)
        return self.graph

    def name(self, output: Output) -> str:
        """Return the name of a value; a constant is written when it is first read."""
        key = output.get_node().get_name(), output.get_index()
        if key not in self._names:
            values = output.get_node().get_data()
            self._names[key] = self.graph.constant(values, values.dtype.name)
        return self._names[key]

    def inputs(self, node: Node) -> list[str]:
        """Return the names of what a node computes from."""
        return [self.name(value) for value in node.input_values()]

    def give(self, node: Node, name: str, index: int = 0) -> None:
        """Record the name of an output of a node."""
        self._names[node.get_name(), index] = name

    def add(self, node: Node, operation: str, *inputs: str, **attributes: Any) -> None:
        """Add one node of ONNX that is the node."""
        self.give(node, self.graph.add(operation, inputs, **attributes))

    def whole(self, values: object) -> str:
        """Add a constant of whole numbers."""
        return self.graph.constant(values, "int64")


def unable(node: Node, what: str) -> ConversionError:
    """Return the error about what ONNX can't hold."""
    return ConversionError(
        f"{node.get_type_name()} can't be written as ONNX: {what} has no counterpart there that "
        "this version of headstart knows. Export the model to OpenVINO's format, which holds every "
        "model."
    )


def constant(node: Node, place: int) -> NDArray[Any]:
    """Return an input of a node that says how it works, such as its axes."""
    source = node.input_value(place).get_node()
    if source.get_type_name() != "Constant":
        raise unable(node, f"a computed input {place}")
    return np.array(source.get_data())


def axes(node: Node, place: int = 1) -> list[int]:
    """Return an input of a node as a list of whole numbers."""
    return [int(value) for value in constant(node, place).ravel()]


def _same(operation: str, **attributes: Any) -> Callable[[Translation, Node], None]:
    """Return what translates an operation that has the same inputs and meaning."""
    return lambda to, node: to.add(node, operation, *to.inputs(node), **attributes)


def _parameter(to: Translation, node: Node) -> None:
    name = node.get_friendly_name()
    _, *sizes = node.get_output_partial_shape(0)
    to.graph.take(name, "uint8", ["n", *(size.get_length() for size in sizes)])
    to.give(node, name)


def _result(to: Translation, node: Node) -> None:
    name = node.get_friendly_name()
    _, *sizes = node.get_output_partial_shape(0)
    to.graph.add("Identity", to.inputs(node), outputs=[name])
    to.graph.give(name, "float32", ["n", *(size.get_length() for size in sizes)])


def _convert(to: Translation, node: Node) -> None:
    kind = _KINDS.get(node.get_attributes()["destination_type"])
    if kind is None:
        raise unable(node, f"the type {node.get_attributes()['destination_type']}")
    to.add(node, "Cast", *to.inputs(node), to=type_number(kind))


def _window(node: Node, kernel: str = "") -> dict[str, Any]:
    """Return the attributes of convolutions and poolings."""
    said = node.get_attributes()
    found = {"strides": said["strides"], "pads": [*said["pads_begin"], *said["pads_end"]]}
    if "dilations" in said:
        found["dilations"] = said["dilations"]
    if kernel:
        found[kernel] = said["kernel"]
    return {name: [int(value) for value in values] for name, values in found.items()}


def _convolution(to: Translation, node: Node) -> None:
    kernel = weights(to.graph, node.input_value(1).get_node(), lambda array: array)
    to.add(node, "Conv", to.name(node.input_value(0)), kernel, **_window(node))


def _group_convolution(to: Translation, node: Node) -> None:
    source = node.input_value(1)
    n_groups, n_outputs, *_ = source.get_shape()

    def joined(array: NDArray[Any]) -> NDArray[Any]:
        # Scales have axes of size 1 that say the same of all.
        whole = np.broadcast_to(array, (n_groups, n_outputs, *array.shape[2:]))
        return whole.reshape(n_groups * n_outputs, *array.shape[2:])

    kernel = weights(to.graph, source.get_node(), joined)
    to.add(node, "Conv", to.name(node.input_value(0)), kernel, group=n_groups, **_window(node))


def _matmul(to: Translation, node: Node) -> None:
    said = node.get_attributes()
    first = to.name(node.input_value(0))
    if said["transpose_a"]:
        first = _turned(to, first, node.input_value(0))
    source, turn = node.input_value(1), said["transpose_b"]
    if is_weights(source.get_node()):
        second = weights(
            to.graph,
            source.get_node(),
            lambda array: array.swapaxes(-1, -2) if turn and array.ndim > 1 else array,
        )
    else:
        second = _turned(to, to.name(source), source) if turn else to.name(source)
    to.add(node, "MatMul", first, second)


def _turned(to: Translation, name: str, source: Output) -> str:
    """Return a value with its last two axes exchanged."""
    *order, rows, columns = range(len(source.get_partial_shape()))
    return to.graph.add("Transpose", [name], perm=[*order, columns, rows])


def _average_pool(to: Translation, node: Node) -> None:
    said, window = node.get_attributes(), _window(node, "kernel_shape")
    # ONNX has it since version 19 only.
    if set(window.pop("dilations", [1])) != {1}:
        raise unable(node, "a mean over pixels that are apart")
    # Where only rounding up leads beyond the image, OpenVINO counts nothing there.
    zeros_count = not said["exclude-pad"] and any(window["pads"])
    to.add(
        node,
        "AveragePool",
        *to.inputs(node),
        ceil_mode=int(said["rounding_type"] != "floor"),
        count_include_pad=int(zeros_count),
        **window,
    )


def _max_pool(to: Translation, node: Node) -> None:
    ceil = int(node.get_attributes()["rounding_type"] != "floor")
    to.add(node, "MaxPool", *to.inputs(node), ceil_mode=ceil, **_window(node, "kernel_shape"))


def _batch_norm(to: Translation, node: Node) -> None:
    to.add(
        node,
        "BatchNormalization",
        *to.inputs(node),
        epsilon=float(node.get_attributes()["epsilon"]),
    )


def _clamp(to: Translation, node: Node) -> None:
    said = node.get_attributes()
    limits = (to.graph.constant(np.float32(said[name])) for name in ("min", "max"))
    to.add(node, "Clip", *to.inputs(node), *limits)


def _gelu(to: Translation, node: Node) -> None:
    (values,) = to.inputs(node)
    graph, half = to.graph, to.graph.constant(np.float32(0.5))
    if node.get_attributes()["approximation_mode"] == "ERF":
        scaled = graph.add("Mul", [values, graph.constant(np.float32(math.sqrt(0.5)))])
        share = graph.add("Erf", [scaled])
    else:
        cube = graph.add("Mul", [values, graph.add("Mul", [values, values])])
        cube = graph.add("Mul", [cube, graph.constant(np.float32(0.044715))])
        total = graph.add("Add", [values, cube])
        scaled = graph.add("Mul", [total, graph.constant(np.float32(math.sqrt(2 / math.pi)))])
        share = graph.add("Tanh", [scaled])
    share = graph.add("Add", [share, graph.constant(np.float32(1))])
    to.add(node, "Mul", graph.add("Mul", [values, share]), half)


def _hard_swish(to: Translation, node: Node) -> None:
    (values,) = to.inputs(node)
    share = to.graph.add("HardSigmoid", [values], alpha=1 / 6, beta=0.5)
    to.add(node, "Mul", values, share)


def _swish(to: Translation, node: Node) -> None:
    values, *beta = to.inputs(node)
    scaled = to.graph.add("Mul", [values, *beta]) if beta else values
    to.add(node, "Mul", values, to.graph.add("Sigmoid", [scaled]))


def _softmax(to: Translation, node: Node) -> None:
    to.add(node, "Softmax", *to.inputs(node), axis=int(node.get_attributes()["axis"]))


def _concat(to: Translation, node: Node) -> None:
    to.add(node, "Concat", *to.inputs(node), axis=int(node.get_attributes()["axis"]))


def _gather(to: Translation, node: Node) -> None:
    if node.get_attributes()["batch_dims"]:
        raise unable(node, "a batch of indices")
    # The axis is no input there: to name it would write a constant that nothing uses.
    values, indices = (to.name(node.input_value(place)) for place in (0, 1))
    to.add(node, "Gather", values, indices, axis=axes(node, 2)[0])


def _pad(to: Translation, node: Node) -> None:
    mode = _MODES.get(node.get_attributes()["pad_mode"])
    if mode is None:
        raise unable(node, f"the mode {node.get_attributes()['pad_mode']}")
    values, pads = to.name(node.input_value(0)), to.whole([*axes(node, 1), *axes(node, 2)])
    filling = [to.name(node.input_value(3))] if node.get_input_size() > 3 else []
    to.add(node, "Pad", values, pads, *filling, mode=mode)


def _reshape(to: Translation, node: Node) -> None:
    pattern = axes(node)
    if 0 in pattern and not node.get_attributes()["special_zero"]:
        raise unable(node, "an axis without values")
    to.add(node, "Reshape", to.name(node.input_value(0)), to.whole(pattern))


def _slice(to: Translation, node: Node) -> None:
    starts, stops, steps = (axes(node, place) for place in (1, 2, 3))
    named = axes(node, 4) if node.get_input_size() > 4 else list(range(len(starts)))
    ends = (to.whole(numbers) for numbers in (starts, stops, named, steps))
    to.add(node, "Slice", to.name(node.input_value(0)), *ends)


def _split(to: Translation, node: Node) -> None:
    values = to.name(node.input_value(0))
    names = [to.graph.new_name("Split") for _ in node.outputs()]
    to.graph.add("Split", [values], outputs=names, axis=axes(node)[0])
    for index, name in enumerate(names):
        to.give(node, name, index)


def _transpose(to: Translation, node: Node) -> None:
    rank = len(node.get_input_partial_shape(0))
    order = axes(node) or list(range(rank))[::-1]
    to.add(node, "Transpose", to.name(node.input_value(0)), perm=order)


def _reduce(operation: str) -> Callable[[Translation, Node], None]:
    def translate(to: Translation, node: Node) -> None:
        keep = int(node.get_attributes()["keep_dims"])
        values = to.name(node.input_value(0))
        if operation == "ReduceSum":  # in this version, the only one whose axes are an input
            to.add(node, operation, values, to.whole(axes(node)), keepdims=keep)
        else:
            to.add(node, operation, values, axes=axes(node), keepdims=keep)

    return translate


def _top_k(to: Translation, node: Node) -> None:
    said = node.get_attributes()
    names = [to.graph.new_name("TopK") for _ in range(2)]
    to.graph.add(
        "TopK",
        [to.name(node.input_value(0)), to.whole(axes(node))],
        outputs=names,
        axis=int(said["axis"]),
        largest=int(said["mode"] == "max"),
    )
    for index, name in enumerate(names):
        to.give(node, name, index)


def _one_hot(to: Translation, node: Node) -> None:
    on, off = (constant(node, place).item() for place in (2, 3))
    depth, ends = to.whole(axes(node)), to.graph.constant([off, on])
    axis = int(node.get_attributes()["axis"])
    # ONNX Runtime has it for numbers of 64 bits.
    codes = to.graph.add("Cast", [to.name(node.input_value(0))], to=type_number("int64"))
    to.add(node, "OneHot", codes, depth, ends, axis=axis)


def _fake_quantize(to: Translation, node: Node) -> None:
    to.give(node, fake_quantised(to.graph, to.name(node.input_value(0)), node))


#: How each operation is translated, under OpenVINO's names.
OPERATIONS: dict[str, Callable[[Translation, Node], None]] = {
    "Add": _same("Add"),
    "AvgPool": _average_pool,
    "BatchNormInference": _batch_norm,
    "Clamp": _clamp,
    "Concat": _concat,
    "Convert": _convert,
    "Convolution": _convolution,
    "Divide": _same("Div"),
    "Elu": lambda to, node: to.add(
        node, "Elu", *to.inputs(node), alpha=float(node.get_attributes()["alpha"])
    ),
    "Erf": _same("Erf"),
    "FakeQuantize": _fake_quantize,
    "Gather": _gather,
    "Gelu": _gelu,
    "GroupConvolution": _group_convolution,
    "HSwish": _hard_swish,
    "Log": _same("Log"),
    "MatMul": _matmul,
    "MaxPool": _max_pool,
    "Maximum": _same("Max"),
    "Multiply": _same("Mul"),
    "Negative": _same("Neg"),
    "OneHot": _one_hot,
    "Pad": _pad,
    "Parameter": _parameter,
    "Power": _same("Pow"),
    "ReduceMax": _reduce("ReduceMax"),
    "ReduceMean": _reduce("ReduceMean"),
    "ReduceSum": _reduce("ReduceSum"),
    "Relu": _same("Relu"),
    "Reshape": _reshape,
    "Result": _result,
    "Sigmoid": _same("Sigmoid"),
    "Slice": _slice,
    "Softmax": _softmax,
    "Split": _split,
    "Sqrt": _same("Sqrt"),
    "Subtract": _same("Sub"),
    "Swish": _swish,
    "Tanh": _same("Tanh"),
    "TopK": _top_k,
    "Transpose": _transpose,
}
