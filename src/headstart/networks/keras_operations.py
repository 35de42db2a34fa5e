"""The operations of a graph as layers and functions of Keras.

Each row of `RULES` makes what computes the same as a node of OpenVINO. An operation, or a setting
of one, that Keras computes otherwise raises `NotRebuilt`: nothing is approximated.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from headstart.networks.keras_graph import Builder, NotRebuilt, Weight
from headstart.networks.layout import CHANNELS_FIRST, Held, inverse

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray
    from openvino import Node, Output

    from headstart.networks.keras_graph import Rule

    Array = NDArray[Any]
    Pads = list[tuple[int, int]]

_IMAGE_RANK = 4
_SHORT = 3e38


def is_constant(value: Output) -> bool:
    """Tell whether a value is a constant."""
    return bool(value.get_node().get_type_name() == "Constant")


def constant(node: Node, index: int) -> Array:
    """Return a constant input of a node."""
    source = node.input_value(index)
    if not is_constant(source):
        raise NotRebuilt(f"input {index} is computed")
    return np.array(source.get_node().get_data())


def _integers(node: Node, index: int) -> list[int]:
    return [int(number) for number in constant(node, index).reshape(-1)]


def _shape(value: Output) -> list[int | None]:
    return [axis.get_length() if axis.is_static else None for axis in value.get_partial_shape()]


# --- Convolutions and products, with the sum of a constant that follows them


def _same(values: Array) -> Array:
    return values


def _weight(
    node: Node, index: int, values: Array, back: Callable[[Array], Array] = _same
) -> Weight:
    return Weight(node, index, np.asarray(values, np.float32), back)


def _bias(node: Node, axis: int) -> tuple[Node, Weight | None]:
    """Return the last node that a layer takes in, and what it adds to each channel."""
    readers = list(node.output(0).get_target_inputs())
    then = readers[0].get_node() if len(readers) == 1 else None
    if then is not None and then.get_type_name() == "Add":
        index = 1 - readers[0].get_index()
        other = then.input_value(index)
        if is_constant(other):
            values, rank = np.array(other.get_node().get_data()), len(_shape(node.output(0)))
            shape = (1,) * (rank - values.ndim) + values.shape
            if len(shape) == rank and values.size == shape[axis] == _shape(node.output(0))[axis]:
                return then, _weight(then, index, values.reshape(-1))
    return node, None


def convolution(builder: Builder, node: Node) -> None:
    """``Convolution``, ``GroupConvolution``: a layer, with the bias that follows."""
    kernel, groups = constant(node, 1), 1
    if node.get_type_name() == "GroupConvolution":
        groups = kernel.shape[0]
    sides = kernel.shape[-2:]
    if len(_shape(node.output(0))) != _IMAGE_RANK:
        raise NotRebuilt("not of images")
    tensor = builder.channels_last(node.input_value(0))
    tensor, padding = _padded(builder, node, tensor, list(sides))
    how = node.get_attributes()
    settings: dict[str, Any] = {"strides": tuple(how["strides"]), "padding": padding}
    if set(how["dilations"]) != {1}:
        settings["dilation_rate"] = tuple(how["dilations"])
        if set(how["strides"]) != {1}:
            raise NotRebuilt("strides and dilations at once")
    end, bias = _bias(node, 1)
    settings["use_bias"] = bias is not None
    if groups > 1 and kernel.shape[2] == 1:
        if len(set(how["strides"])) > 1:
            raise NotRebuilt("other strides along each axis")
        values, kind = kernel[:, :, 0].transpose(2, 3, 0, 1), "DepthwiseConv2D"
        weight = _weight(node, 1, values, lambda now: now.transpose(2, 3, 0, 1))
        settings |= {"depth_multiplier": kernel.shape[1]}
    else:
        values = kernel.reshape(-1, *kernel.shape[-3:]).transpose(2, 3, 1, 0)
        kind = "Conv2D"
        weight = _weight(node, 1, values, lambda now: now.transpose(3, 2, 0, 1))
        settings |= {"filters": values.shape[-1], "groups": groups}
    found = builder.layer(node, kind, tensor, weight, bias, kernel_size=sides, **settings)
    builder.record(end.output(0), found, CHANNELS_FIRST)


def product(builder: Builder, node: Node) -> None:
    """``MatMul``: a dense layer where the second input is a constant matrix."""
    how = node.get_attributes()
    first, second = node.input_values()
    if is_constant(second) and not how["transpose_a"] and constant(node, 1).ndim == 2:
        turn: Callable[[Array], Array] = np.transpose if how["transpose_b"] else _same
        kernel = _weight(node, 1, turn(constant(node, 1)), turn)
        rank = len(_shape(node.output(0)))
        end, bias = _bias(node, rank - 1)
        tensor = builder.in_order(first)
        found = builder.layer(
            node,
            "Dense",
            tensor,
            kernel,
            bias,
            units=kernel.values.shape[1],
            use_bias=bias is not None,
        )
        builder.record(end.output(0), found)
        return
    ops = builder.keras.ops
    turned = how["transpose_a"], how["transpose_b"]

    def side(value: Any, turn: bool) -> Any:
        return ops.swapaxes(value, -1, -2) if turn else value

    def multiply(left: Any, right: Any) -> Any:
        return ops.matmul(side(left, turned[0]), side(right, turned[1]))

    _apply(builder, node, multiply)


def _apply(builder: Builder, node: Node, function: Callable[..., Any]) -> None:
    """Apply a function to the inputs of a node as they are in the graph."""
    builder.record(node.output(0), _step(builder, node, function, builder.in_order))


def _step(
    builder: Builder, node: Node, function: Callable[..., Any], tensor_of: Callable[[Output], Any]
) -> Any:
    """Apply a function of all inputs; those that are constants are bound to it."""
    computed = [tensor_of(value) for value in node.input_values() if not is_constant(value)]
    return builder.step(node, _bound(function, node, lambda values: values), *computed)


def _bound(
    function: Callable[..., Any], node: Node, make: Callable[[Array], Any]
) -> Callable[..., Any]:
    """Return a function of the computed inputs of a node, with what `make` makes of constants."""
    inputs = [
        make(constant(node, place)) if is_constant(value) else None
        for place, value in enumerate(node.input_values())
    ]

    def bound(*tensors: Any) -> Any:
        rest = iter(tensors)
        return function(*(next(rest) if each is None else each for each in inputs))

    return bound


# --- Elementwise


def elementwise(name: str) -> Rule:
    """Return the rule of a function of ``keras.ops`` of one or two values."""

    def rule(builder: Builder, node: Node) -> None:
        function = getattr(builder.keras.ops, name)
        held = [builder.look_up(v) for v in node.input_values() if not is_constant(v)]
        rank = len(_shape(node.output(0)))
        order = next((h.order for h in held if len(h.order) == rank), tuple(range(rank)))
        bound = _bound(function, node, lambda values: _constant_in(values, order))
        tensors = [_aligned(builder, node, each, order) for each in held]
        builder.record(node.output(0), builder.step(node, bound, *tensors), order)

    return rule


def _constant_in(values: Array, order: tuple[int, ...]) -> Any:
    """Return a constant, broadcast to the rank of `order`, in that order."""
    if values.size == 1 and values.ndim <= len(order):
        return float(values.reshape(-1)[0])
    values = values.reshape((1,) * (len(order) - values.ndim) + values.shape)
    return np.ascontiguousarray(values.transpose(inverse(order)), np.float32)


def _aligned(builder: Builder, node: Node, held: Held, order: tuple[int, ...]) -> Any:
    missing = len(order) - len(held.order)
    if missing:
        raise NotRebuilt("values with other numbers of axes")
    return builder.permuted(node, held, order)


def each_value(make: Callable[[Any, Node], Callable[[Any], Any]]) -> Rule:
    """Return the rule of a function of one value at a time."""

    def rule(builder: Builder, node: Node) -> None:
        held = builder.look_up(node.input_value(0))
        found = builder.step(node, make(builder.keras, node), held.tensor)
        builder.record(node.output(0), found, held.order)

    return rule


def activation(name: str) -> Rule:
    """Return the rule of an activation that Keras knows by its name."""

    def rule(builder: Builder, node: Node) -> None:
        held = builder.look_up(node.input_value(0))
        found = builder.layer(node, "Activation", held.tensor, activation=name)
        builder.record(node.output(0), found, held.order)

    return rule


def _clamp(builder: Builder, node: Node) -> None:
    how, held = node.get_attributes(), builder.look_up(node.input_value(0))
    if how["min"] == 0:
        most = how["max"] if how["max"] < _SHORT else None
        found = builder.layer(node, "ReLU", held.tensor, max_value=most)
    else:
        least, most = how["min"], how["max"]
        clip = builder.keras.ops.clip
        found = builder.step(node, lambda x: clip(x, least, most), held.tensor)
    builder.record(node.output(0), found, held.order)


def _elu(keras: Any, node: Node) -> Callable[[Any], Any]:
    alpha = node.get_attributes()["alpha"]
    return lambda x: keras.ops.elu(x, alpha)


def _gelu(keras: Any, node: Node) -> Callable[[Any], Any]:
    mode = str(node.get_attributes().get("approximation_mode", "ERF")).upper()
    return lambda x: keras.ops.gelu(x, approximate=mode == "TANH")


def _swish(keras: Any, node: Node) -> Callable[[Any], Any]:
    beta = float(constant(node, 1).reshape(-1)[0]) if node.get_input_size() > 1 else 1.0
    if beta == 1:
        return keras.ops.silu
    return lambda x: x * keras.ops.sigmoid(beta * x)


def _convert(builder: Builder, node: Node) -> None:
    held = builder.look_up(node.input_value(0))
    tensor = held.tensor
    if tensor.dtype != "float32":
        cast = builder.keras.ops.cast
        tensor = builder.step(node, lambda x: cast(x, "float32"), tensor)
    builder.record(node.output(0), tensor, held.order)


def normalisation(builder: Builder, node: Node) -> None:
    """``BatchNormInference``: a layer, channels-last."""
    if len(_shape(node.output(0))) != _IMAGE_RANK:
        held = builder.look_up(node.input_value(0))
        tensor, order = builder.in_order(node.input_value(0)), tuple(range(len(held.order)))
        axis = 1
    else:
        tensor, order, axis = builder.channels_last(node.input_value(0)), CHANNELS_FIRST, -1
    weights = [_weight(node, place, constant(node, place)) for place in range(1, 5)]
    epsilon = node.get_attributes()["epsilon"]
    found = builder.layer(node, "BatchNormalization", tensor, *weights, axis=axis, epsilon=epsilon)
    builder.record(node.output(0), found, order)


# --- Windows


def _padded(
    builder: Builder, node: Node, tensor: Any, sides: Sequence[int], value: float = 0.0
) -> tuple[Any, str]:
    """Return a tensor and Keras's padding, "valid" or "same", that make the windows of a node."""
    pads = _pads(node, sides)
    if not any(map(any, pads)):
        return tensor, "valid"
    if pads == _same_pads(node, sides):
        return tensor, "same"
    if min(map(min, pads)) < 0:
        raise NotRebuilt("negative padding")
    if value == 0:
        return builder.layer(node, "ZeroPadding2D", tensor, padding=pads), "valid"
    pad, all_pads = builder.keras.ops.pad, [(0, 0), *pads, (0, 0)]
    return builder.step(node, lambda x: pad(x, all_pads, constant_values=value), tensor), "valid"


