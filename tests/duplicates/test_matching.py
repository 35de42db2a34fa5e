"""Whether two images show the same."""

import numpy as np
import pytest
from PIL import Image

from headstart.duplicates.matching import (
    crop_likeness,
    orientations,
    whole_likeness,
    worth_a_look,
)
from headstart.duplicates.profile import thumbnail


def photo(seed):
    random = np.random.default_rng(seed)
    coarse = random.integers(0, 256, (9, 12, 3)).astype(np.uint8)
    return Image.fromarray(coarse).resize((240, 180), Image.Resampling.BICUBIC)


def test_there_are_eight_orientations():
    assert len({each.tobytes() for each in orientations(thumbnail(photo(0)))}) == 8


@pytest.mark.parametrize("how", list(Image.Transpose))
def test_a_turned_or_mirrored_image_is_the_same(how):
    turned = photo(0).transpose(how).resize((100, 130))
    assert whole_likeness(thumbnail(photo(0)), thumbnail(turned)) > 0.97


def test_other_images_are_not():
    for seed in range(1, 20):
        one, other = thumbnail(photo(0)), thumbnail(photo(seed))
        assert whole_likeness(one, other) < 0.8
        assert crop_likeness(one, other) < 0.8


@pytest.mark.parametrize("share", [0.9, 0.75, 0.65])
@pytest.mark.parametrize("mirrored", [False, True])
def test_a_crop_is_found_in_its_image_whichever_comes_first(share, mirrored):
    whole = photo(3)
    width, height = round(240 * share), round(180 * share)
    crop = whole.crop((20, 10, 20 + width, 10 + height))
    crop = crop.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if mirrored else crop
    pair = thumbnail(whole), thumbnail(crop)
    assert min(crop_likeness(*pair), crop_likeness(*pair[::-1])) > 0.9


def test_images_without_contrast_are_like_nothing():
    flat = np.full((48, 48), 90, np.uint8)
    assert whole_likeness(flat, flat) == crop_likeness(flat, thumbnail(photo(0))) == 0


def test_many_pairs_are_told_apart_at_once(monkeypatch):
    monkeypatch.setattr("headstart.duplicates.matching._BLOCK", 4)
    images = [photo(seed) for seed in range(6)]
    crop = images[2].crop((30, 20, 210, 150))
    thumbnails = [thumbnail(image) for image in (*images, crop, crop.transpose(0))]
    pairs = [(one, other) for one in range(8) for other in range(one + 1, 8)]
    assert {(2, 6), (2, 7)} <= set(worth_a_look(thumbnails, pairs))
    assert not [pair for pair in worth_a_look(thumbnails, pairs) if max(pair) < 6]
    assert worth_a_look(thumbnails, []) == []
