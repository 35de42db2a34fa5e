"""The last layer of a network's own classifier, read from its graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from headstart.networks.reading import read_graph
from headstart.networks.runtime import load_openvino

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from openvino import Node

    from headstart.networks.network import Network

    Array = NDArray[np.float32]

# Operations between the last layer and the probabilities that move no value.
_SHAPES_ONLY = ("Reshape", "Squeeze", "Unsqueeze")


def classifier_layer(network: Network) -> tuple[Array, Array] | None:
    """Return weights and bias of the layer before the softmax of a network with classes.

    Returns
    -------
    weights : ndarray of float32, shape (n_inputs, n_classes)
    bias : ndarray of float32, shape (n_classes,)
        None in place of both if the network ends in another way, for example in 8 bits. Whether the
        inputs of the layer are the features is not said.
    """
    if "probabilities" not in network.outputs:
        return None
    model = read_graph(network, load_openvino().Core())
    node = _before(model.output("probabilities").get_node(), "Result")
    node = node and _before(node, "Softmax")
    bias = np.zeros(network.outputs["probabilities"], np.float32)
    if node is not None and node.get_type_name() == "Add":
        numbers = _constant(node.input_value(1).get_node())
        if numbers is None or numbers.size != bias.size:
            return None
        node, bias = _behind_shapes(node), numbers.reshape(-1)
    weights = None if node is None else _weights(node)
    return None if weights is None or weights.shape[1] != bias.size else (weights, bias)


def _before(node: Node, kind: str) -> Node | None:
    """Return what `node` computes from, if it is of this kind."""
    return _behind_shapes(node) if node.get_type_name() == kind else None


def _behind_shapes(node: Node) -> Node:
    node = node.input_value(0).get_node()
    while node.get_type_name() in _SHAPES_ONLY:
        node = node.input_value(0).get_node()
    return node


def _weights(node: Node) -> Array | None:
    kind = node.get_type_name()
    if kind not in ("MatMul", "Convolution"):
        return None
    weights = _constant(node.input_value(1).get_node())
    if weights is None:
        return None
    if kind == "Convolution":  # of one pixel: (n_classes, n_inputs, 1, 1)
        return weights[:, :, 0, 0].T if weights.shape[2:] == (1, 1) else None
    return weights.T if node.get_attributes()["transpose_b"] else weights


def _constant(node: Node) -> Array | None:
    if node.get_type_name() != "Constant":
        return None
    return np.array(node.get_data(), np.float32)
