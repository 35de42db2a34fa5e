import pytest

from headstart.data.parquet_files import read_parquet_files
from headstart.errors import DatasetError


def test_all_rows_of_all_files_in_natural_order(tmp_path, make_parquet):
    make_parquet(tmp_path / "train-00010-of-2.parquet", 3)
    make_parquet(tmp_path / "train-00009-of-2.parquet", 2)
    make_parquet(tmp_path / "validation-0.parquet", 1)
    make_parquet(tmp_path / ".cache" / "train.parquet", 5)
    images = read_parquet_files(tmp_path)
    assert [source.name.rpartition("/")[2] for source in images.sources] == [
        "train-00009-of-2.parquet#0",
        "train-00009-of-2.parquet#1",
        "train-00010-of-2.parquet#0",
        "train-00010-of-2.parquet#1",
        "train-00010-of-2.parquet#2",
        "validation-0.parquet#0",
    ]
    assert images.labels == ["cat", "dog", "cat", "dog", "cat", "cat"]
    assert images.split == ["train"] * 5 + ["valid"]


@pytest.mark.parametrize(
    ("file", "split"),
    [
        ("data/test-0.parquet", "test"),
        ("test/0000.parquet", "test"),
        ("default/val/0000.parquet", "valid"),
        ("training.parquet", "train"),
    ],
)
def test_the_split_is_in_the_name_of_file_or_folder(tmp_path, make_parquet, file, split):
    make_parquet(tmp_path / file, 2)
    assert read_parquet_files(tmp_path).split == [split, split]


@pytest.mark.parametrize("name", ["trainstation.parquet", "tests.parquet", "a.parquet"])
def test_other_names_are_not_splits(tmp_path, make_parquet, name):
    make_parquet(tmp_path / name, 2)
    assert read_parquet_files(tmp_path / name).split is None


def test_a_file_without_a_split_among_others_is_an_error(tmp_path, make_parquet):
    make_parquet(tmp_path / "train.parquet", 2)
    make_parquet(tmp_path / "more.parquet", 2)
    with pytest.raises(DatasetError, match=r"Received: more\.parquet"):
        read_parquet_files(tmp_path)


def test_classes_that_occur_keep_the_order_of_the_names(tmp_path, make_parquet):
    make_parquet(tmp_path / "a.parquet", 3, names=["z", "y", "x"], labels=[2, 0, 0])
    assert read_parquet_files(tmp_path).classes == ["z", "x"]


def test_classes_are_sorted_if_the_names_differ_between_files(tmp_path, make_parquet):
    make_parquet(tmp_path / "a.parquet", 2, names=["z", "y"])
    make_parquet(tmp_path / "b.parquet", 2, names=["b", "a"])
    assert read_parquet_files(tmp_path).classes == ["a", "b", "y", "z"]
    make_parquet(tmp_path / "a.parquet", 2, names=None)
    make_parquet(tmp_path / "b.parquet", 2, names=None)
    assert read_parquet_files(tmp_path).classes == [0, 1]


def test_images_beside_the_files_are_counted(tmp_path, make_parquet, make_images):
    make_parquet(tmp_path / "a.parquet", 2)
    make_images(tmp_path, "1.png", "in/2.png")
    assert read_parquet_files(tmp_path).skipped == {"beside the parquet files": 2}


def test_fits_only_parquet_files_and_their_folders(tmp_path, make_parquet, make_images):
    make_images(tmp_path, "cat/1.png")
    assert read_parquet_files(tmp_path) is None
    assert read_parquet_files(tmp_path / "cat" / "1.png") is None
    make_parquet(tmp_path / "x" / "A.parquet", 1)
    assert len(read_parquet_files(tmp_path)) == 1
    assert len(read_parquet_files(tmp_path / "x" / "A.parquet")) == 1


def test_splits_have_any_usual_name(tmp_path, make_parquet):
    for name in ("birds_train-0-of-2", "birds_train-1-of-2", "birds_dev"):
        make_parquet(tmp_path / f"{name}.parquet", 2)
    make_parquet(tmp_path / "Testing" / "part.parquet", 1)
    split = read_parquet_files(tmp_path).split
    assert {name: split.count(name) for name in split} == {"train": 4, "valid": 2, "test": 1}
