"""The operations of a graph as functions of torch.

Each row of `OPERATIONS` gives, for a node of OpenVINO, what computes the same with torch. An
operation of `headstart.networks.graph_check.OPERATIONS`, or a setting of one, that torch computes
otherwise raises `NotSupported`: nothing is approximated.
"""

from __future__ import annotations

import operator
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from torch.nn import functional

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray
    from openvino import Node, Output

Array = np.ndarray[Any, Any]
#: Values for each channel, in float64: what a node multiplies by, and what it then adds.
Affine = tuple[Array, Array]


class NotSupported(Exception):
    """torch has nothing that computes the same as this node."""


class Operation(NamedTuple):
    """What computes a node.

    Attributes
    ----------
    function : callable
        Takes the values that depend on the image, in order, and then `constants`. It returns a
        tensor, or a sequence of them for a node with several outputs.
    constants : tuple of ndarray
        Floats, or places along an axis as integers.
    exact : bool
        Whether it gives float32, whatever it takes.
    """

    function: Callable[..., Any]
    constants: tuple[Array, ...] = ()
    exact: bool = False


def is_constant(value: Output) -> bool:
    """Tell whether a value is a constant."""
    return value.get_node().get_type_name() == "Constant"


def constant(node: Node, index: int) -> Array:
    """Return a constant input of a node."""
    return np.array(node.input_value(index).get_node().get_data())


def shape_of(value: Output) -> tuple[int, ...]:
    """Return the shape of a value."""
    return tuple(value.get_shape())


def _numbers(node: Node, index: int) -> list[int]:
    return [int(number) for number in constant(node, index).reshape(-1)]


def _axes(node: Node, index: int) -> tuple[int, ...]:
    """Return the axes in a constant input, counted from the first axis of input 0."""
    rank = len(shape_of(node.input_value(0)))
    return tuple(axis % rank for axis in _numbers(node, index))


def _default(node: Node, name: str, expected: object) -> None:
    """Refuse a node whose attribute, if it has one, is another than `expected`."""
    found = node.get_attributes().get(name, expected)
    if found != expected:
        raise NotSupported(f"{name}={found}")


# --- Arithmetic


def _arithmetic(function: Callable[[Any, Any], Any]) -> Callable[[Node], Operation]:
    def build(node: Node) -> Operation:
        _check_broadcast(node)
        first, second = node.input_values()
        if is_constant(first):
            number = _number(constant(node, 0), second)
            if number is not None:
                return Operation(lambda x: function(number, x))
            return Operation(lambda x, c: function(c, x), (constant(node, 0),))
        if is_constant(second):
            number = _number(constant(node, 1), first)
            if number is not None:
                return Operation(lambda x: function(x, number))
            return Operation(function, (constant(node, 1),))
        return Operation(function)

    return build


def _check_broadcast(node: Node) -> None:
    if node.get_attributes().get("auto_broadcast", "numpy") not in ("numpy", "none"):
        _default(node, "auto_broadcast", "numpy")


def _number(values: Array, other: Output) -> float | None:
    """Return a constant as one number if that leaves the shape of the result as it is."""
    fits = values.size == 1 and values.ndim <= len(shape_of(other))
    return float(values.reshape(-1)[0]) if fits else None


def affine(node: Node, axis: int) -> Affine | None:
    """Return what a node does to each channel, if it multiplies by a number and adds another.

    Parameters
    ----------
    node : openvino.Node
    axis : int
        The axis of the channels.

    Returns
    -------
    tuple of ndarray of float64, shape (channels,), or None
        Factors and summands; None if the node does anything else.
    """
    kind = node.get_type_name()
    if kind == "BatchNormInference" and axis == 1:
        return _normalisation(node)
    if kind not in ("Add", "Subtract", "Multiply", "Divide"):
        return None
    values = [_for_channels(node, index, axis) for index in (0, 1)]
    first, second = values
    if kind in ("Add", "Multiply"):
        second = first if second is None else second
        first = None
    if first is not None:
        return (-np.ones_like(first), first) if kind == "Subtract" else None
    if second is None or (kind == "Divide" and not second.all()):
        return None
    one, zero = np.ones_like(second), np.zeros_like(second)
    if kind in ("Multiply", "Divide"):
        return (second if kind == "Multiply" else 1 / second), zero
    return one, (second if kind == "Add" else -second)


