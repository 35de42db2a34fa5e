"""Write the operations of other programs' graphs as those that our graphs are made of.

Each row of `RULES` gives, for an operation that is not in
`headstart.networks.graph_check.OPERATIONS`, the same arithmetic in operations that are. All shapes
must be known. What no row tells stays as it is, and is refused by name later.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from headstart.networks.runtime import load_openvino

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import ModuleType

    from numpy.typing import NDArray
    from openvino import Model, Node, Output

    Array = NDArray[Any]
    Rule = Callable[["Lowering", Node], Output | Sequence[Output] | None]


_RANK_OF_MAPS = 4


class Unfit(ValueError):
    """The graph can't be run by headstart; the message is a whole sentence that says why."""


def lower(model: Model) -> None:
    """Replace operations by others that compute the same, in place.

    Parameters
    ----------
    model : openvino.Model
        All shapes are known, and constants are folded.
    """
    lowering = Lowering()
    for node in model.get_ordered_ops():
        rule = RULES.get(node.get_type_name())
        made = rule(lowering, node) if rule else None
        if made is not None:
            outputs = made if isinstance(made, list) else [made]
            for old, new in zip(node.outputs(), outputs, strict=False):
                _replace(old, new)
    model.validate_nodes_and_infer_types()


def _replace(old: Output, new: Output) -> None:
    """Let the readers of `old` read `new`, which gets its name."""
    node = new.get_node()
    is_new = node.get_output_size() == 1 and node.get_type_name() not in ("Constant", "Parameter")
    if is_new and not new.get_target_inputs():
        node.set_friendly_name(old.get_node().get_friendly_name())
    old.replace(new)


def shape_of(value: Output) -> list[int]:
    """Return the shape of a value.

    Raises
    ------
    Unfit
        If it is known only when an image is there.
    """
    shape = value.get_partial_shape()
    if shape.is_dynamic:
        node = value.get_node()
        raise Unfit(
            "Shapes must be known before there is an image. Received: "
            f"{node.get_type_name()} {node.get_friendly_name()!r} with the shape {shape}."
        )
    return [int(side.get_length()) for side in shape]


def is_constant(value: Output) -> bool:
    """Tell whether a value does not depend on the image."""
    return value.get_node().get_type_name() == "Constant"


def values_of(value: Output) -> Array:
    """Return a constant, which becomes a copy.

    Raises
    ------
    Unfit
        If the value depends on the image.
    """
    if not is_constant(value):
        raise Unfit(
            "The settings of an operation must be constants in the file. Received: "
            f"{value.get_node().get_type_name()} {value.get_node().get_friendly_name()!r}, which "
            "depends on the image."
        )
    return np.array(value.get_node().get_data())


def whole_numbers(value: Output) -> list[int]:
    """Return the whole numbers in a constant; see `values_of`."""
    return [int(number) for number in np.atleast_1d(values_of(value))]


def unfit(node: Node, what: str) -> NoReturn:
    """Raise `Unfit` for one operation."""
    raise Unfit(
        f"headstart has no operation that computes the same as {node.get_type_name()} "
        f"({node.get_friendly_name()!r}) with {what}."
    )


class Lowering:
    """Makes nodes; what the rules share."""

    def __init__(self) -> None:
        self.ops: ModuleType = load_openvino().opset13

    def number(self, value: float) -> Node:
        """Return a constant of one float."""
        return self.ops.constant(np.float32(value))

    def axes(self, values: Sequence[int]) -> Node:
        """Return a constant of whole numbers."""
        return self.ops.constant(np.array(values, np.int64))

    def reshape(self, value: Output | Node, shape: Sequence[int]) -> Output:
        """Return a value in another shape."""
        return self.ops.reshape(value, self.axes(shape), special_zero=False).output(0)

    def pick(self, value: Output | Node, place: int, axis: int) -> Output:
        """Return the values at one place along an axis, without that axis."""
        chosen = self.ops.gather(value, np.array(place, np.int64), np.array(axis, np.int64))
        return chosen.output(0)

    def cut(self, value: Output, axis: int, start: int, stop: int, step: int = 1) -> Output:
        """Return a slice along one axis."""
        numbers = (self.axes([each]) for each in (start, stop, step, axis))
        return self.ops.slice(value, *numbers).output(0)

    def mean(self, value: Output | Node, axes: Sequence[int]) -> Node:
        """Return the mean over axes, which keep a size of 1."""
        return self.ops.reduce_mean(value, self.axes(axes), keep_dims=True)

    def standardised(
        self, value: Output, axes: Sequence[int], epsilon: float, *, outside: bool = False
    ) -> Output:
        """Return a value minus its mean over axes, divided by its standard deviation."""
        ops = self.ops
        centred = ops.subtract(value, self.mean(value, axes))
        variance = self.mean(ops.power(centred, self.number(2)), axes)
        if outside:
            deviation = ops.add(ops.sqrt(variance), self.number(epsilon))
        else:
            deviation = ops.sqrt(ops.add(variance, self.number(epsilon)))
        return ops.divide(centred, deviation).output(0)


