import numpy as np
import pytest
from tests.prediction.scorers import affine, dense, neighbours

from headstart.exporting.exported_model import ExportedModel
from headstart.networks.runtime import load_processor
from headstart.networks.variants import mirrored


def run(model, pixels):
    compiled = load_processor().compile_model(
        model.graph, "CPU", {"INFERENCE_PRECISION_HINT": "f32"}
    )
    found = compiled(pixels)
    return {output.get_any_name(): found[output] for output in compiled.outputs}


def test_the_graph_predicts_what_the_predictor_does(predictor, pixels):
    found = run(ExportedModel.of(predictor), pixels)
    expected = predictor.predict_proba(list(pixels))
    np.testing.assert_allclose(found["probabilities"], expected, atol=1e-5)


def test_the_features_are_those_of_the_predictor(make_predictor, pixels):
    predictor = make_predictor(dense())
    found = run(ExportedModel.of(predictor), pixels)
    expected = [item.values for item in predictor.extractor.stream(list(map(_source, pixels)))]
    np.testing.assert_allclose(found["feature_vector"], expected, atol=1e-5)


def _source(image):
    from headstart.images.sources import as_source

    return as_source(image, 0)


def test_the_probabilities_come_first(predictor):
    graph = ExportedModel.of(predictor).graph
    assert [output.get_any_name() for output in graph.outputs][:2] == [
        "probabilities",
        "feature_vector",
    ]
    assert [image.get_any_name() for image in graph.inputs] == ["image"]


@pytest.mark.parametrize("mirror", [False, True])
def test_the_maps_sum_to_the_scores(make_predictor, tiny_network, pixels, mirror):
    network = mirrored(tiny_network) if mirror else tiny_network
    head = affine()
    found = run(ExportedModel.of(make_predictor(head, network=network)), pixels)
    assert found["saliency_map"].shape == (5, 3, 8, 8)
    scores = found["saliency_map"].sum(axis=(2, 3)) + head.bias
    shares = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(found["probabilities"], shares, atol=1e-5)


@pytest.mark.parametrize("scorer", [dense, neighbours])
def test_heads_whose_scores_are_no_sum_have_no_map(make_predictor, scorer):
    graph = ExportedModel.of(make_predictor(scorer())).graph
    names = [output.get_any_name() for output in graph.outputs]
    assert "saliency_map" not in names


def test_a_neighbour_that_is_at_the_centre_has_no_direction(make_predictor, pixels):
    """Features of length 0 are divided by no zero."""
    from dataclasses import replace

    predictor = make_predictor(neighbours())
    features = np.stack([item.values for item in predictor.extractor.stream([_source(pixels[0])])])
    predictor = replace(predictor, scorer=replace(predictor.scorer, centre=features[0]))
    found = run(ExportedModel.of(predictor), pixels[:1])
    assert np.isfinite(found["probabilities"]).all()
    expected = predictor.predict_proba([pixels[0]])
    assert found["probabilities"].shape == expected.shape
