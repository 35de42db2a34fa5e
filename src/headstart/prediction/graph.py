"""One graph from pixels to probabilities: the network with the head on top."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from headstart.networks.reading import read_graph
from headstart.networks.runtime import load_openvino

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import ModuleType

    from openvino import Model, Node

    from headstart.networks.network import Network
    from headstart.prediction.scoring import Layer, Scorer

FEATURES = "features"
PROBABILITIES = "probabilities"
_KEPT = (FEATURES, "feature_map")


def headed(network: Network, scorer: Scorer) -> Model:
    """Return the network with the scorer in the place of its own classifier.

    The graph takes ``image`` (uint8, RGB, ``[?, height, width, 3]``) and returns ``features``,
    ``feature_map`` and, if the scorer consists of layers, ``probabilities``.
    """
    openvino = load_openvino()
    model = read_graph(network, openvino.Core())
    results = [model.output(name).get_node() for name in _KEPT if name in network.outputs]
    if scorer.layers:
        results.append(_head(model, scorer.layers))
    return openvino.Model(results, model.get_parameters(), network.name)


def _head(model: Model, layers: Sequence[Layer]) -> object:
    ops = load_openvino().opset13
    values = model.output(FEATURES).get_node().input_value(0)
    for layer in layers:
        weights = ops.constant(layer.weights.astype(np.float32))
        bias = ops.constant(layer.bias.astype(np.float32)[None])
        product = ops.matmul(values, weights, transpose_a=False, transpose_b=False)
        values = ACTIVATIONS[layer.activation](ops, ops.add(product, bias))
    probabilities = ops.softmax(values, axis=1)
    probabilities.output(0).get_tensor().set_names({PROBABILITIES})
    return ops.result(probabilities)


#: The activations of `headstart.prediction.scoring` as nodes of a graph.
ACTIVATIONS: dict[str, Callable[[ModuleType, Node], Node]] = {
    "linear": lambda _, values: values,
    "relu": lambda ops, values: ops.relu(values),
    "elu": lambda ops, values: ops.elu(values, 1.0),
    "silu": lambda ops, values: ops.swish(values),
    "sigmoid": lambda ops, values: ops.sigmoid(values),
    "tanh": lambda ops, values: ops.tanh(values),
}


def output_shapes(network: Network, scorer: Scorer) -> dict[str, tuple[int, ...]]:
    """Return the outputs of the graph that `headed` returns, without the batch axis."""
    shapes = {name: network.outputs[name] for name in _KEPT if name in network.outputs}
    if scorer.layers:
        shapes[PROBABILITIES] = (scorer.shape[1],)
    return shapes
