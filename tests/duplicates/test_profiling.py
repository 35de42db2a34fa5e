"""The profiles of many images."""

import numpy as np
import pytest
from tests.recorder import Recorder

from headstart.duplicates.profile import N_KEPT, ImageProfile
from headstart.duplicates.profiling import VERSION, profiles
from headstart.features.cache import FeatureCache
from headstart.features.store import Space
from headstart.images.sources import BytesSource, UnreadableImage, as_source


def test_profiles_are_in_order_and_unreadable_images_have_a_reason():
    sources = [as_source(np.full((20, 20 + n, 3), 9, np.uint8), n) for n in range(5)]
    sources.insert(2, BytesSource("broken", b"no image"))
    progress = Recorder()
    found = profiles(sources, workers=2, progress=progress)
    assert isinstance(found[2], UnreadableImage)
    assert [found[n].width for n in (0, 1, 3, 4, 5)] == [20, 21, 22, 23, 24]
    assert progress.bars == [["measuring", 6, "image", 6]]


def test_no_images_have_no_profiles():
    assert profiles([]) == []


def figures(profile):
    others = (name for name in ImageProfile.__slots__ if name != "thumbnail")
    return {name: getattr(profile, name) for name in others}, profile.thumbnail.tolist()


@pytest.fixture
def decoded(monkeypatch):
    """The names of the images that are decoded."""
    names = []
    measure = profiles.__globals__["profile_of"]

    def remembered(data, name, **how):
        names.append(name)
        return measure(data, name, **how)

    monkeypatch.setattr("headstart.duplicates.profiling.profile_of", remembered)
    return names


@pytest.fixture
def sources():
    random = np.random.default_rng(0)
    return [as_source(random.integers(0, 256, (30, 20, 3)).astype(np.uint8), n) for n in range(3)]


def test_what_is_kept_is_equal_and_not_decoded_again(sources, decoded, tmp_path):
    first = profiles(sources, cache=tmp_path)
    again = profiles(sources[::-1], cache=tmp_path)
    assert len(decoded) == 3
    assert [figures(each) for each in again[::-1]] == [figures(each) for each in first]


def test_without_a_cache_nothing_is_kept(sources, decoded, tmp_path, monkeypatch):
    monkeypatch.setenv("HEADSTART_CACHE", str(tmp_path / "cache"))
    profiles(sources, cache=False)
    assert not (tmp_path / "cache").exists()
    profiles(sources[:1])
    profiles(sources[:1])
    assert len(decoded) == 4


def test_truncated_images_are_kept_apart(sources, decoded, tmp_path):
    profiles(sources, cache=tmp_path, accept_truncated=True)
    profiles(sources, cache=tmp_path)
    assert len(decoded) == 6


def test_an_entry_that_is_no_profile_counts_as_absent(sources, decoded, tmp_path):
    known = profiles(sources[:1], cache=False)[0]
    space = Space(VERSION, "", "f32", "openvino", "profile", (N_KEPT,))
    kept = FeatureCache(tmp_path).open(space)
    kept.put(known.content, np.zeros(N_KEPT, np.float32), ('["three", "texts", ""]',))
    kept.close()
    (found,) = profiles(sources[:1], cache=tmp_path)
    assert figures(found) == figures(known)
    assert len(decoded) == 2
