from dataclasses import replace

import numpy as np
import pytest

from headstart.features.compiling import compile_network
from headstart.networks.classifier_layer import classifier_layer
from headstart.networks.runtime import load_openvino, write_graph
from headstart.prediction.scoring import softmax

IMAGES = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), np.uint8)


@pytest.fixture
def ending(make_network, tmp_path):
    """Return what writes a tiny network whose features, (n, 16), end in other probabilities."""

    def make(function):
        network = make_network()
        openvino = load_openvino()
        model = openvino.Core().read_model(network.graph)
        features = model.output("features").get_node()
        output = function(openvino.opset13, features.input_value(0))
        output.output(0).get_tensor().set_names({"probabilities"})
        kept = [features, openvino.opset13.result(output)]
        write_graph(openvino.Model(kept, model.get_parameters(), "tiny"), tmp_path / "graph.xml")
        outputs = {name: network.outputs[name] for name in ("features", "probabilities")}
        return replace(network, folder=tmp_path, outputs=outputs, key=str(tmp_path))

    return make


def check(network):
    weights, bias = classifier_layer(network)
    assert (weights.shape, bias.shape) == ((16, 5), (5,))
    found = compile_network(network, outputs=("features", "probabilities")).infer(IMAGES)
    expected = softmax(found["features"] @ weights + bias)
    np.testing.assert_allclose(found["probabilities"], expected, rtol=1e-4)


def numbers(*shape):
    return np.random.default_rng(1).standard_normal(shape).astype(np.float32)


def test_a_layer_without_a_bias(tiny_network):
    check(tiny_network)


def test_a_dense_layer(ending):
    def dense(ops, features):
        product = ops.matmul(features, ops.constant(numbers(16, 5)), False, False)
        return ops.softmax(ops.add(product, ops.constant(numbers(5))), 1)

    check(ending(dense))


def test_a_convolution_of_one_pixel_in_the_place_of_a_dense_layer(ending):
    def convolution(ops, features):
        square = ops.reshape(features, ops.constant([0, 16, 1, 1]), special_zero=True)
        kernel, ones, none = ops.constant(numbers(5, 16, 1, 1)), [1, 1], [0, 0]
        product = ops.convolution(square, kernel, ones, none, none, ones)
        scores = ops.add(product, ops.constant(numbers(1, 5, 1, 1)))
        flat = ops.reshape(scores, ops.constant([0, 5]), special_zero=True)
        return ops.softmax(flat, 1)

    check(ending(convolution))


def scores(ops, features, weights=None):
    return ops.matmul(features, weights or ops.constant(numbers(16, 5)), False, False)


def moving(ops, features):
    mean = ops.reduce_mean(features, ops.constant([0, 1]), keep_dims=True)
    return ops.add(ops.constant(numbers(16, 5)), mean)


@pytest.mark.parametrize(
    "function",
    [
        lambda ops, features: ops.softmax(ops.relu(scores(ops, features)), 1),
        lambda ops, features: ops.sigmoid(scores(ops, features)),
        lambda ops, features: ops.softmax(
            ops.add(scores(ops, features), ops.relu(scores(ops, features))), 1
        ),
        lambda ops, features: ops.softmax(scores(ops, features, moving(ops, features)), 1),
    ],
    ids=["no layer", "no softmax", "no bias", "no constant"],
)
def test_another_ending_is_not_taken_for_a_layer(ending, function):
    assert classifier_layer(ending(function)) is None


def test_a_network_without_classes_has_no_such_layer(tiny_network):
    outputs = {"features": (16,)}
    assert classifier_layer(replace(tiny_network, outputs=outputs)) is None
