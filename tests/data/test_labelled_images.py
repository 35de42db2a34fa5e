import numpy as np
import pytest

from headstart.data.labelled_images import LabelledImages, given_classes, sorted_classes
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


def test_a_part_is_all_that_belongs_to_it(images):
    assert [source.name for source in images.part("test").sources] == ["1", "2"]
    assert len(images.part("valid")) == 0


def test_what_is_no_part_is_refused(images):
    with pytest.raises(UsageError, match=r"'train', 'valid' or 'test'\. Received: 'dev'"):
        images.part("dev")
    whole = LabelledImages(images.sources, images.labels, images.classes)
    assert whole.subset([1]).split is None
    with pytest.raises(UsageError, match="one whole of 4 images"):
        whole.part("test")


def test_classes_are_sorted_numbers_before_words():
    assert sorted_classes(["b", 10, "a", 9, "b"]) == [9, 10, "a", "b"]


def test_given_classes_are_those_that_occur():
    assert given_classes(["z", "y", "x"], ["x", "z", "x"]) == ["z", "x"]
