"""Let a graph that was made for one image take any number of images at once."""

from __future__ import annotations

from functools import reduce
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from headstart.foreign.lifting import lift_what_moves_the_batch
from headstart.foreign.lowering import Lowering, Unfit, is_constant, shape_of, values_of
from headstart.networks.runtime import load_openvino

if TYPE_CHECKING:
    from openvino import Model, Node, Output


def take_any_batch(model: Model) -> None:
    """Free the first axis of the image and of all that is computed from it, in place.

    Parameters
    ----------
    model : openvino.Model
        All shapes are known; the image has a batch of 1.

    Raises
    ------
    Unfit
        If an output has another first axis than the batch.
    """
    lift_what_moves_the_batch(model)
    for result in model.get_results():
        if shape_of(result.output(0))[:1] != [1]:
            raise _stuck(f"an output of the shape {shape_of(result.output(0))} for one image")
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
        "The network must take several images at once, and compute on each by itself. Received: "
        f"{why}."
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
    """``Concat`` with constants, as a class token is one: pad with zeros and add the constants."""
    values = node.input_values()
    if not any(is_constant(value) for value in values):
        return
    shape = shape_of(node.output(0))
    axis = int(node.get_attributes()["axis"]) % len(shape)
    constants, parts, place = np.zeros(shape, np.float32), [], 0
    for fixed, run in groupby(values, is_constant):
        each = list(run)
        size = sum(shape_of(value)[axis] for value in each)
        if fixed:
            where = (slice(None),) * axis + (slice(place, place + size),)
            constants[where] = np.concatenate([values_of(value) for value in each], axis)
        else:
            pads = np.zeros((2, len(shape)), np.int64)
            pads[:, axis] = place, shape[axis] - place - size
            image = make.ops.concat(each, axis) if len(each) > 1 else each[0]
            parts.append(make.ops.pad(image, *pads, "constant", make.number(0)))
        place += size
    _take_place(node, reduce(make.ops.add, parts, make.ops.constant(constants)).output(0))
