"""Folders as people have them: each layout is read, or asked about."""

import os
import re
from collections import Counter
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.documents.markdown import ROOT, table

from headstart.data.datasets import read_dataset
from headstart.data.folders import Folder
from headstart.data.layouts import read_layout
from headstart.data.settings import DatasetSettings
from headstart.errors import DatasetError
from headstart.images.sources import FileSource


@dataclass(frozen=True)
class Case:
    """A tree of images, and how it is read: counts by (split, label); what is told and skipped."""

    files: str
    counts: dict[tuple[str | None, str], int]
    told: str = ""
    skipped: dict[str, int] = field(default_factory=dict)
    settings: DatasetSettings = DatasetSettings()


CATS_AND_DOGS = {(None, "cat"): 1, (None, "dog"): 1}
TRAIN_AND_TEST = {("train", "cat"): 1, ("train", "dog"): 1, ("test", "cat"): 1}
LEVEL_2, LEVEL_1 = DatasetSettings(class_level=2), DatasetSettings(class_level=1)


def splits(train, other, kind, wrap=""):
    """Return the tree and the counts of two splits that are named so."""
    files = f"{wrap}{train}/cat/1 {wrap}{train}/dog/2 {wrap}{other}/cat/3"
    counts = {("train", "cat"): 1, ("train", "dog"): 1, (kind, "cat"): 1}
    return Case(files, counts, f"{train.partition('/')[0]} (training)")


READ = {
    "class folders": Case("cat/1 dog/2", CATS_AND_DOGS, "each folder is a class"),
    "folders in classes": Case(
        "cat/old/1 cat/new/2 dog/3", {(None, "cat"): 2, (None, "dog"): 1}, "each folder is a class"
    ),
    "an images folder in each class": Case("cat/images/1 dog/images/2", CATS_AND_DOGS),
    "train and test": splits("train", "test", "test"),
    "train and eval": splits("train", "eval", "valid"),
    "train and dev": splits("train", "dev", "valid"),
    "training_set and test_set": splits("training_set", "test_set", "test"),
    "seg_train and seg_test": splits("seg_train", "seg_test", "test"),
    "Training and Validation": splits("Training", "Validation", "valid"),
    "train2017 and val2017": splits("train2017", "val2017", "valid"),
    "Kaggle's seg_train/seg_train": splits("seg_train/seg_train", "seg_test/seg_test", "test"),
    "splits in a folder": splits("train", "test", "test", wrap="archive/flowers/"),
    "splits with folders of images": splits("train", "test/images", "test"),
    "three splits": Case(
        "train/cat/1 train/dog/2 valid/cat/3 test/dog/4",
        {
            ("train", "cat"): 1,
            ("train", "dog"): 1,
            ("valid", "cat"): 1,
            ("test", "dog"): 1,
        },
        "train (training), valid (validation), test (test)",
    ),
    "a folder around it": Case("pets/cat/1 pets/dog/2", CATS_AND_DOGS, "all its images in one"),
    "documents beside the splits": Case(
        "train/cat/1 train/dog/2 test/cat/3 docs/a.txt", TRAIN_AND_TEST, "", {"not an image": 1}
    ),
    "a flat test folder": Case(
        "train/cat/1 train/dog/2 test/1 test/2",
        CATS_AND_DOGS,
        "The images in test (2) have no labels and are not used. Predict them with: headstart",
        {"without a label": 2},
    ),
    "images to predict beside the splits": Case(
        "seg_train/cat/1 seg_train/dog/2 seg_test/cat/3 seg_pred/seg_pred/4",
        TRAIN_AND_TEST,
        "in seg_pred (1) have no labels",
        {"without a label": 1},
    ),
    "splits in classes": Case(
        "cat/train/1 cat/test/2 dog/train/3",
        TRAIN_AND_TEST,
        "each folder is a class; the folders in it are the splits train (training), test (test)",
    ),
    "a train beside buses": Case("train/1 bus/2", {(None, "bus"): 1, (None, "train"): 1}),
    "a train station": Case(
        "train_station/1 test_tube/2", {(None, "test_tube"): 1, (None, "train_station"): 1}
    ),
    "classes of one kind": Case("test1/1 test2/2", {(None, "test1"): 1, (None, "test2"): 1}),
    "classes by name of split": Case(
        "train/1 test/2", {(None, "test"): 1, (None, "train"): 1}, "", {}, LEVEL_1
    ),
    "sites, asked for": Case(
        "A/cat/1 A/dog/2 B/cat/3 B/dog/4", {(None, "A"): 2, (None, "B"): 2}, "", {}, LEVEL_1
    ),
    "classes in sites, asked for": Case(
        "A/cat/1 A/dog/2 B/cat/3 B/dog/4 B/5",
        {(None, "cat"): 2, (None, "dog"): 2},
        "Images above that level are not used: 1.",
        {"above the class folders": 1},
        LEVEL_2,
    ),
    "classes in splits, asked for": Case(
        "train/cat/1 train/dog/2 test/cat/3", TRAIN_AND_TEST, "level 2", {}, LEVEL_2
    ),
    "classes in sites in splits, asked for": Case(
        "train/A/cat/1 train/B/dog/2 test/A/cat/3",
        TRAIN_AND_TEST,
        "level 3",
        {},
        DatasetSettings(class_level=3),
    ),
    "sites with other classes": Case(
        "A/cat/1 A/dog/2 B/cat/3 B/dog/4 C/cat/5",
        {(None, "A"): 2, (None, "B"): 2, (None, "C"): 1},
        "recur further down (cat, dog): if these are the classes, use --class-level 2",
    ),
    "years in classes": Case(
        "cat/2023/1 cat/2024/2 dog/2023/3 dog/2024/4", {(None, "cat"): 2, (None, "dog"): 2}
    ),
    "images to predict in splits, asked for": Case(
        "train/cat/1 train/dog/2 test/cat/3 pred/new/4",
        TRAIN_AND_TEST,
        "Images in folders for prediction are not used: 1.",
        {"without a label": 1},
        LEVEL_2,
    ),
    "labels in file names, and images to predict": Case(
        "train/cat.1 train/dog.2 test/cat.3 pred/cat.4",
        TRAIN_AND_TEST,
        "Images in folders for prediction are not used: 1.",
        {"without a label": 1},
        DatasetSettings(label_from="{label}.*.png"),
    ),
    "labels in file names": Case(
        "train/cat.1 train/dog.2 test1/cat.3 logo",
        CATS_AND_DOGS | {(None, "cat"): 2},
        "Images without one are not used, 1 of 4: logo.png.",
        {"without a label": 1},
        DatasetSettings(label_from="{label}.*.png"),
    ),
    "labels in file names in splits": Case(
        "train/cat.1 train/dog.2 test1/cat.3",
        TRAIN_AND_TEST,
        "labels are found by",
        {},
        DatasetSettings(label_from="{label}.*.png"),
    ),
}