def _for_channels(node: Node, index: int, axis: int) -> NDArray[np.float64] | None:
    """Return a constant input with one number for each channel, or for all of them."""
    shape = shape_of(node.output(0))
    if not is_constant(node.input_value(index)) or shape != shape_of(node.input_value(1 - index)):
        return None
    if node.get_attributes().get("auto_broadcast", "numpy") == "pdpd":
        return None
    values = constant(node, index).astype(np.float64)
    values = values.reshape((1,) * (len(shape) - values.ndim) + values.shape)
    if any(size != 1 for i, size in enumerate(values.shape) if i != axis):
        return None
    return np.array(np.broadcast_to(values.reshape(-1), shape[axis]))


def _normalisation(node: Node) -> Affine:
    gamma, beta, mean, variance = (constant(node, i).astype(np.float64) for i in range(1, 5))
    factor = gamma / np.sqrt(variance + node.get_attributes()["epsilon"])
    return factor, beta - mean * factor


def scaled(affine: Affine, rank: int) -> Operation:
    """Return what multiplies each channel of a value with this many axes, and adds to it."""
    shape = (-1, *(1,) * (rank - 2))
    factor, summand = (values.reshape(shape) for values in affine)
    return Operation(lambda x, c, d: torch.addcmul(d, x, c), (factor, summand))


# --- Convolutions and products


def convolution(node: Node, affine: Affine | None) -> Operation:
    """Return a convolution, followed by what is done to each of its channels."""
    if not is_constant(node.input_value(1)):
        raise NotSupported("weights that are computed")
    weights = constant(node, 1).astype(np.float64)
    groups = 1
    if node.get_type_name() == "GroupConvolution":
        groups = weights.shape[0]
        weights = weights.reshape(-1, *weights.shape[2:])
    constants: tuple[Array, ...] = (weights,)
    if affine is not None:
        factor, summand = affine
        constants = (weights * factor.reshape(-1, *(1,) * (weights.ndim - 1)), summand)
    how = node.get_attributes()
    space, before, after = _windows(node, weights.shape[2:])
    function = getattr(functional, f"conv{space}d")
    settings = {"stride": how["strides"], "dilation": how["dilations"], "groups": groups}
    if before == after and min(before) >= 0:
        return Operation(partial(function, padding=before, **settings), constants)
    pads = _torch_pads(before, after)
    return Operation(
        lambda x, *rest: function(functional.pad(x, pads), *rest, **settings), constants
    )


def product(node: Node, affine: Affine | None) -> Operation:
    """Return a product with a matrix, followed by what is done to each of its columns."""
    weights = constant(node, 1).astype(np.float64)
    if not node.get_attributes()["transpose_b"]:
        weights = weights.T
    constants: tuple[Array, ...] = (weights,)
    if affine is not None:
        factor, summand = affine
        constants = (weights * factor[:, None], summand)
    return Operation(functional.linear, constants)


def is_layer(node: Node) -> bool:
    """Tell whether this is a product of rows with a constant matrix."""
    how, (first, second) = node.get_attributes(), node.input_values()
    plain = not how["transpose_a"] and len(shape_of(first)) > 1
    return plain and is_constant(second) and len(shape_of(second)) == 2