# --- Shapes


def _squeeze(make: Lowering, node: Node) -> Output:
    value, result = node.input_value(0), shape_of(node.output(0))
    return value if len(result) == len(shape_of(value)) else make.reshape(value, result)


def _to_shape(make: Lowering, node: Node) -> Output:
    value, after = node.input_value(0), shape_of(node.output(0))
    for source in (value, _before_reshape(value)):
        if source is not None and shape_of(source) == after:
            return source
    return make.reshape(value, after)


def _before_reshape(value: Output) -> Output | None:
    node = value.get_node()
    return node.input_value(0) if node.get_type_name() == "Reshape" else None


def _dense(make: Lowering, node: Node) -> Output | None:
    """``MatMul`` of rows with a matrix, where the rows are the pixels of a feature map.

    TensorFlow puts all pixels of all images into one axis before it multiplies.
    """
    how, (rows, matrix) = node.get_attributes(), node.input_values()
    source = _before_reshape(rows)
    if source is None or not is_constant(matrix) or how["transpose_a"]:
        return None
    shape, before = shape_of(rows), shape_of(source)
    if len(shape) != 2 or len(before) <= 2 or shape[1] != before[-1] or before[0] != 1:
        return None
    product = make.ops.matmul(source, matrix, False, how["transpose_b"])
    return make.reshape(product, shape_of(node.output(0)))


def _factors(make: Lowering, node: Node) -> Output | None:
    """``BatchNormInference`` of what is no feature map, which may have tokens as its first axis."""
    value, *constants = node.input_values()
    rank = len(shape_of(value))
    if rank == _RANK_OF_MAPS:
        return None
    scale, shift, mean, variance = (values_of(each) for each in constants)
    factor = scale / np.sqrt(variance + node.get_attributes()["epsilon"])
    sides = [-1, *[1] * (rank - 2)]
    factor, summand = (each.reshape(sides) for each in (factor, shift - mean * factor))
    return make.ops.add(make.ops.multiply(value, factor), summand).output(0)


def _einsum(make: Lowering, node: Node) -> Output | None:
    """``Einsum`` of two values that is a product of matrices, up to the order of axes."""
    terms, result = node.get_attributes()["equation"].split("->")
    left, *others = terms.split(",")
    if len(others) != 1 or not _is_product(left, others[0], result):
        return None
    (right,) = others
    shared = [axis for axis in left if axis in right]
    batch, inner = [[axis for axis in shared if (axis in result) is kept] for kept in (True, False)]
    rows, columns = ([a for a in x if a not in shared] for x in (left, right))
    values = node.input_values()
    sizes = {
        axis: size
        for term, value in zip((left, right), values, strict=True)
        for axis, size in zip(term, shape_of(value), strict=True)
    }
    first = _matrices(make, values[0], left, (batch, rows, inner))
    second = _matrices(make, values[1], right, (batch, inner, columns))
    axes = [*batch, *rows, *columns]
    product = make.ops.matmul(first, second, False, False)
    product = make.reshape(product, [sizes[axis] for axis in axes])
    return make.ops.transpose(product, make.axes([axes.index(a) for a in result])).output(0)


def _is_product(left: str, right: str, result: str) -> bool:
    """Tell whether no axis is named twice in a term, and none is summed in one term alone."""
    once = all(term.isalpha() and len(set(term)) == len(term) for term in (left, right, result))
    return once and set(left) ^ set(right) <= set(result) <= set(left) | set(right)


def _matrices(
    make: Lowering, value: Output, axes: str, groups: tuple[list[str], list[str], list[str]]
) -> Output:
    """Return a value with the axes of a batch, which stay, then those of rows and of columns."""
    batch, *others = groups
    sizes = dict(zip(axes, shape_of(value), strict=True))
    order = make.axes([axes.index(axis) for group in groups for axis in group])
    sides = [math.prod(sizes[axis] for axis in group) for group in others]
    moved = make.ops.transpose(value, order)
    return make.reshape(moved, [*(sizes[axis] for axis in batch), *sides])


