"""Predictors on tiny networks."""

import pytest

from headstart.features.extractor import FeatureExtractor, network_resize
from headstart.networks.classes import ClassName
from headstart.prediction.predictor import Predictor


@pytest.fixture
def make_predictor(tiny_network):
    """Return a maker of predictors: with a head, or with the network's own five classes."""

    def make(scorer=None, network=tiny_network, rule="squash", **settings):
        labels = ["ant", "bee", "cat"] if scorer else ["v", "w", "x", "y", "z"]
        extractor = FeatureExtractor(
            network,
            network_resize(network, rule),
            output="features" if scorer else "probabilities",
            **settings,
        )
        classes = tuple(ClassName(f"id-{label}", label) for label in labels)
        return Predictor("tiny", extractor, classes, scorer)

    return make