def _matmul(node: Node) -> Operation:
    how = node.get_attributes()

    def multiply(first: Any, second: Any) -> Any:
        if how["transpose_a"] and first.ndim > 1:
            first = first.transpose(-1, -2)
        if how["transpose_b"] and second.ndim > 1:
            second = second.transpose(-1, -2)
        return torch.matmul(first, second)

    first, second = node.input_values()
    if is_constant(first):
        return Operation(lambda x, c: multiply(c, x), (constant(node, 0),))
    return Operation(multiply, (constant(node, 1),) if is_constant(second) else ())


def _windows(node: Node, kernel: Sequence[int]) -> tuple[int, list[int], list[int]]:
    """Return how many axes a window moves along, and the padding before and after each.

    A window that begins inside, and that OpenVINO counts although it reaches beyond the end, gets
    more padding after.
    """
    how = node.get_attributes()
    sizes, results = shape_of(node.input_value(0))[2:], shape_of(node.output(0))[2:]
    dilations = how.get("dilations", [1] * len(sizes))
    reach = [(side - 1) * step + 1 for side, step in zip(kernel, dilations, strict=True)]
    needed = [
        (result - 1) * stride + width - size
        for result, stride, width, size in zip(results, how["strides"], reach, sizes, strict=True)
    ]
    before = _padding_before(how, [max(total, 0) for total in needed])
    # Negative: at the end, values are left that no window reaches. They need not be cut off.
    after = [max(total - first, 0) for total, first in zip(needed, before, strict=True)]
    if how["auto_pad"] == "explicit" and _rounds_down(how):
        after = [int(number) for number in how["pads_end"]]
    if how["auto_pad"].startswith("same") and not _rounds_down(how):
        raise NotSupported(f"auto_pad={how['auto_pad']} with rounding_type={how['rounding_type']}")
    return len(sizes), before, after


def _rounds_down(how: dict[str, Any]) -> bool:
    return how.get("rounding_type", "floor") == "floor"


