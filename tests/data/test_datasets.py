import pytest

from headstart.data.datasets import FORMATS, read_dataset
from headstart.data.settings import DatasetSettings
from headstart.errors import DatasetError, UsageError


def test_every_format_gives_the_same_dataset(tmp_path, make_images, make_parquet):
    make_images(tmp_path / "plain", "cat/1.png", "dog/2.png")
    make_images(tmp_path / "splits", "train/cat/1.png", "test/dog/2.png")
    make_images(tmp_path / "listed", "1.png", "2.png")
    listing = "file_name,label\n1.png,cat\n2.png,dog\n"
    (tmp_path / "listed" / "metadata.csv").write_text(listing)
    make_parquet(tmp_path / "rows" / "0.parquet", 2)
    for path in ("plain", "splits", "listed", "listed/metadata.csv", "rows", "rows/0.parquet"):
        images = read_dataset(str(tmp_path / path))
        assert images.counts() == {"cat": 1, "dog": 1}, path
        assert all(source.read() for source in images.sources)
        assert (images.split is not None) == (path == "splits")


def test_strict_formats_are_tried_before_loose_ones():
    first_words = [
        *("a CSV", "parquet", "a folder with metadata", "a folder with one table"),
        "a folder or zip archive",
    ]
    for words, begin in zip(FORMATS, first_words, strict=True):
        assert words.startswith(begin)


def test_a_single_split_is_no_split(tmp_path, make_images):
    make_images(tmp_path, "train/cat/1.png", "train/dog/2.png")
    assert read_dataset(tmp_path).split is None
    make_images(tmp_path, "test/dog/2.png")
    assert sorted(read_dataset(tmp_path).split) == ["test", "train", "train"]


def test_a_missing_path_is_an_error(tmp_path):
    with pytest.raises(DatasetError, match=r"nothing at .*nowhere\. Check the spelling"):
        read_dataset(tmp_path / "nowhere")


def test_an_empty_folder_is_an_error(tmp_path):
    with pytest.raises(DatasetError, match="no folder and 0 images"):
        read_dataset(tmp_path)


def test_a_file_of_another_kind_is_an_error_that_lists_the_formats(tmp_path):
    (tmp_path / "a.doc").write_bytes(b"words")
    with pytest.raises(DatasetError, match=r"a\.doc is not a dataset") as caught:
        read_dataset(tmp_path / "a.doc")
    assert all(layout in str(caught.value) for layout in FORMATS)


def test_a_workbook_is_to_be_saved_as_csv(tmp_path):
    (tmp_path / "Labels.XLSX").write_bytes(b"PK")
    with pytest.raises(DatasetError, match=r"Labels\.XLSX is a workbook.* as CSV"):
        read_dataset(tmp_path / "Labels.XLSX")


def test_one_class_needs_a_second_one(tmp_path, make_images):
    make_images(tmp_path, "cat/1.png", "cat/2.png")
    with pytest.raises(DatasetError, match=r"Received: 1 \(cat\).*add a second class"):
        read_dataset(tmp_path)


def test_a_saved_model_is_not_a_dataset(tmp_path, make_images):
    make_images(tmp_path, "confusion.png")
    for name in ("model.json", "SHA256SUMS"):
        (tmp_path / name).touch()
    with pytest.raises(DatasetError, match=r"is what headstart has saved.*after the model"):
        read_dataset(tmp_path)


def test_a_dataset_without_rows_is_an_error(tmp_path, make_parquet):
    make_parquet(tmp_path / "a.parquet", 0)
    with pytest.raises(DatasetError, match="holds no image"):
        read_dataset(tmp_path)


def test_one_class_is_enough_only_if_allowed(tmp_path, make_images):
    make_images(tmp_path, "cat/1.png", "cat/2.png")
    with pytest.raises(DatasetError, match=r"at least 2 classes. Received: 1 \(cat\)\."):
        read_dataset(tmp_path)
    assert len(read_dataset(tmp_path, min_classes=1)) == 2


def test_one_class_whose_files_begin_with_labels_is_asked_about(tmp_path, make_images):
    make_images(tmp_path, *(f"images/{name}.png" for name in ("a_1", "a_2", "b_1", "b_2")))
    with pytest.raises(DatasetError, match=r"1 \(images\)\. .*--label-from '{label}_\*' finds"):
        read_dataset(tmp_path)


def test_one_class_in_a_table_is_an_error(tmp_path):
    (tmp_path / "a.csv").write_text("path,label\n1.png,cat\n")
    with pytest.raises(DatasetError, match="at least 2 classes"):
        read_dataset(tmp_path / "a.csv")


def test_a_table_beside_folders_that_say_no_labels_is_mentioned(tmp_path, make_images):
    make_images(tmp_path, "train/1.png", "train/2.png", "test/3.png")
    (tmp_path / "labels.csv").write_text("id,breed\n1,pug\n2,husky\n")
    with pytest.raises(DatasetError, match=r"There is also labels\.csv \(columns id, breed\)\."):
        read_dataset(tmp_path)
    settings = DatasetSettings(image_column="id", label_column="breed", image_folder="train")
    assert read_dataset(tmp_path / "labels.csv", settings).counts() == {"husky": 1, "pug": 1}
    assert read_dataset(tmp_path, settings).counts() == {"husky": 1, "pug": 1}


@pytest.mark.real_data
def test_real_datasets_are_read(real_data):
    vehicles = read_dataset(real_data / "data" / "vehicles")
    assert vehicles.counts() == {"qingqi": 64, "rickshaw": 64, "tanga": 64}
    cifar = read_dataset(real_data / "data" / "cifar10")
    assert cifar.classes[:2] == ["airplane", "automobile"]
    assert (len(cifar.part("train")), len(cifar.part("test"))) == (50_000, 10_000)
    tiny = read_dataset(real_data / "data" / "tiny-imagenet")
    assert (len(tiny.classes), len(tiny.part("valid"))) == (200, 10_000)


def test_a_setting_that_means_nothing_for_the_format_is_refused(tmp_path):
    (tmp_path / "a.csv").write_text("path,label\n1.png,cat\n2.png,dog\n")
    with pytest.raises(UsageError, match=r"class_level must not be given .*CSV.*class_level=2"):
        read_dataset(tmp_path / "a.csv", DatasetSettings(class_level=2))


def test_the_settings_decide_between_a_table_and_the_folders_beside_it(tmp_path, make_images):
    make_images(tmp_path, "cat/1.png", "dog/2.png")
    (tmp_path / "metadata.csv").write_text("file_name,label\ncat/1.png,old\ndog/2.png,new\n")
    assert read_dataset(tmp_path).classes == ["new", "old"]
    assert read_dataset(tmp_path, DatasetSettings(class_level=1)).classes == ["cat", "dog"]
    settings = DatasetSettings(label_column="label")
    assert read_dataset(tmp_path, settings).classes == ["new", "old"]


def test_a_path_longer_than_any_system_opens_is_not_there():
    with pytest.raises(DatasetError, match="There is nothing at xxx"):
        read_dataset("x" * 300)
