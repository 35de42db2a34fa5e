import json
import re
from dataclasses import asdict
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from headstart.augmentation.settings import Augmentation
from headstart.errors import UsageError

PLAIN = {"crop": (1.0, 1.0), "aspect": 1.0, "flip": 0.0, "colour": 0.0}


def random(seed=0):
    return np.random.default_rng(seed)


def noise(height=40, width=60):
    return random(7).integers(0, 256, (height, width, 3), np.uint8)


@given(
    height=st.integers(1, 90),
    width=st.integers(1, 90),
    size=st.integers(1, 80),
    seed=st.integers(0, 2**32),
    rotation=st.sampled_from([0, 10, 180]),
)
def test_a_view_of_any_image_has_the_given_size(height, width, size, seed, rotation):
    augment = Augmentation(rotation=rotation, vertical_flip=0.5)
    view = augment(noise(height, width), size, random(seed))
    assert view.shape == (size, size, 3)
    assert view.dtype == np.uint8


def test_the_seed_decides_the_view():
    views = [Augmentation()(noise(), 32, random(seed)) for seed in (1, 1, 2)]
    assert (views[0] == views[1]).all()
    assert (views[0] != views[2]).any()


def test_without_augmentation_the_image_is_unchanged():
    image = noise(32, 32)
    assert Augmentation.none() == Augmentation(**PLAIN)
    assert (Augmentation.none()(image, 32, random()) == image).all()


def test_without_augmentation_an_image_of_another_size_is_resized():
    resized = Image.fromarray(noise()).resize((24, 24), Image.Resampling.BILINEAR)
    np.testing.assert_array_equal(Augmentation.none()(noise(), 24, random()), np.asarray(resized))


@pytest.mark.parametrize(
    "change",
    [
        {"crop": (0.9, 1.0)},
        {"aspect": 1.1},
        {"rotation": 1},
        {"flip": 0.1},
        {"vertical_flip": 0.1},
        {"colour": 0.1},
        {"layers": [np.negative]},
    ],
)
def test_every_setting_changes_something(change):
    assert Augmentation.none().changes_nothing
    assert Augmentation(**PLAIN | {"crop": [1, 1]}).changes_nothing
    assert not Augmentation(**PLAIN | change).changes_nothing


def test_the_default_for_fine_tuning_keeps_more_of_an_image():
    assert Augmentation.gentle().crop[0] > Augmentation().crop[0]
    assert Augmentation.gentle().colour < Augmentation().colour


@pytest.mark.parametrize("extra", [{"rotation": 0.0}, {"vertical_flip": 0.0}])
def test_settings_that_are_off_draw_no_random_numbers(extra):
    generators = [random(), random()]
    Augmentation()(noise(), 32, generators[0])
    Augmentation(**extra)(noise(), 32, generators[1])
    assert generators[0].random() == generators[1].random()


def test_flip_mirrors_left_and_right():
    image = noise(32, 32)
    view = Augmentation(**PLAIN | {"flip": 1.0})(image, 32, random())
    assert (view == image[:, ::-1]).all()


def test_vertical_flip_mirrors_top_and_bottom():
    image = noise(32, 32)
    view = Augmentation(**PLAIN | {"vertical_flip": 1.0})(image, 32, random())
    assert (view == image[::-1]).all()


def test_rotation_is_up_to_the_angle_to_either_side(monkeypatch):
    turned = []
    monkeypatch.setattr(
        "headstart.augmentation.views.rotated_crop",
        lambda pixels, box, size, degrees: turned.append(degrees) or pixels,  # noqa: ARG005
    )
    augment = Augmentation(**PLAIN | {"rotation": 20})
    generator = random()
    for _ in range(200):
        augment(noise(8, 8), 8, generator)
    assert -20 <= min(turned) < -18
    assert 18 < max(turned) <= 20


def test_a_batch_consists_of_single_views():
    images = [noise(32, 32), noise(40, 60), noise(32, 32)]
    generator = random(3)
    expected = [Augmentation()(image, 16, generator) for image in images]
    batch = Augmentation().batch(images, 16, random(3))
    assert batch.dtype == np.uint8
    np.testing.assert_array_equal(batch, expected)


def test_layers_receive_the_whole_batch_last():
    def with_mean(images):
        assert images.shape == (2, 32, 32, 3)
        return images * 0 + images.mean()

    augment = Augmentation(**PLAIN | {"layers": [with_mean]})
    batch = augment.batch([noise(32, 32)] * 2, 32, random())
    np.testing.assert_allclose(batch, noise(32, 32).mean(), rtol=1e-5)


