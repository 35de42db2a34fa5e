"""The passes over a network's graph after Keras has traced it.

The result takes one input ``image``: uint8, RGB, of shape ``[?, height, width, 3]``. The
preprocessing is part of the graph.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from headstart.networks.layout import run_channels_first
from headstart.networks.runtime import load_openvino

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

    from numpy.typing import NDArray
    from openvino import Model, Node

    from headstart.networks.preprocessing import Numbers, Preprocessing

INPUT = "image"


def finish_graph(model: Model, outputs: Sequence[str], preprocessing: Preprocessing) -> None:
    """Make a traced Keras network ready to be compiled, in place.

    Parameters
    ----------
    model : openvino.Model
        As Keras exports it: one float32 input ``[1, height, width, 3]``, constants not folded.
    outputs : sequence of str
        Names for its outputs, in order.
    preprocessing : Preprocessing
        On the backbone's row.
    """
    fold_constants(model)
    free_batch_size(model)
    take_pixels(model, preprocessing)
    drop_idle_converts(model)
    stabilise_variances(model)
    run_channels_first(model)
    fold_constants(model)
    pad_while_pooling(model)
    name_ends(model, outputs)


def fold_constants(model: Model) -> None:
    """Compute everything that does not depend on the image."""
    from openvino import passes

    manager = passes.Manager()
    manager.register_pass(passes.ConstantFolding())
    manager.run_passes(model)


def free_batch_size(model: Model) -> None:
    """Let the network take any number of images at once.

    Tracing writes a batch of 1 into the target shape of every ``Reshape`` between image and
    outputs. A 0 there keeps the size of the batch.
    """
    for node in model.get_ordered_ops():
        if node.get_type_name() == "Reshape" and _starts_with_one(node):
            _copy_batch_size(node)
    _, *image_shape = model.input().get_partial_shape()
    model.reshape({model.input(): [-1, *image_shape]})


def _starts_with_one(reshape: Node) -> bool:
    pattern = reshape.input_value(1).get_node()
    batch = reshape.input_value(0).get_partial_shape()[0]
    return pattern.get_type_name() == "Constant" and batch == 1 and pattern.get_data()[0] == 1


def _copy_batch_size(reshape: Node) -> None:
    ops = load_openvino().opset13
    pattern = np.array(reshape.input_value(1).get_node().get_data())
    pattern[0] = 0
    free = ops.reshape(reshape.input_value(0), ops.constant(pattern), special_zero=True)
    free.set_friendly_name(reshape.get_friendly_name())
    reshape.output(0).replace(free.output(0))


def take_pixels(model: Model, preprocessing: Preprocessing) -> None:
    """Replace the float input by uint8 RGB pixels and the preprocessing."""
    openvino = load_openvino()
    old = model.get_parameters()[0]
    new = openvino.opset13.parameter(old.get_partial_shape(), openvino.Type.u8, name=INPUT)
    pixels = openvino.opset13.convert(new, "f32")
    old.output(0).replace(_preprocessed(openvino.opset13, pixels, preprocessing).output(0))
    model.add_parameters([new])
    model.remove_parameter(old)
    model.validate_nodes_and_infer_types()


def insert_preprocessing(model: Model, preprocessing: Preprocessing) -> None:
    """Add preprocessing to a network that takes pixels and had none, in place.

    Parameters
    ----------
    model : openvino.Model
        One input of uint8 pixels, as `take_pixels` makes it.
    preprocessing : Preprocessing
    """
    openvino = load_openvino()
    image = model.input()
    readers = image.get_target_inputs()
    pixels = openvino.opset13.convert(image, "f32")
    found = _preprocessed(openvino.opset13, pixels, preprocessing)
    for reader in readers:
        reader.replace_source_output(found.output(0))
    model.validate_nodes_and_infer_types()


def _preprocessed(ops: ModuleType, pixels: Node, how: Preprocessing) -> Node:
    """Return the arithmetic on pixels."""
    if how.channels == "bgr":
        pixels = ops.gather(pixels, np.array([2, 1, 0]), np.array(3))
    for operation, numbers in how.steps():
        pixels = getattr(ops, operation)(pixels, _constant(numbers))
    return pixels


def _constant(numbers: Numbers) -> np.float32 | NDArray[np.float32]:
    """Return one number if all three are the same: kernels are made for that."""
    return np.float32(numbers[0]) if len(set(numbers)) == 1 else np.array(numbers, np.float32)


def drop_idle_converts(model: Model) -> None:
    """Remove conversions of a type to itself: Keras traces hundreds of them."""
    for node in model.get_ordered_ops():
        if node.get_type_name() == "Convert" and (
            node.get_input_element_type(0) == node.get_output_element_type(0)
        ):
            node.output(0).replace(node.input_value(0))


def stabilise_variances(model: Model) -> None:
    """Compute every variance as the mean of squared differences.

    Keras traces layer normalisation as the mean of squares minus the square of the mean. These are
    two large numbers with a small difference. In bfloat16, with 8 bits each, most of it is lost.
    """
    ops = load_openvino().opset13
    for node in model.get_ordered_ops():
        if _is_difference_of_means(node):
            mean = node.input_value(1).get_node().input_value(0)
            source, axes = mean.get_node().input_values()
            squares = ops.power(ops.subtract(source, mean), np.float32(2))
            node.output(0).replace(ops.reduce_mean(squares, axes, keep_dims=True).output(0))


def _is_difference_of_means(node: Node) -> bool:
    """Tell whether this is ``mean(x ** 2) - mean(x) ** 2``."""
    first = _walk(node, ("Subtract", 0), ("ReduceMean", 0), ("Power", 0))
    second = _walk(node, ("Subtract", 1), ("Power", 0), ("ReduceMean", 0))
    return first is not None and first == second


def _walk(node: Node, *steps: tuple[str, int]) -> tuple[str, int] | None:
    """Follow inputs through operations of the kinds in `steps`; return the last input, or None."""
    for kind, index in steps:
        if node.get_type_name() != kind:
            return None
        source = node.input_value(index)
        node = source.get_node()
    return node.get_name(), source.get_index()


def pad_while_pooling(model: Model) -> None:
    """Let a ``MaxPool`` do the zero padding before it, where no value is below zero.

    ``Pad`` copies the whole feature map. ResNet and DenseNet do that to one of their largest.
    """
    ops = load_openvino().opset13
    for node in model.get_ordered_ops():
        pads = _harmless_pads(node)
        if pads is not None:
            how = node.get_attributes()
            source = node.input_value(0).get_node().input_value(0)
            pooled = ops.max_pool(source, how["strides"], how["dilations"], *pads, how["kernel"])
            node.output(0).replace(pooled.output(0))


def _harmless_pads(pool: Node) -> tuple[list[int], list[int]] | None:
    """Return the padding before a ``MaxPool`` if ``MaxPool`` can do it with the same outputs."""
    if _walk(pool, ("MaxPool", 0), ("Pad", 0), ("Relu", 0)) is None:
        return None
    padding = pool.input_value(0).get_node().input_values()[1:]
    before, after, *value = (each.get_node().get_data().tolist() for each in padding)
    how = pool.get_attributes()
    zero = value in ([], [0]) and how["auto_pad"] == "valid"
    # The maximum of a window with nothing but padding would have to be 0.
    sees_image = max(before[2:] + after[2:]) < min(how["kernel"])
    in_space_only = not any(before[:2] + after[:2])
    return (before[2:], after[2:]) if zero and sees_image and in_space_only else None


def name_ends(model: Model, outputs: Sequence[str]) -> None:
    """Name the input and the outputs."""
    model.input().set_names({INPUT})
    for output, name in zip(model.outputs, outputs, strict=True):
        output.set_names({name})
