import subprocess
import sys

import numpy as np
import pytest

from headstart.data.labelled_images import (
    LABEL_COLUMNS,
    LabelledImages,
    find_column,
    fingerprint,
    joined,
    sorted_classes,
)
from headstart.errors import DatasetError, UsageError
from headstart.images.sources import BytesSource

IMAGES, LABELS = ["a.jpg", "b.jpg", "c.jpg"], ["cat", "dog", "cat"]


@pytest.fixture
def images():
    sources = [BytesSource(str(i), b"") for i in range(4)]
    labels = ["b", "a", "b", "c"]
    return LabelledImages(sources, labels, ["a", "b", "c"], ["train", "test", "test", "train"])


def test_counts_are_in_the_order_of_the_classes(images):
    assert len(images) == 4
    assert list(images.counts().items()) == [("a", 1), ("b", 2), ("c", 1)]


def test_a_dataset_in_words_counts_parts_and_classes():
    skipped = {"hidden": 1, "beside the splits": 1200}
    one = LabelledImages(["a", "b", "c"], ["x\x1b", "y", "y"], ["x\x1b", "y"], None, skipped, "So.")
    assert one.in_words().splitlines() == [
        "So.",
        r"3 images of 2 classes: x\x1b (1), y (2).",
        "Skipped: 1,200 beside the splits, 1 hidden.",
    ]
    split = LabelledImages(["a", "b", "c"], [1, 2, 2], [1, 2], ["test", "train", "train"])
    assert split.in_words() == "3 images (2 train, 1 test) of 2 classes: 1 (1), 2 (2)."


def test_one_image_and_one_class_are_in_the_singular():
    one = LabelledImages(["a"], ["cat"], ["cat"])
    assert one.in_words() == "1 image of 1 class: cat (1)."
    numbers = list(range(200))
    many = LabelledImages(list(map(str, numbers)), numbers, numbers)
    assert many.in_words().startswith("200 images of 200 classes (1 image each): ")


def test_many_classes_are_summed_up():
    labels = [number for number in range(200) for _ in range(500)]
    images = LabelledImages(list(map(str, labels)), labels, list(range(200)))
    assert images.in_words() == (
        "100,000 images of 200 classes (500 images each): 0, 1, 2, 3, 4, 5, 6, 7 and 192 more."
    )
    assert "(499 to 500 images each)" in images.subset(range(99_999)).in_words()


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


def test_the_first_name_counts_whatever_the_order_of_the_columns():
    assert find_column(["class", "label"], LABEL_COLUMNS, "a.csv", "label_column", None) == "label"
    assert (
        find_column({"target": 0, "x": 1}, LABEL_COLUMNS, "a.csv", "label_column", None) == "target"
    )


def test_a_column_is_called_as_the_table_spells_it():
    columns = ["Foto", "LABEL", "label", "Split"]
    assert find_column(columns, LABEL_COLUMNS, "a.csv", "label_column", None) == "label"
    assert find_column(columns, LABEL_COLUMNS, "a.csv", "image_column", " foto ") == "Foto"
    assert find_column(columns[:2], LABEL_COLUMNS, "a.csv", "label_column", None) == "LABEL"


def test_a_missing_column_is_an_error_that_lists_the_columns():
    with pytest.raises(DatasetError, match=r"^a\.csv must have .* label, .*Received: x, y\. N"):
        find_column(["x", "y"], LABEL_COLUMNS, "a.csv", "label_column", None)


def test_the_same_images_and_labels_have_the_same_fingerprint():
    assert fingerprint(IMAGES, LABELS) == fingerprint(tuple(IMAGES), iter(LABELS))
    assert len(fingerprint(IMAGES, LABELS)) == 64


def test_the_order_counts_only_where_it_is_asked_for():
    backwards = IMAGES[::-1], LABELS[::-1]
    assert fingerprint(*backwards) == fingerprint(IMAGES, LABELS)
    assert fingerprint(*backwards, ordered=True) != fingerprint(IMAGES, LABELS, ordered=True)


@pytest.mark.parametrize(
    ("images", "labels"),
    [
        (["a.jpg", "b.jpg", "d.jpg"], LABELS),
        (IMAGES, ["cat", "dog", "dog"]),
        (IMAGES[:2], LABELS[:2]),
        ([*IMAGES, "c.jpg"], [*LABELS, "cat"]),
    ],
)
@pytest.mark.parametrize("ordered", [True, False])
def test_other_images_or_labels_have_another_fingerprint(images, labels, ordered):
    assert fingerprint(images, labels, ordered=ordered) != fingerprint(
        IMAGES, LABELS, ordered=ordered
    )


def test_the_kind_of_a_label_counts():
    assert fingerprint(["a"], [1]) != fingerprint(["a"], ["1"])


def test_every_image_has_a_label():
    with pytest.raises(ValueError, match="shorter"):
        fingerprint(IMAGES, LABELS[:2])


def test_sets_as_labels_have_the_same_fingerprint_in_every_process():
    code = (
        "from headstart.data.labelled_images import fingerprint\n"
        "print(fingerprint(['a'], [frozenset('abcdefgh')]))"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(found) == 1
