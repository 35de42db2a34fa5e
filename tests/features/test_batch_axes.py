"""Graphs that run one image at a time and would mix several: they are told from all others."""

import numpy as np
import pytest
from tests.features.graphs import make_graph

from headstart.features.batch_axes import MixedImages, check_batches
from headstart.networks.graph_check import check_graph
from headstart.networks.runtime import load_openvino


@pytest.fixture
def check(tmp_path):
    """Check a graph, and return the number of images that it takes afterwards."""

    def check(function):
        network = make_graph(tmp_path, function)
        check_graph(network.graph.read_bytes(), np.fromfile(tmp_path / "graph.bin", np.uint8))
        model = load_openvino().Core().read_model(network.graph)
        check_batches(model, network)
        return model.input().get_shape()[0]

    return check


def twice(ops, x):
    return ops.concat([x, ops.relu(x)], 0)


@pytest.mark.parametrize(
    "function",
    [
        lambda _, x: x,
        lambda ops, x: ops.reshape(x, [0, 27, 10], True),
        lambda ops, x: ops.reshape(x, [-1, 270], False),
        lambda ops, x: ops.softmax(x, -3),
        lambda ops, x: ops.slice(x, [0, 2], [2**31, 1], [1, -1]),
        lambda ops, x: ops.slice(x, [0, 2], [2**31, 1], [1, -1], [0, -2]),
        lambda ops, x: ops.add(*ops.split(ops.tanh(twice(ops, x)), 0, 2).outputs()),
        lambda ops, x: ops.matmul(x, ops.relu(x), False, True),
    ],
)
def test_graphs_that_keep_images_apart_are_let_through(check, function):
    assert check(function) == 1


@pytest.mark.parametrize(
    ("function", "kind"),
    [
        (lambda ops, x: ops.reduce_mean(x, [0], True), "ReduceMean"),
        (lambda ops, x: ops.reduce_mean(x, [0], False), "ReduceMean"),
        (lambda ops, x: ops.softmax(x, 0), "Softmax"),
        (lambda ops, x: ops.softmax(x, -4), "Softmax"),
        (lambda ops, x: ops.gather(x, np.array([0]), np.array(0)), "Gather"),
        (lambda ops, x: ops.slice(x, [0], [1], [1], [0]), "Slice"),
        (lambda ops, x: ops.slice(x, [-1], [-(10**5)], [-1], [-4]), "Slice"),
        (lambda ops, x: ops.slice(x, [-1], [-(10**5)], [-1]), "Slice"),
        (lambda ops, x: ops.pad(x, [0] * 4, [1, 0, 0, 0], "constant"), "Pad"),
        (lambda ops, x: ops.transpose(x, [1, 0, 2, 3]), "Transpose"),
        (lambda ops, x: ops.reshape(x, [-1, 10, 3], False), "Reshape"),
        (
            lambda ops, x: ops.add(
                *ops.split(ops.reshape(x, [-1, 30], False), 0, 3).outputs()[:2]
            ),
            "Reshape",
        ),
        (lambda ops, x: ops.reshape(twice(ops, x), [-1, 540], False), "Reshape"),
    ],
)  # fmt: skip
def test_graphs_that_mix_images_are_named(check, function, kind):
    with pytest.raises(MixedImages, match=f"{kind} over several images"):
        check(function)


def test_a_graph_for_one_image_only_is_an_error_of_openvino(check):
    with pytest.raises(RuntimeError):
        check(lambda ops, x: ops.reshape(x, [1, 9, 10, 3], False))
