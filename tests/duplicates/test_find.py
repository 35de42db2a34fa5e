"""Find the images that are the same."""

import io

import numpy as np
from PIL import Image

from headstart.duplicates.find import DuplicateGroup, find_duplicates
from headstart.duplicates.profile import profile_of


def photo(seed):
    random = np.random.default_rng(seed)
    coarse = random.integers(0, 256, (9, 12, 3)).astype(np.uint8)
    return Image.fromarray(coarse).resize((120, 90), Image.Resampling.BICUBIC)


def profile(image, kind="PNG", **how):
    file = io.BytesIO()
    image.save(file, kind, **how)
    return profile_of(file.getvalue(), "a")


ONE, OTHER = profile(photo(0)), profile(photo(1))
RESIZED = profile(photo(0).resize((60, 45)), "JPEG", quality=50)
CROP = profile(photo(0).crop((10, 8, 100, 76)), "JPEG")


def test_each_copy_has_its_kind_and_the_first_image_represents_its_group():
    found = find_duplicates([OTHER, ONE, RESIZED, profile(photo(0), "BMP"), ONE])
    kinds = ("near", "same pixels", "same file")
    assert found.found == (DuplicateGroup((1, 2, 3, 4), kinds),)
    assert found.groups.tolist() == [0, 1, 1, 1, 1]


def test_crops_are_found_by_their_features():
    features = np.array([[1, 0], [0, 1], [0.9, 0.1]], np.float32)
    profiles = [ONE, OTHER, CROP]
    assert find_duplicates(profiles, features).groups.tolist() == [0, 1, 0]


def test_features_alone_do_not_make_a_copy():
    assert find_duplicates([ONE, OTHER], np.ones((2, 3), np.float32)).found == ()


def test_pairs_that_are_no_copies_stay_apart():
    assert find_duplicates([ONE, RESIZED], not_duplicates={(0, 1)}).found == ()


def test_only_exact_copies_if_asked():
    assert find_duplicates([ONE, RESIZED, ONE], exact_only=True).groups.tolist() == [0, 1, 0]


def test_a_copy_of_a_copy_must_be_like_the_first_image(monkeypatch):
    # 0 and 1 are alike, and 1 and 2; but 2 is not like 0, which represents the group.
    like = {(0, 1), (1, 2)}
    profiles = [profile(photo(seed)) for seed in range(3)]
    place = {id(each): number for number, each in enumerate(profiles)}

    def likeness(one, other):
        return 0.1 if (place[id(one)], place[id(other)]) in like else -0.1

    monkeypatch.setattr("headstart.duplicates.find._likeness", likeness)
    monkeypatch.setattr("headstart.duplicates.find.worth_a_look", lambda _, pairs: pairs)
    features = np.ones((3, 2), np.float32)
    assert find_duplicates(profiles, features).groups.tolist() == [0, 0, 2]


def test_exact_copies_follow_their_image_into_its_group():
    found = find_duplicates([ONE, RESIZED, OTHER, RESIZED])
    assert found.groups.tolist() == [0, 0, 2, 0]
    assert found.found[0].kinds == ("near", "same file")


def test_one_image_and_none_have_no_copies():
    assert find_duplicates([ONE]).found == ()
    assert find_duplicates([]).groups.tolist() == []
