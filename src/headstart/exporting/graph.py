"""The graph of a model for other programs: pixels in; probabilities, features and maps out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from headstart.networks.reading import read_graph
from headstart.networks.runtime import load_openvino
from headstart.prediction.graph import FEATURES, PROBABILITIES, headed
from headstart.prediction.scoring import NeighbourVotes

if TYPE_CHECKING:
    from types import ModuleType

    from openvino import Model, Node, Output

    from headstart.prediction.activation_map import ActivationMaps
    from headstart.prediction.predictor import Predictor

#: The names of the outputs, under which OpenVINO's Model API looks for them.
FEATURE_VECTOR, SALIENCY_MAP = "feature_vector", "saliency_map"

# No feature vector is as short, unless it is zero.
_TINY = 1e-30


def exported_graph(predictor: Predictor, maps: ActivationMaps | None) -> Model:
    """Return the whole model as one graph; see `ExportedModel`."""
    openvino = load_openvino()
    scorer = predictor.scorer
    model = (
        read_graph(predictor.network, openvino.Core())
        if scorer is None
        else headed(predictor.network, scorer)
    )
    values = {
        name: result.input_value(0)
        for result in model.get_results()
        for name in result.output(0).get_names()
    }
    # The names of results that the new graph has not.
    for value in values.values():
        value.get_tensor().set_names(set())
    features = values[FEATURES]
    found = {PROBABILITIES: values.get(PROBABILITIES), FEATURE_VECTOR: features}
    if isinstance(scorer, NeighbourVotes):
        found[PROBABILITIES] = _votes(openvino, features, scorer).output(0)
    if maps is not None:
        found[SALIENCY_MAP] = _saliency_map(openvino.opset13, values["feature_map"], maps).output(0)
    (image,) = model.get_parameters()
    image.set_layout(openvino.Layout("NHWC"))
    results = [_result(openvino.opset13, name, value) for name, value in found.items()]
    return openvino.Model(results, [image], predictor.network.name)


def _result(ops: ModuleType, name: str, value: Output) -> Node:
    value.get_tensor().set_names({name})
    result = ops.result(value)
    result.set_friendly_name(name)
    return result


def _saliency_map(ops: ModuleType, feature_map: Output, maps: ActivationMaps) -> Node:
    """Return what each place adds to the score of each class: (n, k, rows, columns)."""
    n_places = feature_map.get_partial_shape()[1].get_length() * (
        feature_map.get_partial_shape()[2].get_length()
    )
    weights = ops.constant(maps.weights / np.float32(n_places))
    added = ops.matmul(feature_map, weights, transpose_a=False, transpose_b=False)
    return ops.transpose(added, ops.constant([0, 3, 1, 2]))


def _votes(openvino: ModuleType, features: Output, scorer: NeighbourVotes) -> Node:
    """Return what `NeighbourVotes.probabilities` computes, as nodes of a graph."""
    ops, n_classes = openvino.opset13, len(scorer.votes)

    def constant(values: object) -> Node:
        return ops.constant(np.asarray(values, np.float32))

    centred = ops.subtract(features, constant(scorer.centre[None]))
    squares = ops.reduce_sum(ops.multiply(centred, centred), np.array([1]), keep_dims=True)
    unit = ops.divide(centred, ops.maximum(ops.sqrt(squares), constant(_TINY)))
    similar = ops.matmul(unit, constant(scorer.examples.T), transpose_a=False, transpose_b=False)
    nearest = ops.topk(
        similar, np.array(scorer.n_neighbors), 1, "max", "value", "i32", stable=True
    ).output(1)
    codes = ops.gather(ops.constant(scorer.codes.astype(np.int32)), nearest, np.array(0))
    votes = ops.one_hot(codes, np.array(n_classes), np.float32(1), np.float32(0), axis=2)
    total = ops.reduce_sum(ops.multiply(votes, constant(scorer.votes)), np.array([1]), False)
    shares = ops.log(ops.add(total, constant(1 / n_classes)))
    # The softmax divides by the sum of the shares.
    return ops.softmax(ops.multiply(shares, constant(scorer.sharpness)), axis=1)
