"""Recognise networks that do their preprocessing inside, by the numbers that they begin with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from headstart.networks.graph import fold_constants

if TYPE_CHECKING:
    from openvino import Model, Node, Output

# What moves pixels and does not change them.
_MOVES = ("Convert", "Gather", "Interpolate", "Pad", "Reshape", "StridedSlice", "Transpose")
# Means are subtracted and pixels divided that go up to 255; others are at most about 2.
_LEAST_MEAN, _LEAST_SCALE = 10, 50
_MOST_STEPS = 20


def takes_raw_pixels(model: Model) -> bool:
    """Tell whether a network itself scales pixels from 0 to 255.

    That is so if the first thing that it does to them is to divide by a large number, to multiply
    by a small one, or to subtract a large mean. Nothing of this makes sense for values up to 1. A
    network that does neither may have been trained on either.

    Parameters
    ----------
    model : openvino.Model
        As a front end reads it.
    """
    plain = model.clone()
    fold_constants(plain)
    value = plain.input().get_node().output(0)
    for _ in range(_MOST_STEPS):
        readers = [target.get_node() for target in value.get_target_inputs()]
        if len(readers) != 1:
            return False
        node = readers[0]
        if node.get_type_name() not in _MOVES:
            return _scales(node, value)
        value = node.output(0)
    return False


def _scales(node: Node, value: Output) -> bool:
    numbers = [
        np.abs(source.get_node().get_data().astype(np.float64))
        for source in node.input_values()
        if source != value and source.get_node().get_type_name() == "Constant"
    ]
    if len(numbers) != 1 or numbers[0].size == 0:
        return False
    least, most = numbers[0].min(), numbers[0].max()
    match node.get_type_name():
        case "Multiply":
            return bool(0 < most <= 1 / _LEAST_SCALE)
        case "Divide":
            return bool(least >= _LEAST_SCALE)
        case "Add" | "Subtract":
            return bool(least >= _LEAST_MEAN)
    return False
