"""Folders that are named after the classes; tests/data/test_layouts.py holds the layouts."""

import os
import sys

import pytest

from headstart.data.class_folders import read_class_folders, refuse_others, split_folders
from headstart.errors import DatasetError


def test_the_class_folder_is_the_label_of_all_images_below_it(tmp_path, make_images):
    make_images(tmp_path, "dog/10.png", "dog/9.png", "cat/old/1.png", "cat/2.png")
    images = read_class_folders(tmp_path)
    assert [source.name for source in images.sources] == [
        str(tmp_path / name) for name in ("cat/2.png", "cat/old/1.png", "dog/9.png", "dog/10.png")
    ]
    assert images.labels == ["cat", "cat", "dog", "dog"]
    assert images.classes == ["cat", "dog"]
    assert images.split is None
    assert images.skipped == {}


def test_skipped_files_are_counted(tmp_path, make_images):
    make_images(tmp_path, "cat/1.png", "dog/2.png", "stray.png", "stray2.png", ".cache/3.png")
    make_images(tmp_path, "@eaDir/cat/1.png", "#recycle/dog/1.png")
    (tmp_path / "README.md").write_text("words")
    (tmp_path / "cat" / "notes.txt").write_text("words")
    (tmp_path / "cat" / ".DS_Store").write_text("words")
    images = read_class_folders(tmp_path)
    assert images.classes == ["cat", "dog"]
    assert images.skipped == {
        "beside the class folders": 2,
        "not an image": 2,
        "hidden": 1,
        "made by the system": 3,
    }


def test_images_beside_splits_are_counted(tmp_path, make_images):
    make_images(tmp_path, "train/cat/1.png", "test/cat/2.png", "a.png", "train/b.png")
    images = read_class_folders(tmp_path)
    assert images.skipped == {"beside the splits": 1, "beside the class folders": 1}


def test_a_saved_model_is_no_class(tmp_path, make_images):
    make_images(tmp_path, "cat/1.png", "dog/2.png", "model/confusion.png", "model.mistakes.png")
    for name in ("model.json", "SHA256SUMS"):
        (tmp_path / "model" / name).write_text("")
    images = read_class_folders(tmp_path)
    assert images.classes == ["cat", "dog"]
    assert images.skipped == {"saved by headstart": 2}


def test_a_class_without_images_is_an_error(tmp_path, make_images):
    make_images(tmp_path, "cat/1.png", "dog/2.png")
    (tmp_path / "eel" / "deep").mkdir(parents=True)
    (tmp_path / "fox").mkdir()
    (tmp_path / "fox" / "notes.txt").write_text("words")
    with pytest.raises(DatasetError, match=r"2 without an image \(eel, fox: other files, 1\)"):
        read_class_folders(tmp_path)


def test_a_class_may_be_missing_from_one_split_but_not_from_all(tmp_path, make_images):
    make_images(tmp_path, "train/cat/1.png", "train/dog/1.png", "test/cat/2.png")
    (tmp_path / "test" / "dog").mkdir()
    assert len(read_class_folders(tmp_path)) == 3
    (tmp_path / "test" / "eel").mkdir()
    with pytest.raises(DatasetError, match=r"1 without an image \(eel\)"):
        read_class_folders(tmp_path)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux allows any bytes in a name")
def test_a_class_whose_name_is_no_unicode_is_refused_before_training(tmp_path, make_images):
    make_images(tmp_path, "cat/1.png", os.fsdecode(b"caf\xe9/2.png"))
    with pytest.raises(DatasetError, match=r"must be valid Unicode.* Received: caf\\udce9\. Rena"):
        read_class_folders(tmp_path)


def test_a_name_is_one_label_however_the_system_writes_it(tmp_path, make_images):
    composed, decomposed = "\u00e4sche", "a\u0308sche"
    make_images(tmp_path, f"train/{composed}/1.png", "train/eel/2.png", f"test/{decomposed}/3.png")
    assert read_class_folders(tmp_path).classes == ["eel", composed]


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "a").write_text("")
    assert read_class_folders(tmp_path / "a") is None


def test_folders_of_splits_and_others_beside_them(tmp_path):
    for name in ("Train", "dev", ".git", "maps"):
        (tmp_path / name).mkdir()
    splits = split_folders(tmp_path)
    assert splits == [("train", tmp_path / "Train"), ("valid", tmp_path / "dev")]
    with pytest.raises(DatasetError, match=r"splits \(Train, dev\).* Received: maps\. Move"):
        refuse_others(tmp_path, splits)
    (tmp_path / "maps").rmdir()
    refuse_others(tmp_path, splits)
