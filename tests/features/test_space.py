import dataclasses

import pytest

from headstart.data.resizing import Resize
from headstart.features.space import Space

RESIZE = Resize("crop", 32, 32)


@pytest.fixture
def space(tiny_network):
    return Space.of(tiny_network, RESIZE, "f32", "openvino", "features")


def test_it_knows_how_long_a_vector_is(tiny_network, space):
    assert space.length == 16 * 4
    feature_map = Space.of(tiny_network, RESIZE, "f32", "openvino", "feature_map")
    assert feature_map.length == 8 * 8 * 16 * 4


def test_the_same_settings_are_the_same_space(tiny_network, space):
    assert space.digest() == Space.of(tiny_network, RESIZE, "f32", "openvino", "features").digest()


@pytest.mark.parametrize(
    "change",
    [
        {"network": "other"},
        {"resize": "squash"},
        {"precision": "bf16"},
        {"runtime": "keras"},
        {"output": "probabilities"},
        {"shape": (17,)},
        {"format": 2},
    ],
)
def test_every_setting_makes_another_space(space, change):
    assert dataclasses.replace(space, **change).digest() != space.digest()


def test_the_default_interpolation_is_not_named(space):
    # Features that were cached before there was a choice are still found.
    assert space.resize == "crop 32x32 0.875"


@pytest.mark.parametrize(
    "resize",
    [
        Resize("pad", 32, 32),
        Resize("crop", 32, 32, 0.9),
        Resize("crop", 32, 33),
        Resize("crop", 32, 32, interpolation="bicubic"),
        Resize("crop", 32, 32, antialias=False),
    ],
)
def test_every_number_of_the_resize_counts(tiny_network, space, resize):
    other = Space.of(tiny_network, resize, "f32", "openvino", "features")
    assert other.digest() != space.digest()
