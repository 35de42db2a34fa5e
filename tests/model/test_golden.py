import numpy as np
import pytest
from tests.prediction.scorers import affine

from headstart.data import Resize
from headstart.features.openvino_engine import has_bf16
from headstart.model.golden import Golden


def test_pictures_are_drawn_and_show_something(tiny_network):
    golden = Golden.of(tiny_network, Resize("crop", 32, 32), "f32", affine())
    assert golden.images.dtype == np.uint8
    assert all(image.std() > 20 for image in golden.images)
    again = Golden.of(tiny_network, Resize("crop", 32, 32), "f32", affine())
    assert np.array_equal(golden.images, again.images)
    assert golden.error(again.probabilities) == 0


def test_the_resize_rule_is_part_of_what_is_checked(tiny_network):
    padded, cropped = (
        Golden.of(tiny_network, Resize(rule, 32, 32), "f32", affine()) for rule in ("pad", "crop")
    )
    assert padded.error(cropped.probabilities) > padded.tolerance


def test_an_answer_of_another_shape_or_none_is_wrong():
    golden = Golden(np.zeros((1, 2, 2, 3), np.uint8), np.array([[0.5, 0.5]]), 0.1)
    assert golden.error(np.array([[1.0]])) == float("inf")
    assert golden.error(np.array([[np.nan, 0.5]])) == float("inf")
    assert golden.error(np.array([[0.45, 0.55]])) == pytest.approx(0.05)


@pytest.mark.skipif(not has_bf16(), reason="this processor has no bfloat16")
def test_bfloat16_is_given_the_room_it_needs(tiny_network):
    rough = Golden.of(tiny_network, Resize("pad", 32, 32), "bf16", affine())
    exact = Golden.of(tiny_network, Resize("pad", 32, 32), "f32", affine())
    assert rough.error(exact.probabilities) < rough.tolerance < 0.5
    assert exact.tolerance < rough.tolerance
