"""One graph for everything from pixels to probabilities."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from headstart.backbones.runtime import load_openvino, write_graph
from headstart.bundle.scoring import AffineSoftmax

if TYPE_CHECKING:
    from pathlib import Path

    from openvino import Model

    from headstart.backbones.networks import Network
    from headstart.bundle.scoring import Scorer

FEATURES = "features"
PROBABILITIES = "probabilities"
_KEPT = (FEATURES, "feature_map")


def save_graph(network: Network, scorer: Scorer, path: Path) -> None:
    """Write the network with the scorer in the place of its own classifier.

    The graph takes ``image`` (uint8, RGB, ``[?, height, width, 3]``) and gives ``features``,
    ``feature_map`` and, if the scorer is affine, ``probabilities``.
    """
    write_graph(_headed(network, scorer), path)


def _headed(network: Network, scorer: Scorer) -> Model:
    openvino = load_openvino()
    model = openvino.Core().read_model(network.graph)
    results = [model.output(name).get_node() for name in _KEPT if name in network.outputs]
    if isinstance(scorer, AffineSoftmax):
        results.append(_head(model, scorer))
    return openvino.Model(results, model.get_parameters(), network.name)


def _head(model: Model, scorer: AffineSoftmax) -> object:
    ops = load_openvino().opset13
    features = model.output(FEATURES).get_node().input_value(0)
    weights = ops.constant(scorer.weights.astype(np.float32))
    bias = ops.constant(scorer.bias.astype(np.float32)[None])
    logits = ops.add(ops.matmul(features, weights, transpose_a=False, transpose_b=False), bias)
    probabilities = ops.softmax(logits, axis=1)
    probabilities.output(0).get_tensor().set_names({PROBABILITIES})
    return ops.result(probabilities)


def output_shapes(network: Network, scorer: Scorer) -> dict[str, tuple[int, ...]]:
    """Return the outputs of the graph that `save_graph` writes, without the batch axis."""
    shapes = {name: network.outputs[name] for name in _KEPT if name in network.outputs}
    if isinstance(scorer, AffineSoftmax):
        shapes[PROBABILITIES] = (scorer.shape[1],)
    return shapes
