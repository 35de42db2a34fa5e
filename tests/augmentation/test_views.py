import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from headstart.augmentation.views import (
    apply_layers,
    crop,
    is_keras_layer,
    recolour,
    rotated_crop,
)
from headstart.errors import UsageError


def random(seed=0):
    return np.random.default_rng(seed)


def noise(height=40, width=60):
    return random(7).integers(0, 256, (height, width, 3), np.uint8)


def smooth(height=80, width=80):
    rows, columns = np.mgrid[0:height, 0:width]
    return np.stack([columns * 2, rows * 2, 255 - rows - columns], axis=-1).astype(np.uint8)


def test_a_whole_image_of_the_right_size_is_not_touched():
    image = noise(32, 32)
    assert crop(image, (0.0, 0.0, 32.0, 32.0), 32) is image


def test_a_crop_is_resized_as_pillow_does():
    box = (3.5, 2.0, 40.25, 33.0)
    expected = Image.fromarray(noise()).resize((24, 24), Image.Resampling.BILINEAR, box=box)
    np.testing.assert_array_equal(crop(noise(), box, 24), np.asarray(expected))


@given(data=st.data())
def test_a_rotated_crop_of_any_image_has_the_given_size(data):
    height, width = data.draw(st.integers(1, 70)), data.draw(st.integers(1, 70))
    left = data.draw(st.floats(0, width - 0.5))
    top = data.draw(st.floats(0, height - 0.5))
    right = data.draw(st.floats(left + 0.4, width))
    bottom = data.draw(st.floats(top + 0.4, height))
    size = data.draw(st.integers(1, 50))
    degrees = data.draw(st.floats(-180, 180))
    view = rotated_crop(noise(height, width), (left, top, right, bottom), size, degrees)
    assert view.shape == (size, size, 3)
    assert view.dtype == np.uint8


@pytest.mark.parametrize("degrees", [-30, 10, 45, 170])
def test_it_is_rotated_as_pillow_rotates(degrees):
    image = smooth()
    turned = rotated_crop(image, (0.0, 0.0, 80.0, 80.0), 80, degrees).astype(int)
    expected = Image.fromarray(image).rotate(degrees, Image.Resampling.BILINEAR)
    # Both contain a disc in the middle.
    rows, columns = np.mgrid[0:80, 0:80] - 39.5
    disc = rows**2 + columns**2 < 38**2
    assert np.abs(turned - np.asarray(expected))[disc].max() <= 1


@pytest.mark.parametrize(("degrees", "quarters"), [(90, 1), (180, 2), (-90, 3), (0, 0)])
def test_quarter_turns_are_exact(degrees, quarters):
    image = noise(32, 32)
    turned = rotated_crop(image, (0.0, 0.0, 32.0, 32.0), 32, degrees).astype(int)
    assert np.abs(turned - np.rot90(image, quarters)).max() <= 1


def test_corners_show_the_image_or_its_mirror_image():
    white = np.full((60, 60, 3), 255, np.uint8)
    assert rotated_crop(white, (0.0, 0.0, 60.0, 60.0), 60, 45).min() == 255
    # The corners of a crop from the middle show the frame of the image.
    framed = np.zeros((100, 100, 3), np.uint8)
    framed[20:80, 20:80] = 255
    view = rotated_crop(framed, (20.0, 20.0, 80.0, 80.0), 60, 45)
    assert view[:3, :3].max() == 0


def test_factors_of_one_change_nothing():
    assert np.abs(recolour(noise(), 1, 1, 1).astype(int) - noise()).max() <= 1


def test_colours_do_not_overflow():
    white = np.full((8, 8, 3), 255, np.uint8)
    assert recolour(white, 2, 2, 2).min() == 255


def images(n=3):
    return random(1).uniform(0, 255, (n, 8, 8, 3)).astype(np.float32)


def test_functions_are_called_in_order_and_clipped():
    seen = []

    def darker(batch):
        seen.append("darker")
        return batch - 300

    def brighter(batch):
        seen.append("brighter")
        return (batch + 10).astype(np.float64)

    changed = apply_layers([darker, brighter], images(), random())
    assert seen == ["darker", "brighter"]
    assert changed.dtype == np.float32
    assert (changed == 10).all()


def test_a_layer_that_changes_the_shape_is_an_error():
    with pytest.raises(UsageError, match=r"keep the shape of the images, \(3, 8, 8, 3\).*7, 8, 3"):
        apply_layers([lambda batch: batch[:, 1:]], images(), random())


@pytest.fixture(scope="module")
def keras():
    pytest.importorskip("tensorflow")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    from headstart.training.backend import start_keras

    return start_keras()


def test_keras_layers_run_in_training_mode_and_follow_the_seed(keras):
    layers = [keras.layers.RandomContrast(0.5), keras.layers.RandAugment(num_ops=2)]
    assert all(map(is_keras_layer, layers))
    first, other, again = (apply_layers(layers, images(), random(seed)) for seed in (1, 2, 1))
    assert first.dtype == np.float32
    assert first.min() >= 0
    assert first.max() <= 255
    assert not np.array_equal(first, images())
    assert not np.array_equal(first, other)
    np.testing.assert_array_equal(first, again)


def test_other_keras_layers_and_whole_models_work(keras):
    half = keras.layers.Rescaling(0.5)
    model = keras.Sequential([keras.layers.Input((8, 8, 3)), keras.layers.RandomFlip(), half])
    np.testing.assert_allclose(apply_layers([half], images(), random()), images() / 2)
    changed = apply_layers([model], images(), random(0))
    np.testing.assert_allclose(changed.sum(), images().sum() / 2, rtol=1e-5)
    np.testing.assert_array_equal(changed, apply_layers([model], images(), random(0)))
