import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart.errors import UsageError
from headstart.gradients.augmentation import Augmentation, mixup

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
)
def test_a_view_of_any_picture_has_the_size_asked_for(height, width, size, seed):
    view = Augmentation()(noise(height, width), size, random(seed))
    assert view.shape == (size, size, 3)
    assert view.dtype == np.uint8


def test_the_same_seed_gives_the_same_view_and_another_seed_another():
    views = [Augmentation()(noise(), 32, random(seed)) for seed in (1, 1, 2)]
    assert (views[0] == views[1]).all()
    assert (views[0] != views[2]).any()


def test_without_augmentation_the_picture_stays_as_it_is():
    picture = noise(32, 32)
    assert (Augmentation(**PLAIN)(picture, 32, random()) == picture).all()


def test_flip_mirrors_left_and_right():
    picture = noise(32, 32)
    view = Augmentation(**PLAIN | {"flip": 1.0})(picture, 32, random())
    assert (view == picture[:, ::-1]).all()


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


@pytest.mark.parametrize("wrong", [{"flip": -0.1}, {"flip": 1.1}, {"colour": 2.0}])
def test_impossible_shares_are_refused(wrong):
    with pytest.raises(UsageError, match="flip and colour must be between 0 and 1"):
        Augmentation(**wrong)


def test_mixup_blends_images_and_targets_by_the_same_share():
    images = random(0).random((4, 8, 8, 3)).astype(np.float32)
    targets = [np.eye(4, dtype=np.float32), random(1).random((4, 5)).astype(np.float32)]
    blended, (classes, lessons) = mixup(images, targets, 0.4, random(3))
    share = classes[0, 0]
    assert 0 < share < 1
    np.testing.assert_allclose(classes.sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_allclose(blended[0], share * images[0] + (1 - share) * images[3], rtol=1e-5)
    np.testing.assert_allclose(
        lessons[1], share * targets[1][1] + (1 - share) * targets[1][2], rtol=1e-5
    )


def test_no_mixup_leaves_all_as_it_is():
    images = random().random((2, 4, 4, 3)).astype(np.float32)
    targets = [np.eye(2, dtype=np.float32)]
    assert mixup(images, targets, 0, random()) == (images, targets)
