import io

import numpy as np
import pytest
from PIL import Image
from tests.recorder import Recorder

from headstart.images.sources import BytesSource
from headstart.jobs.copies import Independence, crossing, shared_in_words


def taken_at(seed, second):
    exif = Image.Exif()
    exif[271], exif[272] = "Make", "Model"
    exif.get_ifd(34665)[36867] = f"2026:01:02 03:04:{second:02}"
    with Image.open(io.BytesIO(drawn(seed).read())) as image:
        file = io.BytesIO()
        image.save(file, "JPEG", exif=exif)
    return BytesSource(f"{seed}.jpg", file.getvalue())


def drawn(seed, mirrored=False, size=60):
    coarse = np.random.default_rng(seed).integers(0, 255, (6, 6, 3), np.uint8)
    image = Image.fromarray(coarse[:, ::-1] if mirrored else coarse).resize((size, size))
    file = io.BytesIO()
    image.save(file, "PNG")
    return BytesSource(f"{seed}-{size}.png", file.getvalue())


def found(sources, own=None, labels=None, *, seconds=None, quick=False, progress=None):
    return Independence.of(
        sources,
        own,
        labels or ["a"] * len(sources),
        seconds=seconds,
        quick=quick,
        reading={"cache": False},
        progress=progress or Recorder(),
    )


def test_copies_of_all_kinds_are_found_and_told():
    images = [drawn(0), drawn(1), drawn(0), drawn(0, mirrored=True), BytesSource("x", b"no image")]
    groups = found(images).groups
    assert groups.tolist()[:4] == [0, 1, 0, 0]
    assert groups[4] not in groups[:4]
    assert "2 images are copies of others: they stay on the same side" in found(images).found[0]
    quick = found(images, quick=True)
    assert len(np.unique(quick.groups)) == 4
    assert "1 image is a copy of another one: it stays" in quick.found[0]
    assert "equal files only" in quick.found[0]


def test_copies_under_two_labels_are_told():
    images = [drawn(0), drawn(1), drawn(0), drawn(1), drawn(2)]
    assert "1 group of copies has more than one label" in found(images, labels="abbbc").found[2]
    assert "2 groups of copies have" in found(images, labels="abbac").found[2]
    assert found(images, labels=[0, 1, "0", 1, 2]).found[2] == ""


def test_many_images_are_searched_for_equal_files_only(monkeypatch):
    monkeypatch.setattr("headstart.jobs.copies._NEAR_AT_MOST", 2)
    progress = Recorder()
    images = [drawn(0), drawn(1), drawn(0, mirrored=True)]
    assert found(images, progress=progress).groups is None
    assert progress.bars == [["looking for copies", 3, "image", 3]]


@pytest.mark.parametrize("quick", [False, True])
def test_where_there_are_no_copies_nothing_is_said(quick):
    each = found([drawn(0), drawn(1), BytesSource("x", b"")], quick=quick)
    assert (each.groups, each.found) == (None, ("", "", ""))


def test_copies_join_the_groups_of_the_user():
    images = [drawn(seed) for seed in (0, 1, 2, 0)]
    assert found(images, ["a", "a", "b", "c"]).groups.tolist() == [0, 0, 1, 0]
    assert found(images[:3], ["a", "b", "a"]).groups.tolist() == [0, 1, 0]


def test_tested_images_that_training_images_share_a_group_with():
    assert crossing(np.array([0, 1, 2, 1, 3]), 3).tolist() == [0]
    assert crossing(None, 3).tolist() == []
    assert shared_in_words(2, 9).startswith("2 of the 9 test images are no fair test")
    assert shared_in_words(1, 1).startswith("1 of the 1 test image is no fair test")


def test_small_images_are_copies_only_if_they_are_equal():
    images = [drawn(0, size=20), drawn(0, mirrored=True, size=20), drawn(0, size=20)]
    assert found(images).groups.tolist() == [0, 1, 0]


@pytest.mark.parametrize("quick", [False, True])
def test_bursts_join_where_they_are_asked_for(quick):
    images = [taken_at(0, 10), taken_at(1, 30), taken_at(2, 12), drawn(3)]
    asked = found(images, seconds=2, quick=quick)
    assert asked.groups.tolist() == [0, 1, 0, 3]
    assert asked.found[1].startswith("2 images were taken within 2 s of another one by the same")
    told = found(images, quick=quick)
    assert told.groups is None
    assert ("--bursts 2" in told.found[1]) != quick
