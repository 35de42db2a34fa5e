import numpy as np
import pytest
from tests.prediction.scorers import affine

from headstart.exporting.exported_model import ExportedModel
from headstart.networks.variants import pooled


def test_it_brings_the_pixels_and_the_probabilities_to_check_it_by(predictor):
    model = ExportedModel.of(predictor)
    assert model.images.dtype == np.uint8
    assert model.images.shape[1:] == (32, 32, 3)
    assert model.probabilities.shape == (len(model.images), len(predictor.labels))
    assert model.tolerance == pytest.approx(1e-3)


def test_labels_can_be_shown(make_predictor):
    model = ExportedModel.of(make_predictor(affine(), labels=("a\nb", 1, ("x", "y"))))
    assert model.labels == ("a\\nb", "1", "('x', 'y')")


def test_maxima_have_no_maps(make_predictor, tiny_network):
    assert ExportedModel.of(make_predictor(affine())).maps is not None
    predictor = make_predictor(affine(), network=pooled(tiny_network, "max"))
    assert ExportedModel.of(predictor).maps is None