ASKED = {
    "a test folder beside classes": (
        "cat/1 dog/2 test/3",
        (
            "named like splits (test) beside cat, dog. If all folders in it are classes, use "
            "--class-level 1. If test is a split, move test out of it"
        ),
    ),
    "a train with folders beside buses": ("train/a/1 bus/a/2 car/a/3", "move train out of it"),
    "another folder beside splits": (
        "train/cat/1 test/cat/2 docs/3",
        (
            "named like splits (train, test) beside docs. If all folders in it are classes, use "
            "--class-level 1. If train, test are splits, move docs out of it"
        ),
    ),
    "splits without labels": (
        "train/1 eval/2",
        (
            "must lie in one folder for each class, such as train/cat/1.jpg. Received: images "
            "without class folders. If train, eval are themselves the classes, use --class-level 1."
        ),
    ),
    "Kaggle's Dogs vs Cats": (
        "train/cat.0 train/cat.1 train/dog.0 train/dog.1 test1/1 test1/2",
        "seem to begin with labels: --label-from '{label}.*.*' finds the classes cat, dog.",
    ),
    "training images without labels": ("train/1 test/cat/1", "The images in train of"),
    "sites": (
        "A/cat/1 A/dog/2 B/cat/3 B/dog/4",
        "Use --class-level 1 if they are A, B; or --class-level 2 if they are cat, dog.",
    ),
    "sites in splits": (
        "train/A/cat/1 train/A/dog/2 train/B/cat/1 train/B/dog/3 test/A/cat/3 test/A/dog/3",
        "Use --class-level 2 if they are A, B; or --class-level 3 if they are cat, dog.",
    ),
    "sites and dates": (
        "A/2024-05-01/cat/1 A/2024-05-01/dog/2 B/2024-05-02/cat/3 B/2024-05-02/dog/4",
        "Use --class-level 1 if they are A, B; or --class-level 3 if they are cat, dog.",
    ),
    "dates": (
        "2024-05-01/cat/1 2024-05-02/dog/2",
        "or --class-level 2 if they are cat, dog.",
    ),
    "folds": (
        "train1/cat/1 train2/cat/1 test1/cat/1 test2/cat/1",
        "If they are folds of a cross-validation, train on one of them",
    ),
    "splits in some classes": (
        "cat/train/1 cat/test/2 dog/3",
        "not all images lie in such folders: see dog. ",
    ),
    "an empty training split": (
        "train/ test/cat/1 test/dog/2",
        "must hold images. Received: 1 without an image (train). Add images or remove",
    ),
    "an empty class": ("cat/1 dog/", "1 without an image (dog)"),
    "a class of other files": ("cat/1 dog/a.txt", "(dog: other files, 1)"),
    "a flat folder": ("1 2 3", "Received: no folder and 3 images. If the labels are in the file"),
    "a flat folder with labels": (
        "cat_1 cat_2 dog_1 dog_2",
        "--label-from '{label}_*' finds the classes cat, dog.",
    ),
    "one class": ("cat/1 cat/2", "at least 2 classes. Received: 1 (cat)."),
    "nothing": ("", "Received: no folder and 0 images."),
}


