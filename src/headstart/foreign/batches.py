"""Let a graph that was made for one image take any number of images at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from headstart.foreign.lowering import Lowering, Unfit, is_constant, shape_of, values_of
from headstart.networks.runtime import load_openvino

if TYPE_CHECKING:
    from openvino import Model, Node, Output


def take_any_batch(model: Model) -> None:
    """Free the first axis of the image and of all that is computed from it, in place.

    Parameters
    ----------
    model : openvino.Model
        All shapes are known; the batch is 1 and the first axis of every value.

    Raises
    ------
    Unfit
        If some value does not grow with the batch, or another axis of it does.
    """
    make = Lowering()
    for node in model.get_ordered_ops():
        if node.get_type_name() == "Reshape":
            _free_reshape(make, node)
        elif node.get_type_name() == "Gather":
            _reshape_instead(make, node)
        elif node.get_type_name() == "Concat":
            _pad_instead(make, node)
    (image,) = model.get_parameters()
    _, *sides = image.get_partial_shape()
    try:
        # Not by `reshape`, which would let shapes be computed.
        image.set_partial_shape(load_openvino().PartialShape([-1, *sides]))
        model.validate_nodes_and_infer_types()
    except RuntimeError as error:
        raise _stuck(str(error).strip().splitlines()[-1][:200]) from error
    for node in model.get_ordered_ops():
        if node.get_type_name() != "Constant":
            _check(node)


def _stuck(why: str) -> Unfit:
    return Unfit(
        "The network must be able to take several images at once, each by itself. Received: "
        f"{why}. If the file was made for one image, export it with a batch size that is free."
    )


def _check(node: Node) -> None:
    for output in node.outputs():
        batch, *rest = output.get_partial_shape()
        if batch.is_static or any(side.is_dynamic for side in rest):
            raise _stuck(f"{node.get_type_name()} {node.get_friendly_name()!r} mixes them")


def _free_reshape(make: Lowering, node: Node) -> None:
    before, after = shape_of(node.input_value(0)), shape_of(node.output(0))
    # 0 keeps the batch. Windows of an image may also stand in the first axis: -1 counts them.
    first = 0 if before[0] == after[0] else -1
    pattern = make.axes([first, *after[1:]])
    free = make.ops.reshape(node.input_value(0), pattern, special_zero=True)
    _take_place(node, free.output(0))


def _take_place(node: Node, new: Output) -> None:
    new.get_node().set_friendly_name(node.get_friendly_name())
    node.output(0).replace(new)


def _reshape_instead(make: Lowering, node: Node) -> None:
    """Drop an axis of size 1 without copying."""
    before, after = shape_of(node.input_value(0)), shape_of(node.output(0))
    places, axis = (values_of(node.input_value(index)) for index in (1, 2))
    size = before[int(axis.item()) % len(before)]
    if (
        places.shape == ()
        and size == 1
        and int(axis.item()) % len(before)
        and before[0] == after[0]
    ):
        pattern = make.axes([0, *after[1:]])
        free = make.ops.reshape(node.input_value(0), pattern, special_zero=True)
        _take_place(node, free.output(0))


def _pad_instead(make: Lowering, node: Node) -> None:
    """``Concat`` with constants, as a class token is one: pad with zeros and add the constant."""
    values = node.input_values()
    fixed = [is_constant(value) for value in values]
    if not any(fixed):
        return
    start, stop = fixed.index(False), len(fixed) - fixed[::-1].index(False)
    axis, shape = node.get_attributes()["axis"] % len(shape_of(values[0])), shape_of(node.output(0))
    if any(fixed[start:stop]) or axis == 0:
        raise _stuck(f"Concat {node.get_friendly_name()!r} of constants among images")
    inner = values[start:stop]
    image = make.ops.concat(inner, axis).output(0) if len(inner) > 1 else inner[0]
    size = shape_of(image)[axis]
    before = sum(shape_of(value)[axis] for value in values[:start])
    pads = np.zeros((2, len(shape)), np.int64)
    pads[:, axis] = before, shape[axis] - size - before
    padded = make.ops.pad(image, pads[0], pads[1], "constant", make.number(0))
    parts = [values_of(value) for value in values[:start]]
    parts += [np.zeros(shape_of(image), np.float32)]
    parts += [values_of(value) for value in values[stop:]]
    constant = make.ops.constant(np.concatenate(parts, axis).astype(np.float32))
    _take_place(node, make.ops.add(padded, constant).output(0))