def _marked(node: Node, name: str, axis: int) -> bool:
    mask = node.get_attributes()[name]
    return axis < len(mask) and bool(mask[axis])


def _strided_slice(make: Lowering, node: Node) -> Output:
    if any(node.get_attributes()["ellipsis_mask"]):
        unfit(node, "an ellipsis")
    value = node.input_value(0)
    starts, stops = (whole_numbers(node.input_value(index)) for index in (1, 2))
    given = node.get_input_size() > 3
    steps = whole_numbers(node.input_value(3)) if given else [1] * len(starts)
    picked = []
    for axis, (start, stop, step) in enumerate(zip(starts, stops, steps, strict=True)):
        if _marked(node, "new_axis_mask", axis):
            shape = shape_of(value)
            value = make.reshape(value, [*shape[:axis], 1, *shape[axis:]])
        elif _marked(node, "shrink_axis_mask", axis):
            picked.append((axis, start))
        else:
            size = shape_of(value)[axis]
            backward = step < 0
            first = (size - 1 if backward else 0) if _marked(node, "begin_mask", axis) else start
            last = (-size - 1 if backward else size) if _marked(node, "end_mask", axis) else stop
            kept = range(*slice(first, None if last < -size else last, step).indices(size))
            if step != 1 or len(kept) < size:
                value = make.cut(value, axis, first, last, step)
    for axis, place in reversed(picked):
        value = make.pick(value, place % shape_of(value)[axis], axis)
    return value


def _split_by_lengths(make: Lowering, node: Node) -> list[Output]:
    value, (axis,) = node.input_value(0), whole_numbers(node.input_value(1))
    axis %= len(shape_of(value))
    ends = np.cumsum([shape_of(output)[axis] for output in node.outputs()]).tolist()
    starts = [0, *ends[:-1]]
    return [make.cut(value, axis, *ends) for ends in zip(starts, ends, strict=True)]


def _spread(make: Lowering, node: Node) -> Output | None:
    """``Broadcast`` of what depends on the image: add zeros."""
    if is_constant(node.input_value(0)):
        return None
    value, result = node.input_value(0), shape_of(node.output(0))
    if node.get_attributes()["mode"] == "explicit":
        places = whole_numbers(node.input_value(2))
        shape = [1] * len(result)
        for place, size in zip(places, shape_of(value), strict=True):
            shape[place] = size
        value = make.reshape(value, shape)
    if shape_of(value) == result:
        return value
    # The first axis, of the images or of their windows, must not be a number.
    sizes = [1 if size == old else size for old, size in _aligned(shape_of(value), result)]
    return make.ops.add(value, make.ops.constant(np.zeros(sizes, np.float32))).output(0)


def _aligned(shape: Sequence[int], longer: Sequence[int]) -> list[tuple[int, int]]:
    """Return the sizes of a shape beside those that it is broadcast to."""
    return list(zip([0] * (len(longer) - len(shape)) + list(shape), longer, strict=True))


def _repeat(make: Lowering, node: Node) -> Output:
    value, times = node.input_value(0), whole_numbers(node.input_value(1))
    shape = shape_of(value)
    times = [1] * (len(shape) - len(times)) + times
    if len(times) > len(shape):
        shape = [1] * (len(times) - len(shape)) + shape
        value = make.reshape(value, shape)
    for axis, count in enumerate(times):
        if count > 1:
            value = make.ops.concat([value] * count, axis).output(0)
    return value


def _roll(make: Lowering, node: Node) -> Output:
    value = node.input_value(0)
    shifts, axes = (whole_numbers(node.input_value(index)) for index in (1, 2))
    shape = shape_of(value)
    for shift, axis in zip(shifts, axes, strict=True):
        size = shape[axis]
        if shift % size:
            cut = size - shift % size
            parts = [make.cut(value, axis % len(shape), *ends) for ends in ((cut, size), (0, cut))]
            value = make.ops.concat(parts, axis % len(shape)).output(0)
    return value


