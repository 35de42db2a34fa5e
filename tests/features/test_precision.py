import numpy as np
import pytest

from headstart.display.text import percent
from headstart.features.precision import judge, relative_change

EXACT = np.array([[3, 0], [-3, 0], [0, 3], [0, -3]], np.float32)


@pytest.mark.parametrize(("moved", "precision"), [(0.4, "bf16"), (0.5, "f32")])
def test_bfloat16_only_if_the_features_hardly_move(moved, precision):
    choice = judge(EXACT, EXACT + np.float32([0, moved]))
    assert choice.precision == precision
    assert choice.n_measured == 4
    assert (
        f"on 4 of the images bfloat16 moves features by {percent(choice.change)}" in choice.reason
    )


def test_without_a_readable_image_it_is_float32():
    choice = judge(EXACT[:0], EXACT[:0])
    assert choice.precision == "f32"
    assert "none of the images" in choice.reason
    assert choice.change is None


def test_the_change_is_relative_to_the_distance_between_images():
    assert relative_change(EXACT, EXACT + np.float32([0, 0.3])) == pytest.approx(0.1)
    assert relative_change(EXACT + 100, EXACT + 100 + np.float32([0.3, 0])) == pytest.approx(
        0.1, rel=1e-3
    )


def test_images_that_are_all_the_same():
    same = np.ones((4, 2), np.float32)
    assert relative_change(same, same) == 0
    assert relative_change(same, same + 1) == np.inf