def _pads(node: Node, sides: Sequence[int]) -> Pads:
    """Return what a node pads before and after height and width, rounding up included."""
    how = node.get_attributes()
    if how["auto_pad"] in ("same_upper", "same_lower"):
        pads = _same_pads(node, sides)
        return pads if how["auto_pad"] == "same_upper" else [(b, a) for a, b in pads]
    if how["auto_pad"] == "valid":
        pads = [(0, 0), (0, 0)]
    else:
        pads = list(zip(map(int, how["pads_begin"]), map(int, how["pads_end"]), strict=True))
    if how.get("rounding_type", "floor") == "floor":
        return pads
    wanted = _totals(node, sides)
    return [(b, max(a, total - b)) for (b, a), total in zip(pads, wanted, strict=True)]


def _same_pads(node: Node, sides: Sequence[int]) -> Pads:
    """Return what Keras pads for "same"."""
    steps = node.get_attributes()["strides"]
    sizes = _shape(node.input_value(0))[2:]
    results = [-(-int(size or 0) // step) for size, step in zip(sizes, steps, strict=True)]
    totals = [max(0, each) for each in _totals(node, sides, results)]
    return [(total // 2, total - total // 2) for total in totals]


def _totals(node: Node, sides: Sequence[int], results: Sequence[int] | None = None) -> list[int]:
    """Return how many pixels must be added to make so many windows along height and width."""
    how = node.get_attributes()
    sizes, made = _shape(node.input_value(0))[2:], results or _shape(node.output(0))[2:]
    gaps = how.get("dilations") or [1, 1]
    numbers = zip(sizes, made, sides, how["strides"], gaps, strict=True)
    return [
        (int(n or 0) - 1) * step + (side - 1) * gap + 1 - int(size or 0)
        for size, n, side, step, gap in numbers
    ]


def _max_pool(builder: Builder, node: Node) -> None:
    how = node.get_attributes()
    if set(how.get("dilations") or [1]) != {1}:
        raise NotRebuilt("dilations")
    source = node.input_value(0)
    # Zeros are as good as less than zero where nothing is below zero.
    value = 0.0 if source.get_node().get_type_name() == "Relu" else -_SHORT
    tensor = builder.channels_last(source)
    tensor, padding = _padded(builder, node, tensor, how["kernel"], value)
    _pool(builder, node, "MaxPooling2D", tensor, padding)


def _avg_pool(builder: Builder, node: Node) -> None:
    how = node.get_attributes()
    pads, tensor = _pads(node, how["kernel"]), builder.channels_last(node.input_value(0))
    # Where only rounding up leads beyond the image, OpenVINO counts nothing there.
    zeros_count = not how["exclude-pad"] and any([*how["pads_begin"], *how["pads_end"]])
    if not any(map(any, pads)):
        _pool(builder, node, "AveragePooling2D", tensor, "valid")
    elif zeros_count:
        tensor = builder.layer(node, "ZeroPadding2D", tensor, padding=pads)
        _pool(builder, node, "AveragePooling2D", tensor, "valid")
    elif pads == _same_pads(node, how["kernel"]) and all(before == after for before, after in pads):
        # On torch, Keras counts what it pads on one side only.
        _pool(builder, node, "AveragePooling2D", tensor, "same")
    else:
        tensor = builder.layer(node, "ZeroPadding2D", tensor, padding=pads)
        _pool(builder, node, "AveragePooling2D", tensor, "valid")
        share = _share(node, pads)
        found = builder.look_up(node.output(0)).tensor
        builder.record(
            node.output(0), builder.step(node, lambda x: x * share, found), CHANNELS_FIRST
        )


def _share(node: Node, pads: Pads) -> Array:
    """Return, for each window, its size divided by how much of it lies in the image."""
    how, sizes = node.get_attributes(), _shape(node.input_value(0))[2:]
    counts = []
    numbers = zip(
        sizes, pads, how["kernel"], how["strides"], _shape(node.output(0))[2:], strict=True
    )
    for size, (before, _), side, step, made in numbers:
        starts = np.arange(int(made or 0)) * step - before
        counts.append(np.minimum(starts + side, int(size or 0)) - np.maximum(starts, 0))
    inside = np.outer(*counts)
    if inside.min() < 1:
        raise NotRebuilt("windows outside the image")
    return np.asarray(math.prod(how["kernel"]) / inside, np.float32)[None, :, :, None]


def _pool(builder: Builder, node: Node, kind: str, tensor: Any, padding: str) -> None:
    how = node.get_attributes()
    settings = {"pool_size": tuple(how["kernel"]), "strides": tuple(how["strides"])}
    found = builder.layer(node, kind, tensor, padding=padding, **settings)
    builder.record(node.output(0), found, CHANNELS_FIRST)


def reduction(name: str) -> Rule:
    """Return the rule of a mean, maximum or sum over axes."""

    def rule(builder: Builder, node: Node) -> None:
        held = builder.look_up(node.input_value(0))
        rank = len(held.order)
        axes = [axis % rank for axis in _integers(node, 1)]
        keep = bool(node.get_attributes()["keep_dims"])
        places = tuple(sorted(held.order[axis] for axis in axes))
        order = held.order
        if not keep:
            left = [held.order[axis] for axis in range(rank) if axis not in axes]
            order = inverse(inverse(left))
        if name == "mean" and rank == _IMAGE_RANK and places == (1, 2):
            found = builder.layer(node, "GlobalAveragePooling2D", held.tensor, keepdims=keep)
        else:
            reduce = getattr(builder.keras.ops, name)
            found = builder.step(node, lambda x: reduce(x, axis=places, keepdims=keep), held.tensor)
        builder.record(node.output(0), found, order)

    return rule


# --- Moving values


def _transpose(builder: Builder, node: Node) -> None:
    held = builder.look_up(node.input_value(0))
    order = tuple(held.order[axis] for axis in _integers(node, 1))
    builder.record(node.output(0), held.tensor, order)


def _reshape(builder: Builder, node: Node) -> None:
    """``Reshape``: only the batch may be of any size."""
    tensor, shape = builder.in_order(node.input_value(0)), _shape(node.output(0))
    if shape.count(None) > 1 or (None in shape and shape[0] is not None):
        raise NotRebuilt("a size that is not known")
    same_batch = shape[0] is None and math.prod(
        int(each or 1) for each in _shape(node.input_value(0))[1:]
    ) == math.prod(int(each or 1) for each in shape[1:])
    if same_batch:
        found = builder.layer(node, "Reshape", tensor, target_shape=shape[1:])
    else:
        pattern = [-1, *shape[1:]]
        reshape = builder.keras.ops.reshape
        found = builder.step(node, lambda x: reshape(x, pattern), tensor)
    builder.record(node.output(0), found)


def _concat(builder: Builder, node: Node) -> None:
    if any(map(is_constant, node.input_values())):
        raise NotRebuilt("of constants")
    held = [builder.look_up(value) for value in node.input_values()]
    order = next((each.order for each in held if not each.in_order), held[0].order)
    tensors = [builder.permuted(node, each, order) for each in held]
    axis = order[node.get_attributes()["axis"] % len(order)]
    name = builder.name(node.get_friendly_name())
    found = builder.keras.layers.Concatenate(axis=axis, name=name)(tensors)
    builder.record(node.output(0), found, order)


def _pad(builder: Builder, node: Node) -> None:
    how, held = node.get_attributes(), builder.look_up(node.input_value(0))
    pads = list(zip(_integers(node, 1), _integers(node, 2), strict=True))
    value = float(constant(node, 3).reshape(-1)[0]) if node.get_input_size() > 3 else 0.0
    if how["pad_mode"] not in ("constant", "reflect", "symmetric") or min(map(min, pads)) < 0:
        raise NotRebuilt(f"pad_mode={how['pad_mode']}")
    pads = [pads[axis] for axis in inverse(held.order)]
    if (
        how["pad_mode"] == "constant"
        and value == 0
        and len(pads) == _IMAGE_RANK
        and not any([*pads[0], *pads[3]])
    ):
        found = builder.layer(node, "ZeroPadding2D", held.tensor, padding=pads[1:3])
    else:
        pad, mode = builder.keras.ops.pad, how["pad_mode"]
        settings = {"constant_values": value} if mode == "constant" else {}
        found = builder.step(node, lambda x: pad(x, pads, mode=mode, **settings), held.tensor)
    builder.record(node.output(0), found, held.order)


def _slice(builder: Builder, node: Node) -> None:
    held = builder.look_up(node.input_value(0))
    shape, made = _shape(node.input_value(0)), _shape(node.output(0))
    starts, steps = _integers(node, 1), _integers(node, 3)
    axes = _integers(node, 4) if node.get_input_size() > 4 else range(len(starts))
    parts = [slice(None)] * len(shape)
    for named, start, step in zip(axes, starts, steps, strict=True):
        axis = named % len(shape)
        size, count = shape[axis], made[axis]
        if size is None or count is None:
            raise NotRebuilt("along the batch")
        if step < 0:
            raise NotRebuilt("backwards")
        first = max(start + size, 0) if start < 0 else min(start, size)
        parts[held.order[axis]] = slice(first, min(first + step * count, size), step)
    chosen = tuple(parts)
    builder.record(node.output(0), builder.step(node, lambda x: x[chosen], held.tensor), held.order)


def _split(builder: Builder, node: Node) -> None:
    held = builder.look_up(node.input_value(0))
    (axis,) = (axis % len(held.order) for axis in _integers(node, 1))
    parts, size = node.get_attributes()["num_splits"], _shape(node.input_value(0))[axis]
    for number, output in enumerate(node.outputs()):
        if size is None:
            pick = _part_of_batch(builder, number, parts, held.tensor.shape[1:])
        else:
            chosen = [slice(None)] * len(held.order)
            chosen[held.order[axis]] = slice(number * size // parts, (number + 1) * size // parts)
            pick = _picker(tuple(chosen))
        builder.record(output, builder.step(node, pick, held.tensor), held.order)


def _picker(chosen: tuple[slice, ...]) -> Callable[[Any], Any]:
    return lambda x: x[chosen]


def _part_of_batch(
    builder: Builder, number: int, parts: int, shape: tuple[int, ...]
) -> Callable[[Any], Any]:
    reshape = builder.keras.ops.reshape
    return lambda x: reshape(x, (parts, -1, *shape))[number]


def _gather(builder: Builder, node: Node) -> None:
    take = builder.keras.ops.take
    (axis,) = _integers(node, 2)
    if is_constant(node.input_value(0)):  # constants at computed places
        values = constant(node, 0)
        tensor = builder.in_order(node.input_value(1))
        found = builder.step(node, lambda x: take(values, x, axis=axis), tensor)
        builder.record(node.output(0), found)
        return
    held, places = builder.look_up(node.input_value(0)), constant(node, 1)
    place = held.order[axis % len(held.order)]
    size = int(held.tensor.shape[place] or 0)
    places = np.asarray(places % size, np.int32)
    if places.ndim == 1:
        found = builder.step(node, lambda x: take(x, places, axis=place), held.tensor)
        builder.record(node.output(0), found, held.order)
        return
    tensor = builder.in_order(node.input_value(0))
    axis %= len(held.order)
    if places.ndim == 0:
        index = (*[slice(None)] * axis, int(places))
        builder.record(node.output(0), builder.step(node, lambda x: x[index], tensor))
    else:
        builder.record(node.output(0), builder.step(node, lambda x: take(x, places, axis), tensor))


def _softmax(builder: Builder, node: Node) -> None:
    held = builder.look_up(node.input_value(0))
    axis = held.order[node.get_attributes()["axis"] % len(held.order)]
    found = builder.layer(node, "Softmax", held.tensor, axis=axis)
    builder.record(node.output(0), found, held.order)


def _top_k(builder: Builder, node: Node) -> None:
    (k,) = _integers(node, 1)
    tensor = builder.in_order(node.input_value(0))
    top_k = builder.keras.ops.top_k
    if node.get_attributes()["axis"] not in (-1, len(tensor.shape) - 1):
        raise NotRebuilt("along another axis than the last")
    places = builder.step(node, lambda x: top_k(x, k)[1], tensor)
    values = builder.step(node, lambda x: top_k(x, k)[0], tensor)
    builder.record(node.output(0), values)
    builder.record(node.output(1), places)


def _one_hot(builder: Builder, node: Node) -> None:
    (depth,) = _integers(node, 1)
    tensor = builder.in_order(node.input_value(0))
    one_hot = builder.keras.ops.one_hot
    found = builder.step(node, lambda x: one_hot(x, depth, dtype="float32"), tensor)
    builder.record(node.output(0), found)


def _plain(name: str) -> Rule:
    return each_value(lambda keras, _: getattr(keras.ops, name))


#: What makes the layers of each operation.
RULES: dict[str, Rule] = {
    "Add": elementwise("add"),
    "AvgPool": _avg_pool,
    "BatchNormInference": normalisation,
    "Clamp": _clamp,
    "Concat": _concat,
    "Convert": _convert,
    "Convolution": convolution,
    "Divide": elementwise("divide"),
    "Elu": each_value(_elu),
    "Erf": _plain("erf"),
    "Gather": _gather,
    "Gelu": each_value(_gelu),
    "GroupConvolution": convolution,
    "HSwish": _plain("hard_silu"),
    "Log": _plain("log"),
    "MatMul": product,
    "MaxPool": _max_pool,
    "Maximum": elementwise("maximum"),
    "Multiply": elementwise("multiply"),
    "Negative": _plain("negative"),
    "OneHot": _one_hot,
    "Pad": _pad,
    "Parameter": Builder.start,
    "Power": elementwise("power"),
    "ReduceMax": reduction("max"),
    "ReduceMean": reduction("mean"),
    "ReduceSum": reduction("sum"),
    "Relu": activation("relu"),
    "Reshape": _reshape,
    "Sigmoid": activation("sigmoid"),
    "Slice": _slice,
    "Softmax": _softmax,
    "Split": _split,
    "Sqrt": _plain("sqrt"),
    "Subtract": elementwise("subtract"),
    "Swish": each_value(_swish),
    "Tanh": activation("tanh"),
    "TopK": _top_k,
    "Transpose": _transpose,
}
