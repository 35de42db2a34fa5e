import numpy as np
import pytest
from PIL import Image

from headstart.errors import UsageError
from headstart.explaining.overlay import overlay

GREEN = Image.new("RGB", (60, 40), (0, 200, 0))


def pixels(heat, image=GREEN):
    return np.asarray(overlay(image, np.float32(heat))).astype(int)


def test_cold_parts_are_grey_and_the_hottest_is_bright():
    heat = np.zeros((40, 60))
    heat[:, 30:] = 5
    heat[:, :10] = -5
    found = pixels(heat)
    assert found.shape == (40, 60, 3)
    cold, hot = found[0, 20], found[0, 50]
    assert len(set(cold.tolist())) == 1  # grey
    np.testing.assert_array_equal(found[0, 0], cold)  # what speaks against the class, too
    assert hot[0] > hot[2] + 50
    assert hot.sum() > cold.sum()


def test_hotter_is_brighter_on_grey_paper():
    found = pixels(np.tile(np.linspace(0.15, 1, 60), (40, 1)), Image.new("RGB", (60, 40)))
    light = found[0] @ [0.299, 0.587, 0.114]
    assert (np.diff(light) > -0.5).all()
    assert light[-1] > light[0] + 100


def test_what_the_network_does_not_see_fades():
    heat = np.zeros((40, 60))
    heat[:, :20] = np.nan
    found = pixels(heat)
    assert found[0, 0, 0] > found[0, 40, 0]


def test_no_heat_at_all_is_a_grey_image():
    assert np.ptp(pixels(np.zeros((40, 60)))) == 0
    assert np.ptp(pixels(np.full((40, 60), -1.0))) == 0


def test_an_image_of_another_size_or_mode_is_brought_to_the_map():
    assert overlay(Image.new("L", (600, 400)), np.zeros((40, 60), np.float32)).size == (60, 40)


def test_anything_but_a_map_is_refused():
    with pytest.raises(UsageError, match=r"shape \(3,\)"):
        overlay(GREEN, np.zeros(3, np.float32))