def _shuffle_channels(make: Lowering, node: Node) -> Output:
    how, shape = node.get_attributes(), shape_of(node.input_value(0))
    axis, groups = how["axis"] % len(shape), how["group"]
    parts = [*shape[:axis], groups, shape[axis] // groups, *shape[axis + 1 :]]
    order = list(range(len(parts)))
    order[axis : axis + 2] = [axis + 1, axis]
    swapped = make.ops.transpose(make.reshape(node.input_value(0), parts), make.axes(order))
    return make.reshape(swapped, shape)


def _channels_to_space(make: Lowering, node: Node) -> Output:
    how, (n, channels, *space) = node.get_attributes(), shape_of(node.input_value(0))
    block, rank = how["block_size"], len(space)
    left = channels // block**rank
    first = str(how["mode"]).lower() == "blocks_first"
    parts = [n, *([block] * rank + [left] if first else [left] + [block] * rank), *space]
    places = list(range(1, rank + 1) if first else range(2, rank + 2))
    order = [0, rank + 1 if first else 1]
    for axis, place in enumerate(places):
        order += [rank + 2 + axis, place]
    moved = make.ops.transpose(make.reshape(node.input_value(0), parts), make.axes(order))
    return make.reshape(moved, shape_of(node.output(0)))


def _space_to_channels(make: Lowering, node: Node) -> Output:
    how, (n, channels, *space) = node.get_attributes(), shape_of(node.input_value(0))
    block, rank = how["block_size"], len(space)
    parts = [n, channels]
    for side in space:
        parts += [side // block, block]
    inside, outside = ([start + 2 * axis for axis in range(rank)] for start in (3, 2))
    first = str(how["mode"]).lower() == "blocks_first"
    order = [0, *([*inside, 1] if first else [1, *inside]), *outside]
    moved = make.ops.transpose(make.reshape(node.input_value(0), parts), make.axes(order))
    return make.reshape(moved, shape_of(node.output(0)))


def _resize(make: Lowering, node: Node) -> Output:
    """``Interpolate``: a product with a matrix along each axis that changes."""
    value, result = node.input_value(0), shape_of(node.output(0))
    if node.get_attributes().get("antialias"):
        unfit(node, "antialiasing")
    for axis, size in enumerate(shape_of(value)):
        if size != result[axis]:
            value = _along(make, value, axis, _resizing(make, node, axis))
    return value


def _resizing(make: Lowering, node: Node, axis: int) -> Array:
    """Return the matrix, shape (new size, old size), by which ``Interpolate`` resizes an axis."""
    openvino, how = load_openvino(), node.get_attributes()
    size, result = (shape_of(each)[axis] for each in (node.input_value(0), node.output(0)))
    if any(how.get("pads_begin") or []) or any(how.get("pads_end") or []):
        unfit(node, "padding")
    signals = make.ops.parameter([size, 1, size, 1], np.float32)
    kept = {
        name: how[name]
        for name in ("coordinate_transformation_mode", "nearest_mode", "cube_coeff")
        if name in how
    }
    scales = _scales(node, axis)
    given = [1.0, scales] if scales else [1, result]
    resized = make.ops.interpolate(
        make.ops.reshape(signals, make.axes([size, 1, 1, size]), special_zero=False),
        np.array(given, np.float32 if scales else np.int64),
        how["mode"],
        "scales" if scales else "sizes",
        axes=np.array([2, 3], np.int64),
        **kept,
    )
    model = openvino.Model([make.ops.result(resized)], [signals], "resizing")
    run = openvino.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    (found,) = run([np.eye(size, dtype=np.float32).reshape(size, 1, size, 1)]).values()
    matrix: Array = found.reshape(size, result).T.copy()
    return matrix


def _scales(node: Node, axis: int) -> float | None:
    if node.get_attributes()["shape_calculation_mode"] != "scales":
        return None
    index = 2 if node.get_type_name() == "Interpolate" and _has_sizes(node) else 1
    scales = np.atleast_1d(values_of(node.input_value(index)))
    last = node.get_input_size() - 1
    rank = len(shape_of(node.input_value(0)))
    axes = whole_numbers(node.input_value(last)) if last > index else list(range(rank))
    return float(scales[[each % rank for each in axes].index(axis)])


def _has_sizes(node: Node) -> bool:
    """Tell whether sizes come before the scales, as up to version 4 of the operation."""
    return np.issubdtype(values_of(node.input_value(1)).dtype, np.integer)


def _along(make: Lowering, value: Output, axis: int, matrix: Array) -> Output:
    """Multiply by a matrix along an axis."""
    places = matrix.argmax(axis=1)
    if np.array_equal(matrix, np.eye(matrix.shape[1], dtype=np.float32)[places]):
        indices, where = places.astype(np.int64), np.array(axis, np.int64)
        return make.ops.gather(value, indices, where).output(0)
    order = list(range(len(shape_of(value))))
    order[axis], order[-1] = order[-1], order[axis]
    swapped = make.ops.transpose(value, make.axes(order))
    product = make.ops.matmul(swapped, make.ops.constant(matrix.T.copy()), False, False)
    return make.ops.transpose(product, make.axes(order)).output(0)


# --- Arithmetic


def _convert_like(make: Lowering, node: Node) -> Output:
    if node.get_input_element_type(0) == node.get_output_element_type(0):
        return node.input_value(0)
    return make.ops.convert(node.input_value(0), node.get_output_element_type(0)).output(0)


def _mean_variance(make: Lowering, node: Node) -> Output:
    how, value = node.get_attributes(), node.input_value(0)
    rank = len(shape_of(value))
    axes = [axis % rank for axis in whole_numbers(node.input_value(1))]
    if not how["normalize_variance"]:
        return make.ops.subtract(value, make.mean(value, axes)).output(0)
    outside = str(how["eps_mode"]).lower() == "outside_sqrt"
    return make.standardised(value, axes, how["eps"], outside=outside)


def _group_normalisation(make: Lowering, node: Node) -> Output:
    value, how = node.input_value(0), node.get_attributes()
    n, channels, *space = shape = shape_of(value)
    groups = how["num_groups"]
    parted = make.reshape(value, [n, groups, channels // groups * math.prod(space)])
    normal = make.reshape(make.standardised(parted, [2], how["epsilon"]), shape)
    gamma, beta = (
        make.reshape(node.input_value(index), [1, channels, *[1] * len(space)]) for index in (1, 2)
    )
    return make.ops.add(make.ops.multiply(normal, gamma), beta).output(0)


def _unit_length(make: Lowering, node: Node) -> Output:
    """``NormalizeL2``."""
    how, value = node.get_attributes(), node.input_value(0)
    shape = shape_of(value)
    axes = [axis % len(shape) for axis in whole_numbers(node.input_value(1))]
    count = math.prod(shape[axis] for axis in axes)
    squares = make.ops.multiply(
        make.mean(make.ops.power(value, make.number(2)), axes), make.number(count)
    )
    if str(how["eps_mode"]).lower() == "add":
        squares = make.ops.add(squares, make.number(how["eps"]))
    else:
        squares = make.ops.clamp(squares, how["eps"], float(np.finfo(np.float32).max))
    return make.ops.divide(value, make.ops.sqrt(squares)).output(0)


def _squared_difference(make: Lowering, node: Node) -> Output:
    difference = make.ops.subtract(*node.input_values())
    return make.ops.power(difference, make.number(2)).output(0)


def _sum(make: Lowering, node: Node) -> Output:
    """``ReduceSum`` and ``ReduceL2``: means, times how many values there are."""
    value, is_length = node.input_value(0), node.get_type_name() == "ReduceL2"
    shape = shape_of(value)
    axes = [axis % len(shape) for axis in whole_numbers(node.input_value(1))]
    if is_length:
        value = make.ops.power(value, make.number(2)).output(0)
    keep = node.get_attributes()["keep_dims"]
    mean = make.ops.reduce_mean(value, make.axes(axes), keep_dims=keep)
    total = make.ops.multiply(mean, make.number(math.prod(shape[axis] for axis in axes)))
    return (make.ops.sqrt(total) if is_length else total).output(0)


def _hard_sigmoid(make: Lowering, node: Node) -> Output:
    slope, shift = (float(values_of(node.input_value(index)).item()) for index in (1, 2))
    line = make.ops.multiply(node.input_value(0), make.number(slope))
    return make.ops.clamp(make.ops.add(line, make.number(shift)), 0.0, 1.0).output(0)


def _h_sigmoid(make: Lowering, node: Node) -> Output:
    shifted = make.ops.add(node.input_value(0), make.number(3))
    clamped = make.ops.clamp(shifted, 0.0, 6.0)
    return make.ops.multiply(clamped, make.number(1 / 6)).output(0)


def _leaky(make: Lowering, node: Node) -> Output:
    """``PRelu``: its slope stands for the channels, on axis 1."""
    value, slope = node.input_values()
    rank, numbers = len(shape_of(value)), values_of(slope).astype(np.float32)
    if numbers.ndim == 1 and numbers.size > 1 and rank > 1:
        numbers = numbers.reshape(-1, *[1] * (rank - 2))
    below = make.ops.relu(make.ops.negative(value))
    scaled = make.ops.multiply(below, make.ops.constant(numbers))
    return make.ops.subtract(make.ops.relu(value), scaled).output(0)


def _absolute(make: Lowering, node: Node) -> Output:
    value = node.input_value(0)
    return make.ops.add(make.ops.relu(value), make.ops.relu(make.ops.negative(value))).output(0)


def _bounded(make: Lowering, node: Node) -> Output | None:
    """``Maximum`` and ``Minimum`` of a value and a number."""
    values = sorted(node.input_values(), key=is_constant)
    if not is_constant(values[1]) or values_of(values[1]).size != 1:
        return None
    number, most = float(values_of(values[1]).item()), float(np.finfo(np.float32).max)
    bounds = (number, most) if node.get_type_name() == "Maximum" else (-most, number)
    return make.ops.clamp(values[0], *bounds).output(0)


def _select(make: Lowering, node: Node) -> Output | None:
    """``Select`` by a constant."""
    choice, *values = node.input_values()
    if not is_constant(choice):
        return None
    mask = values_of(choice).astype(np.float32)
    first, second = (
        make.ops.multiply(value, make.ops.constant(share))
        for value, share in zip(values, (mask, 1 - mask), strict=True)
    )
    return make.ops.add(first, second).output(0)


def _attention(make: Lowering, node: Node) -> Output:
    """``ScaledDotProductAttention``."""
    query, key, value, *rest = node.input_values()
    if node.get_attributes()["causal"]:
        unfit(node, "causal=True")
    scale = make.number(shape_of(query)[-1] ** -0.5) if len(rest) < 2 else rest[1]
    scores = make.ops.matmul(make.ops.multiply(query, scale), key, False, True)
    if rest and (not is_constant(rest[0]) or values_of(rest[0]).any()):
        scores = make.ops.add(scores, rest[0])
    weights = make.ops.softmax(scores, len(shape_of(query)) - 1)
    return make.ops.matmul(weights, value, False, False).output(0)


def _whole_pooling(make: Lowering, node: Node) -> Output | None:
    """``AvgPool`` of all of a feature map: a mean."""
    how, (_, _, *space) = node.get_attributes(), shape_of(node.input_value(0))
    padded = any(how["pads_begin"]) or any(how["pads_end"])
    if list(how["kernel"]) != space or padded or math.prod(shape_of(node.output(0))[2:]) != 1:
        return None
    return make.mean(node.input_value(0), range(2, 2 + len(space))).output(0)


def _pooled_to_size(make: Lowering, node: Node) -> Output:
    """``AdaptiveAvgPool``."""
    value, result = node.input_value(0), shape_of(node.output(0))[2:]
    space = shape_of(value)[2:]
    if math.prod(result) == 1:
        return make.mean(value, range(2, 2 + len(space))).output(0)
    if any(side % cells for side, cells in zip(space, result, strict=True)):
        unfit(node, f"{result} cells of {space}")
    sides = [side // cells for side, cells in zip(space, result, strict=True)]
    none = [0] * len(sides)
    return make.ops.avg_pool(value, sides, none, none, sides, True).output(0)


RULES: dict[str, Rule] = {
    "Abs": _absolute,
    "AdaptiveAvgPool": _pooled_to_size,
    "AvgPool": _whole_pooling,
    "BatchNormInference": _factors,
    "Broadcast": _spread,
    "ConvertLike": _convert_like,
    "DepthToSpace": _channels_to_space,
    "Einsum": _einsum,
    "GroupNormalization": _group_normalisation,
    "HSigmoid": _h_sigmoid,
    "HardSigmoid": _hard_sigmoid,
    "Identity": lambda _, node: node.input_value(0),
    "Interpolate": _resize,
    "MVN": _mean_variance,
    "MatMul": _dense,
    "Maximum": _bounded,
    "Minimum": _bounded,
    "NormalizeL2": _unit_length,
    "PRelu": _leaky,
    "ReduceL2": _sum,
    "ReduceSum": _sum,
    "Reshape": _to_shape,
    "Roll": _roll,
    "ScaledDotProductAttention": _attention,
    "Select": _select,
    "ShuffleChannels": _shuffle_channels,
    "SpaceToDepth": _space_to_channels,
    "SquaredDifference": _squared_difference,
    "Squeeze": _squeeze,
    "StridedSlice": _strided_slice,
    "Tile": _repeat,
    "Unsqueeze": _to_shape,
    "VariadicSplit": _split_by_lengths,
}