def make(folder, files, make_images):
    """Write the files of a case; those without an ending are images, those with a slash folders."""
    names = files.split()
    for name in names:
        path = folder / name
        (path if name.endswith("/") else path.parent).mkdir(parents=True, exist_ok=True)
        if name.endswith(".txt"):
            path.write_text("words")
    make_images(folder, *(f"{name}.png" for name in names if not name.endswith(("/", ".txt"))))


@pytest.mark.parametrize("case", READ.values(), ids=READ)
def test_layouts_that_are_read(case, tmp_path, make_images):
    make(tmp_path, case.files, make_images)
    images = read_dataset(tmp_path, case.settings)
    split = images.split or [None] * len(images)
    assert Counter(zip(split, images.labels, strict=True)) == case.counts
    assert case.told in images.layout
    assert images.skipped == case.skipped
    assert all(os.path.isfile(source.name) for source in images.sources)  # noqa: PTH113


@pytest.mark.parametrize(("files", "says"), ASKED.values(), ids=ASKED)
def test_layouts_that_are_asked_about(files, says, tmp_path, make_images):
    make(tmp_path, files, make_images)
    with pytest.raises(DatasetError, match=re.escape(says)):
        read_dataset(tmp_path)


DOCUMENT = (ROOT / "docs" / "datasets.md").read_text("utf-8")
READ_ROWS = table(DOCUMENT, "images in the folder")
ASKED_ROWS = table(DOCUMENT, "a folder with these images")


def make_row(folder, cell):
    """Write the files of a row of the document; what is no image is a file of words."""
    for name in re.findall(r"`([^`]+)`", cell):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"words")


@pytest.mark.parametrize(("files", "how"), READ_ROWS)
def test_rows_of_the_document_that_are_read(files, how, tmp_path):
    make_row(tmp_path, files)
    images = read_dataset(tmp_path)
    named = set(re.findall(r"`([^`]+)`", how))
    assert named == {*images.classes, *(images.split or ())}


@pytest.mark.parametrize(("files", "settled"), ASKED_ROWS)
def test_rows_of_the_document_that_are_asked_about(files, settled, tmp_path):
    make_row(tmp_path, files)
    with pytest.raises(DatasetError) as caught:
        read_dataset(tmp_path)
    options = re.findall(r"`--([a-z-]+) ([^`]+)`", settled)
    for name, value in options:
        assert f"--{name} {value}" in str(caught.value).replace("'", "")
        field = name.replace("-", "_")
        settings = DatasetSettings(**{field: int(value) if value.isdigit() else value})
        assert len(read_dataset(tmp_path, settings, min_classes=1)) > 0
    assert options


NAMES = (
    *("train", "test", "val", "seg_train", "seg_test", "pred", "cat", "dog", "A", "B", "images"),
    *("2024-05-01", "2024-05-02"),
)
PATHS = st.lists(st.sampled_from(NAMES), max_size=4).map("/".join)
SETTINGS = st.sampled_from(
    [DatasetSettings(), LEVEL_1, LEVEL_2, DatasetSettings(label_from="{label}_*")]
)


def tree(paths):
    """Return folders in memory, with an image at each path."""
    root = Folder("root", "root")
    for number, path in enumerate(paths):
        folder = root
        for name in filter(None, path.split("/")):
            known = [each for each in folder.folders if each.name == name]
            if not known:
                known = [Folder(name, f"{folder.path}/{name}")]
                folder.entries.append((name, known[0]))
            (folder,) = known
        name = f"x_{number}.jpg"
        folder.entries.append((name, FileSource(f"{folder.path}/{name}")))
    return root


@given(st.lists(PATHS, max_size=12), SETTINGS)
def test_every_image_is_labelled_or_counted_whatever_the_folders(paths, settings):
    root = tree(paths)
    try:
        images = read_layout(root, settings, Counter())
    except DatasetError:
        return
    assert len(images) + sum(images.skipped.values()) == len(paths)
    assert len({source.name for source in images.sources}) == len(images)
    assert set(images.classes) == set(images.labels)
    assert images.split is None or len(images.split) == len(images)
    assert set(images.split or ()) <= {"train", "valid", "test"}
    assert images.layout
