"""The layers of a converted network."""

import math

import numpy as np
import pytest

from headstart.networks import layers as room
from headstart.networks.layers import count_parameters, gives_features, list_layers
from headstart.networks.runtime import load_openvino


@pytest.fixture
def network(tiny_network, monkeypatch):
    """A network with two layers of one name, windows in a third, and operations without names."""
    openvino = load_openvino()
    ops = openvino.opset13
    image = ops.parameter(openvino.PartialShape([-1, 8, 8, 3]), openvino.Type.f32)
    kernel = np.ones((2, 3, 4, 4), np.float32)
    maps = ops.convolution(
        ops.transpose(image, np.array([0, 3, 1, 2])), kernel, [4, 4], [0, 0], [0, 0], [1, 1]
    )
    stem = ops.add(maps, np.ones((1, 2, 1, 1), np.float32))
    padded = ops.pad(stem, [0, 0, 1, 1], [0, 0, 1, 1], "constant", ops.constant(np.float32(0)))
    windows = ops.reshape(padded, np.array([-1, 2, 2, 2]), False)
    whole = ops.reshape(windows, np.array([-1, 32]), False)
    for node, name in zip(
        (maps, stem, padded, windows, whole),
        ("stem", "stem", "padded", "windows", "whole"),
        strict=True,
    ):
        node.set_friendly_name(name)
    graph = openvino.Model([ops.result(ops.relu(whole))], [image], "net")
    monkeypatch.setattr(room, "read_graph", lambda *_: graph)
    return tiny_network


def test_what_the_file_names_and_features_can_come_from_is_listed_once(network):
    found = [
        (layer.name, layer.kind, layer.shape, layer.parameters) for layer in list_layers(network)
    ]
    assert found == [
        ("stem", "Add", (2, 2, 2), 98),
        ("padded", "Pad", (2, 4, 4), 0),
        ("whole", "Reshape", (32,), 0),
    ]


def test_all_weights_are_counted_whatever_holds_them(tiny_network):
    # In float32; the rest are shapes and axes.
    stored = (tiny_network.folder / "graph.bin").stat().st_size
    assert math.isclose(4 * count_parameters(tiny_network), stored, rel_tol=0.1)


@pytest.mark.parametrize(
    ("shape", "gives"),
    [
        ((1, 5), True),
        ((1, 5, 4), True),
        ((1, 5, 4, 4), True),
        ((1, 1, 1, 1, 5), True),
        ((4, 5, 4), False),
        ((1, 2, 3, 4, 4), False),
        ((), False),
    ],
)
def test_features_are_a_vector_tokens_or_a_map_of_one_image(shape, gives):
    assert gives_features(shape) is gives