def test_settings_are_described_as_json():
    augment = Augmentation(rotation=10, layers=[np.negative, partial(np.add, 1)])
    described = augment.described()
    assert json.loads(json.dumps(described)) == described
    assert [layer["name"] for layer in described["layers"]][1] == "functools.partial"
    assert described["rotation"] == 10
    plain = Augmentation()
    assert json.loads(json.dumps(asdict(plain))) == plain.described()


def test_keras_layers_are_described_without_their_number():
    class RandomNoise:
        def __init__(self, number):
            self.number = number

        def get_config(self):
            return {"name": f"random_noise_{self.number}", "factor": (0.1, 0.2), "on": object}

        def __call__(self, images, training):
            raise NotImplementedError

    first, second = (Augmentation(layers=[RandomNoise(i)]).described() for i in range(2))
    assert first == second
    (layer,) = first["layers"]
    assert layer["name"].endswith("RandomNoise")
    assert layer["config"]["factor"] == [0.1, 0.2]
    assert json.loads(json.dumps(first)) == first


def test_settings_in_words():
    assert Augmentation.none().in_words() == "the whole image, unchanged"
    augment = Augmentation(
        crop=(0.5, 0.9), rotation=7.5, flip=0, vertical_flip=0.5, layers=[partial(np.add, 1)]
    )
    assert augment.in_words() == (
        "50 % to 90 % of an image's area, turned by up to 7.5°, upside down 50 % of the time, "
        "colours changed by up to 20 %, partial"
    )
    assert Augmentation(**PLAIN | {"flip": 0.5}).in_words() == (
        "the whole image, mirrored 50 % of the time"
    )


def test_a_crop_has_the_given_area():
    # Red is the column and green the row, so a view shows where it was taken.
    rows, columns = np.mgrid[0:100, 0:100]
    image = np.stack([columns, rows, np.zeros((100, 100))], axis=-1).astype(np.uint8)
    augment = Augmentation(**PLAIN | {"crop": (0.25, 0.25)})
    for seed in range(20):
        view = augment(image, 50, random(seed)).astype(int)
        assert view[..., 0].max() - view[..., 0].min() == pytest.approx(49, abs=1)
        assert view[..., 1].max() - view[..., 1].min() == pytest.approx(49, abs=1)


def test_colour_keeps_grey_grey_and_stays_in_its_range():
    grey = np.full((8, 8, 3), 100, np.uint8)
    augment = Augmentation(**PLAIN | {"colour": 0.2})
    for seed in range(50):
        view = augment(grey, 8, random(seed))
        assert np.ptp(view) <= 1
        assert 79 <= view.mean() <= 121


def test_colours_do_not_overflow():
    white = np.full((8, 8, 3), 255, np.uint8)
    views = [Augmentation(**PLAIN | {"colour": 1.0})(white, 8, random(i)) for i in range(20)]
    assert any(view.min() == 255 for view in views)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"crop": (0.0, 1.0)}, "crop must be"),
        ({"crop": (0.9, 0.5)}, "crop must be"),
        ({"crop": (0.5, 1.1)}, "crop must be"),
        ({"aspect": 0.5}, "aspect must be at least 1"),
        ({"aspect": float("nan")}, "aspect must be a number"),
        ({"rotation": -1}, "rotation must be from 0 to 180 degrees"),
        ({"rotation": 181}, "rotation must be from 0 to 180 degrees"),
        ({"rotation": float("nan")}, "rotation must be a number"),
        ({"flip": -0.1}, "flip must be from 0 to 1"),
        ({"flip": 1.1}, "flip must be from 0 to 1"),
        ({"vertical_flip": 2.0}, "vertical_flip must be from 0 to 1"),
        ({"colour": 2.0}, "colour must be from 0 to 1"),
    ],
)
def test_values_out_of_range_are_errors_that_name_the_setting(wrong, says):
    (value,) = wrong.values()
    with pytest.raises(UsageError, match=rf"^{says}.*Received: {re.escape(str(value))}\.$"):
        Augmentation(**wrong)


@pytest.mark.parametrize("wrong", [np.negative, ["RandomContrast"]])
def test_layers_must_be_a_list_of_callables(wrong):
    with pytest.raises(UsageError, match="layers must be a list of layers or functions"):
        Augmentation(layers=wrong)
