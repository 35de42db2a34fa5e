import numpy as np
import pytest
from tests.model.conftest import CLASSES
from tests.prediction.scorers import affine

from headstart.data import Resize
from headstart.features.extractor import FeatureExtractor
from headstart.features.openvino_engine import has_bf16
from headstart.features.precision import PrecisionChoice
from headstart.model.golden import Golden
from headstart.prediction.labels import user_classes
from headstart.prediction.predictor import Predictor


@pytest.fixture
def draw(tiny_network):
    """Draw golden images: ``draw(rule="pad", precision="f32")``."""

    def golden(rule="pad", precision="f32"):
        extractor = FeatureExtractor(
            tiny_network, Resize(rule, 32, 32), PrecisionChoice(precision, "")
        )
        return Golden.of(Predictor("tiny", extractor, user_classes(CLASSES), affine()))

    return golden


def test_images_are_drawn_and_show_something(draw):
    golden = draw()
    assert golden.images.dtype == np.uint8
    assert all(image.std() > 20 for image in golden.images)
    again = draw()
    assert np.array_equal(golden.images, again.images)
    assert golden.error(again.probabilities) == 0


def test_the_resize_rule_is_part_of_what_is_checked(draw):
    padded, cropped = draw("pad"), draw("crop")
    assert padded.error(cropped.probabilities) > padded.tolerance


def test_probabilities_of_another_shape_or_not_finite_are_wrong():
    golden = Golden(np.zeros((1, 2, 2, 3), np.uint8), np.array([[0.5, 0.5]]), 0.1)
    assert golden.error(np.array([[1.0]])) == float("inf")
    assert golden.error(np.array([[np.nan, 0.5]])) == float("inf")
    assert golden.error(np.array([[0.45, 0.55]])) == pytest.approx(0.05)


@pytest.mark.skipif(not has_bf16(), reason="this processor has no bfloat16")
def test_bfloat16_is_given_the_room_it_needs(draw):
    rough, exact = draw(precision="bf16"), draw(precision="f32")
    assert rough.error(exact.probabilities) < rough.tolerance < 0.5
    assert exact.tolerance < rough.tolerance
