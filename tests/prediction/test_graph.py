import numpy as np
import pytest
from PIL import Image
from tests.prediction.scorers import dense, neighbours

from headstart.features.compiling import compile_network
from headstart.model import load
from headstart.prediction import scoring
from headstart.prediction.graph import ACTIVATIONS


def test_the_graph_makes_the_same_probabilities_as_the_arrays(model_folder):
    model = load(model_folder)
    engine = compile_network(model.network, outputs=("features", "probabilities"))
    pixels = np.random.default_rng(0).integers(0, 256, (5, 32, 32, 3), np.uint8)
    values = engine.infer(pixels)
    expected = model.predictor.scorer.probabilities(values["features"])
    np.testing.assert_allclose(values["probabilities"], expected, atol=1e-5)


def test_anyone_with_openvino_can_run_it(model_folder):
    import openvino

    model = openvino.Core().compile_model(
        model_folder / "graph.xml", "CPU", {"INFERENCE_PRECISION_HINT": "f32"}
    )
    pixels = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), np.uint8)
    found = model({"image": pixels})["probabilities"]
    images = [Image.fromarray(image) for image in pixels]
    np.testing.assert_allclose(found, load(model_folder).predict_proba(images), atol=1e-5)


def test_votes_are_not_in_the_graph(save, tmp_path):
    model = save(tmp_path / "model", scorer=neighbours())
    assert model.network.outputs.keys() == {"features", "feature_map"}
    assert model.network.classes is None


@pytest.mark.parametrize("output", ["features", "feature_map"])
def test_the_backbones_outputs_stay_what_they_were(model_folder, tiny_network, output):
    pixels = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), np.uint8)
    found, expected = (
        compile_network(network, outputs=(output,)).infer(pixels)[output]
        for network in (load(model_folder).network, tiny_network)
    )
    assert np.array_equal(found, expected)


@pytest.mark.parametrize("activation", sorted(set(ACTIVATIONS) - {"linear"}))
def test_hidden_layers_are_in_the_graph(save, tmp_path, activation):
    model = save(tmp_path / "model", scorer=dense(activation=activation))
    engine = compile_network(model.network, outputs=("features", "probabilities"))
    values = engine.infer(np.random.default_rng(0).integers(0, 256, (5, 32, 32, 3), np.uint8))
    expected = model.predictor.scorer.probabilities(values["features"])
    np.testing.assert_allclose(values["probabilities"], expected, atol=1e-5)


def test_the_activations_are_those_of_the_arrays():
    assert list(ACTIVATIONS) == list(scoring.ACTIVATIONS)