def _padding_before(how: dict[str, Any], needed: list[int]) -> list[int]:
    match how["auto_pad"]:
        case "same_upper":
            return [total // 2 for total in needed]
        case "same_lower":
            return [total - total // 2 for total in needed]
        case "valid":
            return [0] * len(needed)
        case _:
            return [int(number) for number in how["pads_begin"]]


def _torch_pads(before: Sequence[int], after: Sequence[int]) -> list[int]:
    """Return paddings as torch takes them: the last axis first."""
    pairs = zip(reversed(before), reversed(after), strict=True)
    return [number for pair in pairs for number in pair]


# --- Pooling


def _max_pool(node: Node) -> Operation:
    how = node.get_attributes()
    if len(node.outputs()) > 1 and node.output(1).get_target_inputs():
        raise NotSupported("the places of the largest values")
    space, before, after = _windows(node, how["kernel"])
    settings = {"stride": how["strides"], "dilation": how.get("dilations", 1)}
    pool = partial(getattr(functional, f"max_pool{space}d"), kernel_size=how["kernel"], **settings)
    if not any(before + after):
        return Operation(pool)
    # torch takes half a window of padding at most, and the same on both sides.
    halves = [side // 2 for side in how["kernel"]]
    if before == after and all(pad <= half for pad, half in zip(before, halves, strict=True)):
        return Operation(partial(pool, padding=before))
    pads = _torch_pads(before, after)
    # The least number, and not -inf: a window may lie outside altogether.
    return Operation(lambda x: pool(functional.pad(x, pads, value=torch.finfo(x.dtype).min)))


def _avg_pool(node: Node) -> Operation:
    how = node.get_attributes()
    kernel, strides = how["kernel"], how["strides"]
    if any(step != 1 for step in how.get("dilations", [])):
        _default(node, "dilations", [1] * len(kernel))
    space, before, after = _windows(node, kernel)
    pool = partial(getattr(functional, f"avg_pool{space}d"), kernel_size=kernel, stride=strides)
    if not any(before + after):
        return Operation(pool)
    pads = _torch_pads(before, after)
    if not how["exclude-pad"]:
        if not _rounds_down(how):
            raise NotSupported(f"rounding_type={how['rounding_type']} with exclude-pad=False")
        return Operation(lambda x: pool(functional.pad(x, pads)))
    # Each window is divided by its size; it must be by how much of it lies inside.
    inside = torch.ones((1, 1, *shape_of(node.input_value(0))[2:]), dtype=torch.float64)
    share = pool(functional.pad(inside, pads)).numpy()
    if not share.all():
        raise NotSupported("windows outside the image")
    return Operation(lambda x, c: pool(functional.pad(x, pads)) * c, (1 / share,))


# --- Moving values


def _gather(node: Node) -> Operation:
    _default(node, "batch_dims", 0)
    (axis,) = _axes(node, 2)
    size = shape_of(node.input_value(0))[axis]
    places = constant(node, 1).astype(np.int64)
    if places.size and not -size <= places.min() <= places.max() < size:
        raise NotSupported(f"places up to {places.max()} of {size}")
    places = places % size
    if places.tolist() == list(range(size))[::-1]:
        return Operation(lambda x: torch.flip(x, (axis,)))

    def gather(x: Any, flat: Any) -> Any:
        picked = torch.index_select(x, axis, flat)
        return picked.reshape(*x.shape[:axis], *places.shape, *x.shape[axis + 1 :])

    return Operation(gather, (places.reshape(-1),))


def _pick(places: dict[int, NDArray[np.int64]]) -> Operation:
    """Return what picks places along axes."""
    axes = tuple(places)

    def pick(x: Any, *chosen: Any) -> Any:
        for axis, flat in zip(axes, chosen, strict=True):
            x = torch.index_select(x, axis, flat)
        return x

    return Operation(pick, tuple(places.values()))


def _pad(node: Node) -> Operation:
    before, after = _numbers(node, 1), _numbers(node, 2)
    mode = node.get_attributes()["pad_mode"]
    if mode == "constant":
        value = float(constant(node, 3).reshape(-1)[0]) if len(node.input_values()) > 3 else 0.0
        pads = _torch_pads(before, after)
        return Operation(lambda x: functional.pad(x, pads, value=value))
    if min(before + after) < 0:
        raise NotSupported(f"pad_mode={mode} with negative padding")
    modes: dict[str, Any] = {"edge": "edge", "reflect": "reflect", "symmetric": "symmetric"}
    sides = zip(shape_of(node.input_value(0)), before, after, strict=True)
    return _pick(
        {
            axis: np.pad(np.arange(size), pads, modes[mode])
            for axis, (size, *pads) in enumerate(sides)
            if any(pads)
        }
    )


def _reshape(node: Node) -> Operation:
    pattern = _numbers(node, 1)
    if not node.get_attributes()["special_zero"] or 0 not in pattern:
        return Operation(lambda x: x.reshape(pattern))
    return Operation(
        lambda x: x.reshape([size or x.shape[axis] for axis, size in enumerate(pattern)])
    )


def _slice(node: Node) -> Operation:
    shape, results = shape_of(node.input_value(0)), shape_of(node.output(0))
    starts, steps = _numbers(node, 1), _numbers(node, 3)
    axes = _axes(node, 4) if len(node.input_values()) > 4 else range(len(starts))
    parts, places = [slice(None)] * len(shape), {}
    for axis, start, step in zip(axes, starts, steps, strict=True):
        size, count = shape[axis], results[axis]
        if (step, count) == (1, size):
            continue
        first = max(start + size, 0) if start < 0 else min(start, size - 1)
        places[axis] = first + step * np.arange(count)
        parts[axis] = slice(first, first + step * count, step)
    if all(part.step is None or part.step > 0 for part in parts):
        return Operation(operator.itemgetter(tuple(parts)))
    return _pick(places)


def _split(node: Node) -> Operation:
    (axis,) = _axes(node, 1)
    parts = node.get_attributes()["num_splits"]
    return Operation(lambda x: torch.chunk(x, parts, axis))


def _transpose(node: Node) -> Operation:
    order = _numbers(node, 1)
    return Operation(lambda x: x.permute(order))


def _concat(node: Node) -> Operation:
    axis = node.get_attributes()["axis"]
    places = [i for i, value in enumerate(node.input_values()) if is_constant(value)]
    others = [i for i in range(len(node.input_values())) if i not in places]
    order = np.argsort(others + places)
    constants = tuple(constant(node, i) for i in places)
    return Operation(lambda *parts: torch.cat([parts[i] for i in order], axis), constants)


# --- Everything else


def _reduce(function: Callable[..., Any], *, exact: bool) -> Callable[[Node], Operation]:
    def build(node: Node) -> Operation:
        axes, keep = _axes(node, 1), node.get_attributes()["keep_dims"]
        return Operation(partial(function, dim=axes, keepdim=keep), exact=exact)

    return build


def _softmax(node: Node) -> Operation:
    axis = node.get_attributes()["axis"]
    return Operation(partial(torch.softmax, dim=axis, dtype=torch.float32), exact=True)


def _clamp(node: Node) -> Operation:
    how = node.get_attributes()
    return Operation(partial(torch.clamp, min=how["min"], max=how["max"]))


def _elu(node: Node) -> Operation:
    return Operation(partial(functional.elu, alpha=node.get_attributes()["alpha"]))


def _gelu(node: Node) -> Operation:
    mode = str(node.get_attributes().get("approximation_mode", "ERF")).lower()
    if mode not in ("erf", "tanh"):
        raise NotSupported(f"approximation_mode={mode}")
    return Operation(partial(functional.gelu, approximate="none" if mode == "erf" else "tanh"))


def _swish(node: Node) -> Operation:
    beta = float(constant(node, 1).reshape(-1)[0]) if len(node.input_values()) > 1 else 1.0
    if beta == 1:
        return Operation(functional.silu)
    return Operation(lambda x: x * torch.sigmoid(beta * x))


def _convert(node: Node) -> Operation:
    # Integers become floats here. Between floats nothing changes: see `headstart.torch_graph`.
    if node.get_input_element_type(0).is_integral():
        return Operation(lambda x: x.to(torch.float32), exact=True)
    return Operation(lambda x: x)


def _plain(function: Callable[[Any], Any]) -> Callable[[Node], Operation]:
    return lambda _: Operation(function)


#: What computes each operation, except for `Convolution`, `GroupConvolution`, `BatchNormInference`
#: and a `MatMul` with a constant: those take in what follows them.
OPERATIONS: dict[str, Callable[[Node], Operation]] = {
    "Add": _arithmetic(operator.add),
    "AvgPool": _avg_pool,
    "Clamp": _clamp,
    "Concat": _concat,
    "Convert": _convert,
    "Divide": _arithmetic(operator.truediv),
    "Elu": _elu,
    "Erf": _plain(torch.erf),
    "Gather": _gather,
    "Gelu": _gelu,
    "HSwish": _plain(functional.hardswish),
    "MatMul": _matmul,
    "MaxPool": _max_pool,
    "Multiply": _arithmetic(operator.mul),
    "Negative": _plain(torch.neg),
    "Pad": _pad,
    "Power": _arithmetic(operator.pow),
    "ReduceMax": _reduce(torch.amax, exact=False),
    "ReduceMean": _reduce(partial(torch.mean, dtype=torch.float32), exact=True),
    "Relu": _plain(torch.relu),
    "Reshape": _reshape,
    "Sigmoid": _plain(torch.sigmoid),
    "Slice": _slice,
    "Softmax": _softmax,
    "Split": _split,
    "Sqrt": _plain(torch.sqrt),
    "Subtract": _arithmetic(operator.sub),
    "Swish": _swish,
    "Tanh": _plain(torch.tanh),
    "Transpose": _transpose,
}
