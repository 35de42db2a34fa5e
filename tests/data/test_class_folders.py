import pytest

from headstart.data.class_folders import read_class_folders, read_split_folders
from headstart.errors import DatasetError


class TestClassFolders:
    def test_the_class_folder_is_the_label_of_all_images_below_it(self, tmp_path, make_images):
        make_images(tmp_path, "dog/10.png", "dog/9.png", "cat/old/1.png", "cat/2.png")
        images = read_class_folders(tmp_path)
        assert [source.name for source in images.sources] == [
            str(tmp_path / name)
            for name in ("cat/2.png", "cat/old/1.png", "dog/9.png", "dog/10.png")
        ]
        assert images.labels == ["cat", "cat", "dog", "dog"]
        assert images.classes == ["cat", "dog"]
        assert images.split is None
        assert images.skipped == {}

    def test_skipped_files_are_counted(self, tmp_path, make_images):
        make_images(tmp_path, "cat/1.png", "dog/2.png", "stray.png", "stray2.png", ".cache/3.png")
        (tmp_path / "README.md").write_text("words")
        (tmp_path / "cat" / "notes.txt").write_text("words")
        (tmp_path / "cat" / ".DS_Store").write_text("words")
        images = read_class_folders(tmp_path)
        assert len(images) == 2
        assert images.skipped == {
            "beside the class folders": 2,
            "not an image": 2,
            "hidden": 1,
            "made by the system": 1,
        }

    def test_a_class_without_images_is_an_error(self, tmp_path, make_images):
        make_images(tmp_path, "cat/1.png", "dog/2.png")
        (tmp_path / "eel" / "deep").mkdir(parents=True)
        (tmp_path / "fox").mkdir()
        (tmp_path / "fox" / "notes.txt").write_text("words")
        with pytest.raises(DatasetError, match=r"2 without an image \(eel, fox\)"):
            read_class_folders(tmp_path)

    def test_images_without_class_folders_are_an_error(self, tmp_path, make_images):
        make_images(tmp_path, "1.png", "2.png", "3.png")
        with pytest.raises(DatasetError, match=r"one folder .*3 images and no folder"):
            read_class_folders(tmp_path)


class TestSplitFolders:
    def test_each_split_has_class_folders(self, tmp_path, make_images):
        make_images(
            tmp_path, "Train/cat/1.png", "Train/dog/2.png", "val/cat/3.png", "test/dog/4.png"
        )
        images = read_split_folders(tmp_path)
        assert sorted(zip(images.labels, images.split, strict=True)) == [
            ("cat", "train"),
            ("cat", "valid"),
            ("dog", "test"),
            ("dog", "train"),
        ]
        assert images.classes == ["cat", "dog"]

    def test_images_beside_the_folders_are_counted(self, tmp_path, make_images):
        make_images(tmp_path, "train/cat/1.png", "test/cat/2.png", "a.png", "train/b.png")
        images = read_split_folders(tmp_path)
        assert images.skipped == {"beside the splits": 1, "beside the class folders": 1}

    def test_a_class_may_be_missing_from_one_split_but_not_from_all(self, tmp_path, make_images):
        make_images(tmp_path, "train/cat/1.png", "train/dog/1.png", "test/cat/2.png")
        (tmp_path / "test" / "dog").mkdir()
        assert len(read_split_folders(tmp_path)) == 3
        (tmp_path / "test" / "eel").mkdir()
        with pytest.raises(DatasetError, match=r"1 without an image \(eel\)"):
            read_split_folders(tmp_path)

    def test_another_folder_beside_the_splits_is_an_error(self, tmp_path, make_images):
        make_images(tmp_path, "train/cat/1.png", "test/cat/2.png", "docs/3.png")
        with pytest.raises(DatasetError, match="Received: docs"):
            read_split_folders(tmp_path)

    @pytest.mark.parametrize(
        ("names", "fits"),
        [
            (["train", "test"], True),
            (["training", "validation", "Test"], True),
            (["train"], True),
            (["train", "bus", "car"], False),  # vehicles
            (["cat", "dog"], False),
            ([], False),
        ],
    )
    def test_fits_folders_that_are_named_as_splits(self, tmp_path, make_images, names, fits):
        for name in names:
            make_images(tmp_path, f"{name}/cat/1.png")
        assert (read_split_folders(tmp_path) is not None) == fits

    def test_does_not_fit_a_file(self, tmp_path):
        (tmp_path / "a").write_text("")
        assert read_split_folders(tmp_path / "a") is None
        assert read_class_folders(tmp_path / "a") is None
