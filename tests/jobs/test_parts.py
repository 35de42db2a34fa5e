import io

import numpy as np
import pytest
from PIL import Image
from tests.recorder import Recorder

import headstart as hs
from headstart.data.labelled_images import LabelledImages
from headstart.errors import DatasetError, UsageError
from headstart.images.sources import BytesSource
from headstart.jobs.parts import given_tests, parts_of, say_unused


def dataset(*seeds, split=None, columns=None):
    """Return images of two classes in turn; the same seed gives the same image."""
    sources = []
    for place, seed in enumerate(seeds):
        pixels = np.random.default_rng(seed).integers(0, 255, (6, 6, 3), np.uint8)
        file = io.BytesIO()
        Image.fromarray(pixels).resize((60, 60)).save(file, "PNG")
        sources.append(BytesSource(f"{place}.png", file.getvalue()))
    labels = ["a" if place % 2 else "b" for place in range(len(seeds))]
    return LabelledImages(sources, labels, ["a", "b"], split=split, columns=columns or {})


def parts(
    data, test=None, *, group_by=None, seconds=None, cross_validate=True, quick=True, progress=None
):
    return parts_of(
        data,
        test,
        0,
        group_by=group_by,
        seconds=seconds,
        cross_validate=cross_validate,
        quick=quick,
        reading={"cache": False},
        progress=progress or Recorder(),
    )


def names(images):
    return {source.name for source in images.sources}


def test_few_images_are_not_split_unless_a_share_is_asked_for():
    data = dataset(*range(20))
    assert parts(data).tested is None
    assert len(parts(data).training) == 20
    assert len(parts(data, 0.2).tested) == 4
    assert len(parts(data, cross_validate=False).tested) == 4
    one_class = LabelledImages(data.sources[:2], ["a", "b"], ["a", "b"])
    with pytest.raises(UsageError, match="at least 2 images"):
        parts(one_class)


def test_copies_are_on_one_side():
    data = dataset(*(place // 4 for place in range(40)))
    found = parts(data, 0.3, quick=False)
    assert found.shared is None
    assert not set(found.groups) & set(found.tested_groups)
    assert len(found.groups) == len(found.training)


def test_groups_of_a_column_join_copies():
    data = dataset(0, 1, 2, 3, 4, 4, columns={"patient": list("xxyyzw")})
    assert parts(data, group_by="patient").groups.tolist() == [0, 0, 1, 1, 2, 2]


def test_a_class_in_one_group_only_is_trained_on():
    data = dataset(*range(12), columns={"site": [0, 1, 0, 2, 0, 3] + [0, 4] * 3})
    found = parts(data, 0.25, group_by="site")
    assert set(found.tested.labels) == {"a"}


@pytest.mark.parametrize("second", [False, True])
def test_copies_in_a_given_test_split_stay_there_and_are_told(second):
    progress = Recorder()
    if second:
        found = parts(dataset(*range(10)), dataset(3, 50, 51, 52), progress=progress)
    else:
        split = ["train"] * 10 + ["test"] * 4
        found = parts(dataset(*range(10), 3, 50, 51, 52, split=split), progress=progress)
    assert (len(found.training), len(found.tested)) == (10, 4)
    assert found.shared.tolist() == [0]
    assert any("1 of the 4 test images is no fair test" in said for said in progress.said)
    assert [said for said in progress.said if said in found.found] == list(found.found)
    assert len(found.found) == 3
    assert "more than one label" in found.found[1]


def test_groups_are_looked_for_in_the_second_dataset_too():
    first = dataset(*range(4), columns={"patient": list("uvwx")})
    found = parts(first, dataset(8, 9, columns={"patient": ["w", "q"]}), group_by="patient")
    assert found.shared.tolist() == [0]
    with pytest.raises(UsageError, match="Groups must be a column"):
        parts(first, dataset(8, 9), group_by="patient")


def test_labels_to_test_on_are_checked_before_images_are_read(monkeypatch):
    monkeypatch.setattr("headstart.jobs.parts.Independence.of", None)
    data = dataset(*range(4))
    other = LabelledImages(data.sources, ["c"] * 4, ["c"])
    with pytest.raises(DatasetError, match="Received: 'c'"):
        parts(data, other)


def test_what_is_not_used_is_said():
    data = dataset(*range(6), split=["train", "train", "train", "train", "valid", "test"])
    progress = Recorder()
    found = parts(data, 0.5)
    say_unused(data, found, None, progress.say)
    assert [said.split(" of ")[0] for said in progress.said] == [
        "The validation split",
        "The test split",
    ]
    say_unused(data, parts(data), hs.FineTuning(), pytest.fail)


def test_a_share_is_no_dataset():
    assert given_tests(0.5, hs.DatasetSettings(), None) == 0.5
    assert given_tests(None, hs.DatasetSettings(), None) is None
    images = dataset(1, 2)
    assert given_tests(images, hs.DatasetSettings(), None) is images


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf")])
def test_seconds_are_above_0(seconds):
    with pytest.raises(UsageError, match="bursts must be a number of seconds above 0"):
        parts(dataset(*range(4)), seconds=seconds)
