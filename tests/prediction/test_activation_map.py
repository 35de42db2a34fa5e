from dataclasses import replace

import numpy as np
import pytest
from tests.prediction.scorers import affine, dense, neighbours

from headstart.features.compiling import compile_network
from headstart.networks.variants import mirrored, pooled
from headstart.prediction.activation_map import activation_maps
from headstart.prediction.scoring import softmax

IMAGES = np.random.default_rng(3).integers(0, 256, (3, 32, 32, 3), np.uint8)


def check_sums(predictor, pooling):
    """Check that maps and biases sum to scores whose softmax is what the predictor says."""
    maps = activation_maps(predictor)
    assert maps.pooling == pooling
    engine = compile_network(predictor.network, outputs=("feature_map",))
    for feature_map, image in zip(engine.infer(IMAGES)["feature_map"], IMAGES, strict=True):
        places = range(len(predictor.classes))
        scores = [maps(feature_map, place).sum() + maps.bias[place] for place in places]
        expected = predictor.predict_proba([image])[0]
        np.testing.assert_allclose(softmax(np.array([scores]))[0], expected, rtol=1e-3, atol=1e-6)
        assert maps(feature_map, 0).shape == feature_map.shape[:2]


def test_a_map_sums_to_the_score_of_a_linear_head(make_predictor):
    check_sums(make_predictor(affine()), "avg")


def test_a_map_sums_to_the_score_of_the_networks_own_class(make_predictor):
    check_sums(make_predictor(), "avg")


@pytest.mark.parametrize(("pooling", "n_features"), [("max", 16), ("flatten", 16 * 64)])
def test_other_poolings_are_exact_as_well(make_predictor, tiny_network, pooling, n_features):
    network = pooled(tiny_network, pooling)
    check_sums(make_predictor(affine(n_features), network), pooling)


def test_means_with_mirror_images_are_exact_for_means_of_the_map_only(make_predictor, tiny_network):
    check_sums(make_predictor(affine(), mirrored(tiny_network)), "avg")
    largest = mirrored(pooled(tiny_network, "max"))
    assert activation_maps(make_predictor(affine(), largest)) is None


@pytest.mark.parametrize("scorer", [dense(), neighbours()], ids=["layers", "neighbours"])
def test_other_heads_have_none(make_predictor, scorer):
    assert activation_maps(make_predictor(scorer)) is None


def test_a_network_without_a_feature_map_or_with_one_of_one_place_has_none(
    make_predictor, tiny_network, make_network
):
    outputs = {"features": (16,)}
    without = replace(tiny_network, outputs=outputs)
    assert activation_maps(make_predictor(affine(), without)) is None
    assert activation_maps(make_predictor(affine(), make_network(size=4))) is None


def test_a_classifier_that_is_not_made_of_the_features_has_none(make_predictor, monkeypatch):
    wrong = (np.ones((16, 5), np.float32), np.arange(5, dtype=np.float32))
    home = "headstart.prediction.activation_map.classifier_layer"
    monkeypatch.setattr(home, lambda _: wrong)
    assert activation_maps(make_predictor()) is None
    monkeypatch.setattr(home, lambda _: (wrong[0][:8], wrong[1]))
    assert activation_maps(make_predictor()) is None
