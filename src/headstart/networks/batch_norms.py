"""Fold batch normalisation into the convolution before it.

OpenVINO does that by itself when it compiles a network. A network with 8 bits needs it earlier:
what is rounded to 8 bits must be the weights that the processor multiplies with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from headstart.networks.runtime import load_openvino

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from openvino import Model, Node

    Array = NDArray[Any]

# Axes of a kernel that count its outputs; the last of them is innermost.
_OUTPUT_AXES = {"Convolution": 1, "GroupConvolution": 2}


def fold_batch_norms(model: Model) -> None:
    """Fold, in place, every batch normalisation that follows a convolution, or one with a bias."""
    for node in model.get_ordered_ops():
        if node.get_type_name() == "BatchNormInference":
            _fold(node)


def _fold(norm: Node) -> None:
    found = _convolution_before(norm)
    if found is None:
        return
    convolution, bias = found
    ops = load_openvino().opset13
    gamma, beta, mean, variance = (_values(norm, place) for place in range(1, 5))
    scale = gamma / np.sqrt(variance + norm.get_attributes()["epsilon"])
    shift = beta + (bias - mean) * scale
    kernel = _values(convolution, 1)
    outputs = kernel.shape[: _OUTPUT_AXES[convolution.get_type_name()]]
    ones = (1,) * (kernel.ndim - len(outputs))
    scaled = ops.constant((kernel * scale.reshape(*outputs, *ones)).astype(np.float32))
    convolution.input(1).replace_source_output(scaled.output(0))
    shifted = ops.add(convolution, ops.constant(shift.astype(np.float32).reshape(1, -1, 1, 1)))
    shifted.set_friendly_name(norm.get_friendly_name())
    norm.output(0).replace(shifted.output(0))


def _convolution_before(norm: Node) -> tuple[Node, Array] | None:
    """Return the convolution that alone feeds `norm`, and its bias; None if there is none."""
    node, bias = _feeding(norm), np.zeros(1)
    if node is not None and node.get_type_name() == "Add" and _is_constant(node, 1):
        values = _values(node, 1)
        if values.size != values.shape[1 if values.ndim == 4 else 0]:
            return None
        node, bias = _feeding(node), values.reshape(-1)
    if node is None or node.get_type_name() not in _OUTPUT_AXES or not _is_constant(node, 1):
        return None
    return node, bias


def _feeding(node: Node) -> Node | None:
    """Return the node whose only output goes into `node` and nowhere else."""
    source = node.input_value(0)
    return source.get_node() if len(source.get_target_inputs()) == 1 else None


def _is_constant(node: Node, place: int) -> bool:
    return bool(node.input_value(place).get_node().get_type_name() == "Constant")


def _values(node: Node, place: int) -> NDArray[Any]:
    """Return a constant input in float64, so that only the result is rounded."""
    return np.asarray(node.input_value(place).get_node().get_data(), np.float64)
