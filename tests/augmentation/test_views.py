import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from headstart.augmentation.views import (
    cut_out,
    cut_out_turned,
    is_keras_layer,
    recoloured,
    through_layers,
)
from headstart.errors import UsageError


def random(seed=0):
    return np.random.default_rng(seed)


def noise(height=40, width=60):
    return random(7).integers(0, 256, (height, width, 3), np.uint8)


def smooth(height=80, width=80):
    rows, columns = np.mgrid[0:height, 0:width]
    return np.stack([columns * 2, rows * 2, 255 - rows - columns], axis=-1).astype(np.uint8)


def test_a_whole_picture_of_the_right_size_is_not_touched():
    picture = noise(32, 32)
    assert cut_out(picture, (0.0, 0.0, 32.0, 32.0), 32) is picture


def test_a_piece_is_resized_as_pillow_does():
    box = (3.5, 2.0, 40.25, 33.0)
    expected = Image.fromarray(noise()).resize((24, 24), Image.Resampling.BILINEAR, box=box)
    np.testing.assert_array_equal(cut_out(noise(), box, 24), np.asarray(expected))


@given(data=st.data())
def test_a_turned_piece_of_any_picture_has_the_size_asked_for(data):
    height, width = data.draw(st.integers(1, 70)), data.draw(st.integers(1, 70))
    left = data.draw(st.floats(0, width - 0.5))
    top = data.draw(st.floats(0, height - 0.5))
    right = data.draw(st.floats(left + 0.4, width))
    bottom = data.draw(st.floats(top + 0.4, height))
    size = data.draw(st.integers(1, 50))
    degrees = data.draw(st.floats(-180, 180))
    view = cut_out_turned(noise(height, width), (left, top, right, bottom), size, degrees)
    assert view.shape == (size, size, 3)
    assert view.dtype == np.uint8


@pytest.mark.parametrize("degrees", [-30, 10, 45, 170])
def test_it_is_turned_as_pillow_turns(degrees):
    picture = smooth()
    turned = cut_out_turned(picture, (0.0, 0.0, 80.0, 80.0), 80, degrees).astype(int)
    expected = Image.fromarray(picture).rotate(degrees, Image.Resampling.BILINEAR)
    # A disc in the middle is there in both.
    rows, columns = np.mgrid[0:80, 0:80] - 39.5
    disc = rows**2 + columns**2 < 38**2
    assert np.abs(turned - np.asarray(expected))[disc].max() <= 1


@pytest.mark.parametrize(("degrees", "quarters"), [(90, 1), (180, 2), (-90, 3), (0, 0)])
def test_quarters_are_exact(degrees, quarters):
    picture = noise(32, 32)
    turned = cut_out_turned(picture, (0.0, 0.0, 32.0, 32.0), 32, degrees).astype(int)
    assert np.abs(turned - np.rot90(picture, quarters)).max() <= 1


def test_corners_go_on_with_the_picture_and_at_its_end_with_its_mirror_image():
    white = np.full((60, 60, 3), 255, np.uint8)
    assert cut_out_turned(white, (0.0, 0.0, 60.0, 60.0), 60, 45).min() == 255
    # Turned upright again, a piece out of the middle of a turned picture is a piece of the picture.
    framed = np.zeros((100, 100, 3), np.uint8)
    framed[20:80, 20:80] = 255
    view = cut_out_turned(framed, (20.0, 20.0, 80.0, 80.0), 60, 45)
    assert view[:3, :3].max() == 0


def test_recolouring_by_nothing_changes_nothing():
    assert np.abs(recoloured(noise(), 1, 1, 1).astype(int) - noise()).max() <= 1


def test_colour_of_a_white_picture_does_not_wrap_around():
    white = np.full((8, 8, 3), 255, np.uint8)
    assert recoloured(white, 2, 2, 2).min() == 255


def images(n=3):
    return random(1).uniform(0, 255, (n, 8, 8, 3)).astype(np.float32)


def test_functions_are_called_one_after_the_other_and_kept_within_range():
    seen = []

    def darker(batch):
        seen.append("darker")
        return batch - 300

    def brighter(batch):
        seen.append("brighter")
        return (batch + 10).astype(np.float64)

    changed = through_layers([darker, brighter], images(), random())
    assert seen == ["darker", "brighter"]
    assert changed.dtype == np.float32
    assert (changed == 10).all()


def test_a_layer_that_changes_the_shape_is_refused():
    with pytest.raises(UsageError, match=r"keep the shape of the images, \(3, 8, 8, 3\).*7, 8, 3"):
        through_layers([lambda batch: batch[:, 1:]], images(), random())


@pytest.fixture(scope="module")
def keras():
    pytest.importorskip("tensorflow")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    from headstart.training.backend import start_keras

    return start_keras()


def test_keras_layers_are_at_work_as_in_training_and_draw_what_the_seed_says(keras):
    layers = [keras.layers.RandomContrast(0.5), keras.layers.RandAugment(num_ops=2)]
    assert all(map(is_keras_layer, layers))
    first, other, again = (through_layers(layers, images(), random(seed)) for seed in (1, 2, 1))
    assert first.dtype == np.float32
    assert first.min() >= 0
    assert first.max() <= 255
    assert not np.array_equal(first, images())
    assert not np.array_equal(first, other)
    np.testing.assert_array_equal(first, again)


def test_keras_layers_without_a_mode_and_whole_models_will_do(keras):
    half = keras.layers.Rescaling(0.5)
    model = keras.Sequential([keras.layers.Input((8, 8, 3)), keras.layers.RandomFlip(), half])
    np.testing.assert_allclose(through_layers([half], images(), random()), images() / 2)
    changed = through_layers([model], images(), random(0))
    np.testing.assert_allclose(changed.sum(), images().sum() / 2, rtol=1e-5)
    np.testing.assert_array_equal(changed, through_layers([model], images(), random(0)))
