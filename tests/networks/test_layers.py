"""The layers of a converted network."""

import math

from headstart.networks.layers import list_layers


def test_names_shapes_and_parameters(tiny_network):
    layers = list_layers(tiny_network)
    assert len({layer.name for layer in layers}) == len(layers)
    convolutions = [layer for layer in layers if layer.kind == "Convolution"]
    assert convolutions
    assert all(layer.parameters > 0 and len(layer.shape) == 3 for layer in convolutions)
    # The axes of a transposition are no parameters.
    assert all(layer.parameters == 0 for layer in layers if layer.kind == "Transpose")
    # Whatever holds them, all weights in float32 are counted: the rest are shapes and axes.
    stored = (tiny_network.folder / "graph.bin").stat().st_size
    counted = 4 * sum(layer.parameters for layer in layers)
    assert math.isclose(counted, stored, rel_tol=0.1)
