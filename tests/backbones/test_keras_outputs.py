"""The outputs of a Keras network: features of any layer, or a message that says why not."""

import numpy as np
import pytest

from headstart.networks.runtime import load_processor


@pytest.mark.parametrize(
    ("layer", "length"), [("expanded_conv_8_project", 96), ("conv_2", 1024), ("conv", 16)]
)
def test_features_are_the_means_of_a_layers_map(export, files, layer, length):
    graph, answer = export(files[5], size=(64, 64), feature_layer=layer)
    assert answer["outputs"]["features"] == [length]
    assert answer["outputs"]["feature_map"][2] == length
    images = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), np.uint8)
    answers = load_processor().compile_model(graph, "CPU")(images)
    maps = answers["feature_map"]
    np.testing.assert_allclose(answers["features"], maps.mean((1, 2)), rtol=0.05, atol=1e-3)


def test_features_are_the_vector_of_a_layer(export, files):
    _, answer = export(files[5], size=(64, 64), feature_layer="flatten")
    assert answer["outputs"]["features"] == [5]
    assert answer["outputs"]["feature_map"] == [2, 2, 576]


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        ("expanded_conv_8_add", "has no such layer. Received: 'expanded_conv_8_add'. Did you mean"),
        ("nothing", "Received: 'nothing'. `headstart models mobilenet_v3_small` lists them"),
    ],
)
def test_missing_layer_is_refused(export, files, layer, message):
    _, answer = export(files[5], size=(64, 64), feature_layer=layer)
    assert answer["error"] == "UsageError"
    assert message in answer["message"]
