import numpy as np
import pytest

from headstart.data.labelled_images import LabelledImages, given_classes, joined, sorted_classes
from headstart.data.sources import BytesSource
from headstart.errors import UsageError


@pytest.fixture
def images():
    sources = [BytesSource(str(i), b"") for i in range(4)]
    labels = ["b", "a", "b", "c"]
    return LabelledImages(sources, labels, ["a", "b", "c"], ["train", "test", "test", "train"])


def test_counts_are_in_the_order_of_the_classes(images):
    assert len(images) == 4
    assert list(images.counts().items()) == [("a", 1), ("b", 2), ("c", 1)]


def test_a_subset_keeps_order_and_classes(images):
    subset = images.subset(np.array([3, 0]))
    assert [source.name for source in subset.sources] == ["3", "0"]
    assert subset.labels == ["c", "b"]
    assert subset.split == ["train", "train"]
    assert subset.classes == ["a", "b", "c"]
    assert subset.counts()["a"] == 0


def test_a_part_is_one_split(images):
    assert [source.name for source in images.part("test").sources] == ["1", "2"]
    assert len(images.part("valid")) == 0


def test_an_unknown_or_missing_split_is_an_error(images):
    with pytest.raises(UsageError, match=r"'train', 'valid' or 'test'\. Received: 'dev'"):
        images.part("dev")
    whole = LabelledImages(images.sources, images.labels, images.classes)
    assert whole.subset([1]).split is None
    with pytest.raises(UsageError, match=r"must have splits.*Received: 4 images without a split"):
        whole.part("test")


def test_splits_are_joined_to_one_dataset(images):
    other = LabelledImages(images.sources[:1], ["A"], ["A"], skipped={"hidden": 1})
    whole = joined([("train", images), ("test", other)], {"hidden": 2, "not an image": 1})
    assert whole.sources == [*images.sources, images.sources[0]]
    assert whole.labels == [*images.labels, "A"]
    assert whole.classes == ["A", "a", "b", "c"]
    assert whole.split == ["train"] * 4 + ["test"]
    assert whole.skipped == {"hidden": 3, "not an image": 1}


def test_classes_are_sorted_with_numbers_before_strings():
    assert sorted_classes(["b", 10, "a", 9, "b"]) == [9, 10, "a", "b"]


def test_given_classes_that_do_not_occur_are_dropped():
    assert given_classes(["z", "y", "x"], ["x", "z", "x"]) == ["z", "x"]
