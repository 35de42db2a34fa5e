"""Check what a network of another program costs before anything in it is computed.

A few bytes can ask for a tensor larger than memory, or for the product of two. Constants are
computed while a network is converted. What it became is checked again, more closely, in
`headstart.networks.graph_check`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from headstart.networks.graph_check import MAX_VALUES, MAX_WORK
from headstart.networks.network import LARGEST_SIDE

if TYPE_CHECKING:
    from openvino import Model, Node, PartialShape

#: Operations of a network; front ends write several for one.
MAX_OPERATIONS = 40_000
# Values of one tensor, weights included, and steps of computing all, of networks for small images.
_LEAST_VALUES, _LEAST_WORK = 2**27, 2**38
_LOOPS = ("Loop", "TensorIterator")


def check_cost(model: Model, size: tuple[int, int]) -> None:
    """Check that a network is worth the memory and work of an image of its size.

    Parameters
    ----------
    model : openvino.Model
        With the shape of its input fixed. An axis that is not known counts as 1.
    size : tuple of int
        Height and width of an image.

    Raises
    ------
    ValueError
        If images are too large, or it has too many operations, loops, or tensors or products that
        are too large.
    """
    if max(size) > LARGEST_SIDE:
        raise ValueError(f"images of {size[0]} x {size[1]}, where {LARGEST_SIDE} is the most")
    nodes = model.get_ordered_ops()
    if len(nodes) > MAX_OPERATIONS:
        raise ValueError(f"a network of more than {MAX_OPERATIONS:,} operations")
    most = max(_LEAST_VALUES, MAX_VALUES * math.prod(size))
    most_work = max(_LEAST_WORK, MAX_WORK * math.prod(size))
    work = 0
    for node in nodes:
        kind = node.get_type_name()
        if kind in _LOOPS:
            raise ValueError(f"the operation {kind}, which repeats others")
        if kind == "Constant":
            continue  # it is stored
        values = max((_values(each.get_partial_shape()) for each in node.outputs()), default=0)
        work += values * _steps(node, kind)
        if values > most or work > most_work:
            raise ValueError(
                f"a network that computes {values:,} values in {kind}, {work:,} steps up to there: "
                f"more than images of {size[0]} x {size[1]} are worth"
            )


def _values(shape: PartialShape) -> int:
    return math.prod(_axes(shape))


def _axes(shape: PartialShape) -> list[int]:
    if shape.rank.is_dynamic:
        return []
    return [int(axis.get_length()) if axis.is_static else 1 for axis in shape]


def _steps(node: Node, kind: str) -> int:
    """Return about how many values go into one value of the output."""
    if kind == "MatMul":
        axes = _axes(node.get_input_partial_shape(0))[-2:]
        return axes[0 if node.get_attributes()["transpose_a"] and len(axes) > 1 else -1]
    if kind in ("Convolution", "GroupConvolution"):
        kernel = _axes(node.get_input_partial_shape(1))
        return math.prod(kernel[2:] if kind == "GroupConvolution" else kernel[1:])
    return 1
