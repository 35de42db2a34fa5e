"""The cost of running a network."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from openvino import Model, Node


def count_macs(model: Model) -> int:
    """Count the multiply-accumulates of one image.

    Parameters
    ----------
    model : openvino.Model
        In channels-first order, with constants folded. Only the batch size may be dynamic.

    Returns
    -------
    int
        Those of convolutions and matrix products. Elementwise operations are not counted, as in
        papers; they are about a thousandth.
    """
    return sum(_macs(node) for node in model.get_ordered_ops())


def _macs(node: Node) -> int:
    kind = node.get_type_name()
    if kind in ("Convolution", "GroupConvolution"):
        kernel = list(node.input_value(1).get_shape())
        per_value = math.prod(kernel[2:] if kind == "GroupConvolution" else kernel[1:])
        return per_value * _values(node)
    if kind == "MatMul":
        shape = node.get_input_partial_shape(0)
        return int(shape[len(shape) - 1].get_length()) * _values(node)
    return 0


def _values(node: Node) -> int:
    _, *image = node.get_output_partial_shape(0)
    return math.prod(dim.get_length() for dim in image)
