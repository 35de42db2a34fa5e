"""Weights and activations of 8 bits, as ONNX holds them.

Weights are whole numbers with a scale (``DequantizeLinear``). Activations are rounded to whole
numbers and back (``QuantizeLinear``, ``DequantizeLinear``): ONNX Runtime computes what stands
between such pairs in 8 bits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from openvino import Node

    from headstart.exporting.onnx_graph import OnnxGraph

    Array = NDArray[Any]

# Whole numbers that a byte tells apart, and how far a zero point may be from one of them.
_LEVELS, _NEAR = 256, 1e-3
# One number scales along no axis, but a node names one, and ONNX's own is this.
_ANY_AXIS = 1


def is_weights(node: Node) -> bool:
    """Tell whether a node is a constant, or a constant of 8 bits times a scale."""
    return node.get_type_name() == "Constant" or _is_rounded(node)


def weights(graph: OnnxGraph, node: Node, change: Callable[[Array], Array]) -> str:
    """Add the weights that a node is, and return their name.

    Parameters
    ----------
    graph : OnnxGraph
    node : Node
        See `is_weights`.
    change : callable
        Takes the weights, or their scales, which have the same number of axes, and returns them as
        ONNX orders them.
    """
    if not _is_rounded(node):
        return graph.constant(change(np.array(node.get_data())))
    rounded = change(_values(node.input_value(0).get_node().input_value(0).get_node()))
    scale = change(_values(node.input_value(1).get_node()))
    scaled = [axis for axis, size in enumerate(scale.shape) if size > 1]
    if len(scaled) > 1 or rounded.dtype != np.int8:
        return graph.constant(rounded.astype(np.float32) * scale)
    kept = scale.reshape(-1) if scaled else scale.reshape(-1)[0]
    inputs = [graph.constant(rounded, "int8"), graph.constant(kept)]
    return graph.add("DequantizeLinear", inputs, axis=scaled[0] if scaled else _ANY_AXIS)


def fake_quantised(graph: OnnxGraph, values: str, node: Node) -> str:
    """Add what a ``FakeQuantize`` does to `values`, and return the name of the result."""
    low, high, out_low, out_high = (
        _values(node.input_value(place).get_node()).astype(np.float32) for place in range(1, 5)
    )
    levels = int(node.get_attributes()["levels"])
    taken, given = _Bytes.of(low, high), _Bytes.of(out_low, out_high)
    if levels == _LEVELS and taken is not None and given is not None:
        rounded = graph.add("QuantizeLinear", [values, *taken.ends(graph)], axis=taken.axis)
        return graph.add("DequantizeLinear", [rounded, *given.ends(graph)], axis=given.axis)
    scale, step = (each / np.float32(levels - 1) for each in (high - low, out_high - out_low))
    return _in_steps(graph, values, (low, high, scale), (out_low, step))


@dataclass(frozen=True, slots=True)
class _Bytes:
    """What the bytes 0 to 255 stand for: the scale of each, and the byte that is zero."""

    scale: Array
    zero: Array
    axis: int

    @classmethod
    def of(cls, low: Array, high: Array) -> Self | None:
        """Return what goes from low to high, or None if bytes of ONNX can't stand for that."""
        scale = (high - low) / np.float32(_LEVELS - 1)
        zero, axis = -low / scale, _axis(scale)
        whole = np.rint(zero)
        if axis is None or np.abs(zero - whole).max() > _NEAR or not _in_a_byte(whole):
            return None
        return cls(scale, whole, axis or _ANY_AXIS)

    def ends(self, graph: OnnxGraph) -> list[str]:
        """Add scale and zero, as one number each or as many as there are channels."""
        scale = self.scale.reshape(-1)
        kept = scale if len(scale) > 1 else scale[0]
        zero = self.zero.reshape(np.shape(kept))
        return [graph.constant(kept), graph.constant(zero, "uint8")]


def _in_a_byte(numbers: Array) -> bool:
    return bool(numbers.min() >= 0 and numbers.max() < _LEVELS)


def _in_steps(
    graph: OnnxGraph, values: str, taken: tuple[Array, Array, Array], given: tuple[Array, Array]
) -> str:
    """Clip to low and high, count steps from low, and scale them back from another low."""
    low, high, scale, out_low, step = (graph.constant(each) for each in (*taken, *given))
    clipped = graph.add("Min", [graph.add("Max", [values, low]), high])
    steps = graph.add("Round", [graph.add("Div", [graph.add("Sub", [clipped, low]), scale])])
    return graph.add("Add", [graph.add("Mul", [steps, step]), out_low])


def _axis(scale: Array) -> int | None:
    """Return the only axis that scales differ along, 0 if they are one number, or None."""
    many = [axis for axis, size in enumerate(scale.shape) if size > 1]
    # Axis 0 is the batch, along which nothing differs.
    return None if len(many) > 1 or many == [0] else (many or [0])[0]


def _is_rounded(node: Node) -> bool:
    """Tell whether a node is Multiply(Convert(Const), Const)."""
    if node.get_type_name() != "Multiply":
        return False
    first, second = (value.get_node() for value in node.input_values())
    return (
        first.get_type_name() == "Convert"
        and second.get_type_name() == "Constant"
        and first.input_value(0).get_node().get_type_name() == "Constant"
    )


def _values(node: Node) -> Array:
    return np.array(node.get_data())
