import numpy as np
import pytest
from tests.model.conftest import CLASSES
from tests.prediction.scorers import affine

from headstart.features.extractor import FeatureExtractor
from headstart.features.openvino_engine import has_bf16
from headstart.features.precision import PrecisionChoice
from headstart.images.resizing import Resize
from headstart.model.golden import golden_arrays, golden_error
from headstart.prediction.labels import user_classes
from headstart.prediction.predictor import Predictor


@pytest.fixture
def make(tiny_network):
    """Make a predictor: ``make(rule="pad", precision="f32")``."""

    def predictor(rule="pad", precision="f32"):
        extractor = FeatureExtractor(
            tiny_network, Resize(rule, 32, 32), PrecisionChoice(precision, "")
        )
        return Predictor("tiny", extractor, user_classes(CLASSES), affine())

    return predictor


def test_images_are_drawn_and_show_something(make):
    golden = golden_arrays(make())
    assert golden["images"].dtype == np.uint8
    assert all(image.std() > 20 for image in golden["images"])
    assert np.array_equal(golden["images"], golden_arrays(make())["images"])
    assert golden_error(golden, make())[0] == 0


def test_the_resize_rule_is_part_of_what_is_checked(make):
    error, tolerance = golden_error(golden_arrays(make("pad")), make("crop"))
    assert error > tolerance


class Fixed:
    """A predictor that always gives these probabilities."""

    def __init__(self, *probabilities):
        self.probabilities = np.array([probabilities])

    def predict_proba(self, _):
        return self.probabilities


def test_probabilities_of_another_shape_or_not_finite_are_wrong():
    golden = {
        "images": np.zeros((1, 2, 2, 3), np.uint8),
        "probabilities": np.array([[0.5, 0.5]]),
        "tolerance": np.array(0.1),
    }
    assert golden_error(golden, Fixed(1.0)) == (float("inf"), 0.1)
    assert golden_error(golden, Fixed(np.nan, 0.5)) == (float("inf"), 0.1)
    assert golden_error(golden, Fixed(0.45, 0.55))[0] == pytest.approx(0.05)


@pytest.mark.skipif(not has_bf16(), reason="this processor has no bfloat16")
def test_bfloat16_is_given_the_room_it_needs(make):
    rough = golden_arrays(make(precision="bf16"))
    error, tolerance = golden_error(rough, make(precision="f32"))
    assert error < tolerance < 0.5
    assert golden_arrays(make())["tolerance"] < tolerance
