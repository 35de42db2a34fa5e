import json
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
def test_a_view_of_any_picture_has_the_size_asked_for(height, width, size, seed, rotation):
    augment = Augmentation(rotation=rotation, vertical_flip=0.5)
    view = augment(noise(height, width), size, random(seed))
    assert view.shape == (size, size, 3)
    assert view.dtype == np.uint8


def test_the_same_seed_gives_the_same_view_and_another_seed_another():
    views = [Augmentation()(noise(), 32, random(seed)) for seed in (1, 1, 2)]
    assert (views[0] == views[1]).all()
    assert (views[0] != views[2]).any()


def test_without_augmentation_the_picture_stays_as_it_is():
    picture = noise(32, 32)
    assert Augmentation.none() == Augmentation(**PLAIN)
    assert (Augmentation.none()(picture, 32, random()) == picture).all()


def test_without_augmentation_a_picture_of_another_size_is_resized_only():
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
def test_whether_it_changes_anything(change):
    assert Augmentation.none().changes_nothing
    assert Augmentation(**PLAIN | {"crop": [1, 1]}).changes_nothing
    assert not Augmentation(**PLAIN | change).changes_nothing


@pytest.mark.parametrize("extra", [{"rotation": 0.0}, {"vertical_flip": 0.0}])
def test_what_is_not_asked_for_draws_nothing(extra):
    generators = [random(), random()]
    Augmentation()(noise(), 32, generators[0])
    Augmentation(**extra)(noise(), 32, generators[1])
    assert generators[0].random() == generators[1].random()


def test_flip_mirrors_left_and_right():
    picture = noise(32, 32)
    view = Augmentation(**PLAIN | {"flip": 1.0})(picture, 32, random())
    assert (view == picture[:, ::-1]).all()


def test_vertical_flip_puts_upside_down():
    picture = noise(32, 32)
    view = Augmentation(**PLAIN | {"vertical_flip": 1.0})(picture, 32, random())
    assert (view == picture[::-1]).all()


def test_rotation_is_up_to_its_degrees_either_way(monkeypatch):
    turned = []
    monkeypatch.setattr(
        "headstart.augmentation.views.cut_out_turned",
        lambda pixels, box, size, degrees: turned.append(degrees) or pixels,  # noqa: ARG005
    )
    augment = Augmentation(**PLAIN | {"rotation": 20})
    generator = random()
    for _ in range(200):
        augment(noise(8, 8), 8, generator)
    assert -20 <= min(turned) < -18
    assert 18 < max(turned) <= 20


def test_a_batch_is_its_views_one_after_the_other():
    pictures = [noise(32, 32), noise(40, 60), noise(32, 32)]
    generator = random(3)
    expected = [Augmentation()(picture, 16, generator) for picture in pictures]
    batch = Augmentation().batch(pictures, 16, random(3))
    assert batch.dtype == np.float32
    np.testing.assert_array_equal(batch, expected)


def test_layers_get_the_whole_batch_after_all_else():
    def with_mean(images):
        assert images.shape == (2, 32, 32, 3)
        return images * 0 + images.mean()

    augment = Augmentation(**PLAIN | {"layers": [with_mean]})
    batch = augment.batch([noise(32, 32)] * 2, 32, random())
    np.testing.assert_allclose(batch, noise(32, 32).mean(), rtol=1e-5)


def test_settings_are_told_as_json():
    augment = Augmentation(rotation=10, layers=[np.negative, partial(np.add, 1)])
    described = augment.described()
    assert json.loads(json.dumps(described)) == described
    assert [layer["name"] for layer in described["layers"]][1] == "functools.partial"
    assert described["rotation"] == 10
    plain = Augmentation()
    assert json.loads(json.dumps(asdict(plain))) == plain.described()


def test_keras_layers_are_told_by_class_and_configuration_but_not_by_number():
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


def test_what_is_done_in_words():
    assert Augmentation.none().in_words() == "the whole picture, as it is"
    augment = Augmentation(
        crop=(0.5, 0.9), rotation=7.5, flip=0, vertical_flip=0.5, layers=[partial(np.add, 1)]
    )
    assert augment.in_words() == (
        "50% to 90% of a picture's area, turned by up to 7.5°, upside down 50% of the time, "
        "colours changed by up to 20%, partial"
    )
    assert Augmentation(**PLAIN | {"flip": 0.5}).in_words() == (
        "the whole picture, mirrored 50% of the time"
    )


def test_a_crop_is_a_piece_of_the_picture_of_the_area_asked_for():
    # Red counts the columns and green the rows, so a view tells which piece it is.
    rows, columns = np.mgrid[0:100, 0:100]
    picture = np.stack([columns, rows, np.zeros((100, 100))], axis=-1).astype(np.uint8)
    augment = Augmentation(**PLAIN | {"crop": (0.25, 0.25)})
    for seed in range(20):
        view = augment(picture, 50, random(seed)).astype(int)
        assert view[..., 0].max() - view[..., 0].min() == pytest.approx(49, abs=1)
        assert view[..., 1].max() - view[..., 1].min() == pytest.approx(49, abs=1)


def test_colour_keeps_grey_grey_and_stays_within_its_range():
    grey = np.full((8, 8, 3), 100, np.uint8)
    augment = Augmentation(**PLAIN | {"colour": 0.2})
    for seed in range(50):
        view = augment(grey, 8, random(seed))
        assert np.ptp(view) <= 1
        assert 79 <= view.mean() <= 121


def test_colour_of_a_white_picture_does_not_wrap_around():
    white = np.full((8, 8, 3), 255, np.uint8)
    views = [Augmentation(**PLAIN | {"colour": 1.0})(white, 8, random(i)) for i in range(20)]
    assert any(view.min() == 255 for view in views)


@pytest.mark.parametrize(
    "wrong",
    [{"crop": (0.0, 1.0)}, {"crop": (0.9, 0.5)}, {"crop": (0.5, 1.1)}, {"aspect": 0.5}],
)
def test_impossible_pieces_are_refused(wrong):
    with pytest.raises(UsageError, match="between 0 and 1 of the area"):
        Augmentation(**wrong)


@pytest.mark.parametrize(
    "wrong", [{"flip": -0.1}, {"flip": 1.1}, {"vertical_flip": 2.0}, {"colour": 2.0}]
)
def test_impossible_shares_are_refused(wrong):
    with pytest.raises(UsageError, match="flip, vertical_flip and colour must be between 0 and 1"):
        Augmentation(**wrong)


@pytest.mark.parametrize("wrong", [-1, 181, float("nan")])
def test_impossible_rotations_are_refused(wrong):
    with pytest.raises(UsageError, match=f"from 0 to 180 degrees. Received: {wrong}"):
        Augmentation(rotation=wrong)


@pytest.mark.parametrize("wrong", [np.negative, ["RandomContrast"]])
def test_layers_that_are_no_list_of_layers_are_refused(wrong):
    with pytest.raises(UsageError, match="layers must be a list of layers or functions"):
        Augmentation(layers=wrong)
