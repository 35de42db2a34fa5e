from dataclasses import replace

import numpy as np
import pytest
from tests.prediction.scorers import affine

from headstart.exporting.exported_model import ExportedModel
from headstart.features.compiling import has_bf16
from headstart.networks.variants import pooled


def test_it_brings_the_pixels_and_the_probabilities_to_check_it_by(predictor):
    model = ExportedModel.of(predictor)
    assert model.images.dtype == np.uint8
    assert model.images.shape[1:] == (32, 32, 3)
    assert model.probabilities.shape == (len(model.images), len(predictor.labels))
    assert model.tolerance == pytest.approx(1e-3 * model.probabilities.max())


def test_labels_can_be_shown(make_predictor):
    model = ExportedModel.of(make_predictor(affine(), labels=("a\nb", 1, ("x", "y"))))
    assert model.labels == ("a\\nb", "1", "('x', 'y')")


def test_maxima_have_no_maps(make_predictor, tiny_network):
    assert ExportedModel.of(make_predictor(affine())).maps is not None
    predictor = make_predictor(affine(), network=pooled(tiny_network, "max"))
    assert ExportedModel.of(predictor).maps is None


def test_it_says_how_much_bfloat16_changes(make_predictor):
    predictor = make_predictor(affine())
    assert ExportedModel.of(predictor).bf16_change is None
    if not has_bf16("openvino"):
        pytest.skip("this processor has no bfloat16")
    fast = replace(predictor, extractor=predictor.extractor.computed_in("bf16"))
    model = ExportedModel.of(fast)
    assert 0 < model.bf16_change < 0.1
    np.testing.assert_array_equal(model.probabilities, ExportedModel.of(predictor).probabilities)
