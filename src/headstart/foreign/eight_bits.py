"""Networks of 8 bits in files of other programs: their weights as our graphs store them.

A file of TensorFlow Lite has weights of 8 bits as ``(whole number - zero point) * scale``. Our
graphs have them as ``whole number * scale``, with a scale for each channel of the output, which is
what OpenVINO runs at the speed of 8 bits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from headstart.foreign.lowering import Unfit
from headstart.networks.preprocessing import INSIDE, Preprocessing
from headstart.networks.runtime import load_openvino

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray
    from openvino import Input, Model, Node, Output

Array = np.ndarray[Any, Any]

# What whole numbers of 8 bits stand for, where they are pixels.
_PIXELS = ((-1.0, 1.0), (0.0, 1.0), (0.0, 255.0))
_SIGNED = Preprocessing("rgb", 1.0, (128.0,) * 3, (1.0,) * 3)
_WEIGHTED = ("Convolution", "GroupConvolution", "MatMul")
_LARGEST, _LARGEST_WITH_ZERO_POINT = 127, 256
# How far a weight may be from a multiple of its channel's step, in steps.
_TOLERANCE = 1e-2


def has_8_bits(model: Model) -> bool:
    """Tell whether activations of a network are rounded to 8 bits."""
    return any(node.get_type_name() == "FakeQuantize" for node in model.get_ordered_ops())


def whole_number_pixels(model: Model) -> Preprocessing:
    """Return what makes pixels from 0 to 255 of what a network of whole numbers takes.

    Raises
    ------
    Unfit
        If its whole numbers are no pixels: what they stand for runs neither from -1 to 1, nor from
        0 to 1, nor from 0 to 255.
    """
    (image,) = model.get_parameters()
    kind = image.get_element_type().get_type_name()
    ranges = [_range(reader.get_node()) for reader in _first_readers(image)]
    if kind not in ("u8", "i8"):
        raise Unfit(f"The network must take floats or bytes. Received: an input of type {kind}.")
    for low, high in filter(None, ranges):
        if not any(np.allclose((low, high), each, atol=0.02 * each[1]) for each in _PIXELS):
            raise Unfit(
                "A network that takes bytes must take pixels: from -1 to 1, 0 to 1, or 0 to 255, "
                f"before they were rounded. Received: from {low:.3g} to {high:.3g}. Export it with "
                "floats as input."
            )
    return INSIDE if kind == "u8" else _SIGNED


def _first_readers(node: Node) -> list[Input]:
    """Return the readers of an image after what only moves or converts it."""
    found = []
    for reader in node.output(0).get_target_inputs():
        moves = reader.get_node().get_type_name() in ("Convert", "Transpose")
        found += _first_readers(reader.get_node()) if moves else [reader]
    return found


def _range(node: Node) -> tuple[float, float] | None:
    """Return what the ends of a rounding stand for, if it is one."""
    if node.get_type_name() != "FakeQuantize":
        return None
    low, high = (node.input_value(index).get_node() for index in (3, 4))
    if {low.get_type_name(), high.get_type_name()} != {"Constant"}:
        return None
    return float(np.ravel(low.get_data())[0]), float(np.ravel(high.get_data())[0])


def drop_rounding_of_outputs(model: Model) -> None:
    """Give the outputs of a network as floats, before they are rounded to bytes, in place."""
    for result in model.get_results():
        node = result.input_value(0).get_node()
        if node.get_type_name() == "Convert" and not node.get_output_element_type(0).is_real():
            value = node.input_value(0)
            if value.get_node().get_type_name() == "FakeQuantize":
                value = value.get_node().input_value(0)
            result.input(0).replace_source_output(value)
    model.validate_nodes_and_infer_types()


def store_floats(model: Model) -> None:
    """Compute weights that are stored as whole numbers, in place.

    OpenVINO leaves them as they are when it folds constants.
    """
    values = _computed_constants(model.get_ordered_ops())
    if not values:
        return
    openvino = load_openvino()
    results = [openvino.opset13.result(value) for value in values]
    constants = openvino.Model(results, [], "constants")
    settings = {"INFERENCE_PRECISION_HINT": "f32"}
    found = openvino.Core().compile_model(constants, "CPU", settings)([]).to_tuple()
    for value, floats in zip(values, found, strict=True):
        constant = openvino.opset13.constant(np.array(floats))
        constant.set_friendly_name(value.get_node().get_friendly_name())
        for reader in value.get_target_inputs():
            if reader.get_node().get_type_name() != "Result" or reader.get_node() not in results:
                reader.replace_source_output(constant.output(0))
    model.validate_nodes_and_infer_types()


def _computed_constants(nodes: Iterable[Node]) -> list[Output]:
    """Return the values that depend on no image but are computed, where those that do read them."""
    depends: set[str] = set()
    found: dict[tuple[str, int], Output] = {}
    for node in nodes:
        sources = node.input_values()
        if node.get_type_name() == "Parameter" or any(
            value.get_node().get_name() in depends for value in sources
        ):
            depends.add(node.get_name())
            for value in sources:
                source = value.get_node()
                if source.get_name() not in depends and source.get_type_name() != "Constant":
                    found[source.get_name(), value.get_index()] = value
    return list(found.values())


def store_whole_numbers(model: Model) -> None:
    """Store weights that are multiples of a step as whole numbers of 8 bits, in place.

    Parameters
    ----------
    model : openvino.Model
        Its weights are floats. Those of layers that take rounded activations are looked at.
    """
    ops = load_openvino().opset13
    for node in model.get_ordered_ops():
        if node.get_type_name() in _WEIGHTED and _takes_rounded(node):
            weights = node.input_value(1)
            stored = _whole(np.array(weights.get_node().get_data()), _channels(node))
            if stored is not None:
                numbers, scale = stored
                scaled = ops.multiply(ops.convert(ops.constant(numbers), "f32"), scale)
                node.input(1).replace_source_output(scaled.output(0))
    model.validate_nodes_and_infer_types()


def _takes_rounded(node: Node) -> bool:
    weights = node.input_value(1).get_node()
    source = node.input_value(0).get_node()
    while source.get_type_name() in ("Reshape", "Transpose", "MaxPool", "Pad"):
        source = source.input_value(0).get_node()
    return weights.get_type_name() == "Constant" and source.get_type_name() == "FakeQuantize"


def _channels(node: Node) -> tuple[int, ...]:
    """Return the axes of the weights along which each place has its own scale."""
    kind = node.get_type_name()
    if kind == "GroupConvolution":
        return (0, 1)
    if kind == "Convolution":
        return (0,)
    rank = len(node.get_input_partial_shape(1))
    return (rank - 2 if node.get_attributes()["transpose_b"] else rank - 1,)


def _whole(weights: Array, channels: tuple[int, ...]) -> tuple[NDArray[np.int8], Array] | None:
    """Return whole numbers from -127 to 127 and scales, or None for any other weights.

    Numbers beyond are rounded once more: with a zero point, up to 255 are possible. They are few.
    """
    shape = [size if axis in channels else 1 for axis, size in enumerate(weights.shape)]
    others = tuple(axis for axis in range(weights.ndim) if axis not in channels)
    # One step for all channels, as old files have it, or one for each.
    for found in (_step(weights), np.apply_along_axis(_step, 1, _rows(weights, channels))):
        steps = np.broadcast_to(found, shape if np.ndim(found) == 0 else np.shape(found))
        steps = steps.reshape(shape).astype(np.float32)
        numbers = weights / steps
        off = np.abs(numbers - np.round(numbers)).max()
        if off <= _TOLERANCE and np.abs(numbers).max() <= _LARGEST_WITH_ZERO_POINT:
            largest = np.abs(numbers).max(axis=others, keepdims=True)
            steps = (steps * np.maximum(largest / _LARGEST, 1)).astype(np.float32)
            return np.round(weights / steps).astype(np.int8), steps
    return None


def _rows(weights: Array, channels: tuple[int, ...]) -> Array:
    n = int(np.prod([weights.shape[axis] for axis in channels]))
    moved: Array = np.moveaxis(weights, channels, range(len(channels)))
    return moved.reshape(n, -1)


def _step(values: Array) -> float:
    """Return the smallest distance between two different values, of which 0 is one."""
    places = np.unique(np.append(values.astype(np.float64), 0))
    gaps = np.diff(places)
    gaps = gaps[gaps > 1e-6 * max(np.abs(places).max(), 1e-30)]
    return float(gaps.min()) if gaps.size else 1.0
