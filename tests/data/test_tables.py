import contextlib
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headstart.data.datasets import read_dataset
from headstart.data.settings import DatasetSettings
from headstart.data.tables import (
    read_folder_with_table,
    read_metadata_folder,
    read_table,
)
from headstart.errors import DatasetError, ImageError, UsageError


def write(path, text, encoding="utf-8"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding=encoding)
    return path


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", "path,label\nx/1.png,cat\n2.png,dog\n"),
        ("a.CSV", "Path , Label\r\nx/1.png, cat\r\n\r\n 2.png,dog"),
        ("a.csv", "label;file_name;more\ncat;x/1.png;\ndog;2.png;7\n"),
        ("a.csv", 'filename,class\n"x/1.png","cat"\n2.png,dog\n,\n'),
        ("a.tsv", "image\tcategory\nx/1.png\tcat\n2.png\tdog\n"),
        ("a.jsonl", '{"path": "x/1.png", "label": "cat"}\n\n{"label": "dog", "path": "2.png"}'),
        ("a.ndjson", '{"File": "x/1.png", "Class": "cat"}\n{"File": "2.png", "Class": "dog"}\n'),
    ],
)
def test_tables_of_many_forms_give_the_same_dataset(tmp_path, name, text):
    images = read_table(write(tmp_path / name, text))
    assert [source.name for source in images.sources] == [
        str(tmp_path / "x" / "1.png"),
        str(tmp_path / "2.png"),
    ]
    assert images.labels == images.classes == ["cat", "dog"]
    assert images.split is None


def test_a_byte_order_mark_is_not_part_of_the_header(tmp_path):
    path = write(tmp_path / "a.csv", "path,label\n1.png,Käfer\n", "utf-8-sig")
    assert read_table(path).labels == ["Käfer"]


def test_absolute_paths_and_windows_paths_are_understood(tmp_path, make_images):
    make_images(tmp_path, "x/1.png")
    absolute = tmp_path / "x" / "1.png"
    path = write(tmp_path / "sub" / "a.csv", f"path,label\n{absolute},cat\n..\\x\\1.png,dog\n")
    images = read_table(path)
    assert [source.name for source in images.sources] == [str(absolute), str(absolute)]


def test_a_backslash_in_a_name_is_kept(tmp_path, make_images):
    make_images(tmp_path, "a\\b.png")
    path = write(tmp_path / "a.csv", "path,label\na\\b.png,cat\n")
    assert read_table(path).sources[0].read()


def test_labels_in_json_may_be_numbers(tmp_path):
    lines = [{"path": "1.png", "label": label} for label in (3, 10, 2)]
    path = write(tmp_path / "a.jsonl", "\n".join(map(json.dumps, lines)))
    images = read_table(path)
    assert images.labels == [3, 10, 2]
    assert images.classes == [2, 3, 10]


def test_a_column_may_give_the_split(tmp_path):
    text = "path,label,split\n1.png,cat,train\n2.png,cat,VAL\n3.png,dog,Test\n"
    assert read_table(write(tmp_path / "a.csv", text)).split == ["train", "valid", "test"]


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("a.csv", "", "Received: no rows"),
        ("a.csv", "path,label\n", "Received: no rows"),
        ("a.csv", "path,what\n1.png,cat\n", "column named label, .*Received: path, what"),
        ("a.csv", "where,label\n1.png,cat\n", "column named path, .*Received: where, label"),
        ("a.csv", "path,label\n1.png,cat\n2.png,\n", r"one label.* Received: '' \(line 3 of"),
        ("a.csv", "path,label\n1.png,cat\n2.png\n", r"one label.* Received: None \(line 3 of"),
        ("a.csv", "path,label\n,cat\n", "one path. Received: '' in line 2"),
        ("a.csv", "path,label,split\n1.png,cat,odd\n", "train, valid or test. Received: odd"),
        ("a.csv", "path,label,split\n1.png,cat,\n", "one split. Received: '' in line 2"),
        (
            "a.csv",
            'path,label\n"1.png,cat\n' + "x" * 200_000,
            "must be a CSV file with cells of at most 131,072",
        ),
        (
            "a.jsonl",
            '{"path": "1.png", "label": ["cat", "dog"]}',
            r"one model for each label.* Received: \['cat', 'dog'\] \(line 1 of",
        ),
        ("a.jsonl", '{"path": "1.png"', "must be a readable JSONL"),
        ("a.jsonl", "\n[1, 2]\n", "line 2 is not an object"),
    ],
)
def test_a_wrong_table_is_an_error(tmp_path, name, text, says):
    with pytest.raises(DatasetError, match=says):
        read_table(write(tmp_path / name, text))


def test_another_encoding_is_an_error(tmp_path):
    path = write(tmp_path / "a.csv", "path,label\n1.png,Käfer\n", "latin-1")
    with pytest.raises(DatasetError, match=r"\(byte 0xe4\)\. In Excel, save it as CSV UTF-8"):
        read_table(path)


@pytest.mark.parametrize(
    ("name", "fits"), [("a.csv", True), ("a.JSONL", True), ("a.txt", False), ("nowhere.csv", False)]
)
def test_fits_files_by_their_suffix(tmp_path, name, fits):
    text = {"a.JSONL": '{"path": "1.png", "label": 0}'}.get(name, "path,label\n1.png,0\n")
    if name != "nowhere.csv":
        write(tmp_path / name, text)
    assert (read_table(tmp_path / name) is not None) == fits


class TestMetadataFolder:
    def test_listed_images_are_read_and_others_are_counted(self, tmp_path, make_images):
        make_images(tmp_path, "1.png", "in/2.png", "3.png")
        (tmp_path / "notes.txt").write_text("words")
        write(tmp_path / "metadata.csv", "file_name,label\n1.png,cat\nin/2.png,dog\n")
        images = read_metadata_folder(tmp_path)
        assert images.labels == ["cat", "dog"]
        assert images.sources[1].read()
        assert images.skipped == {"not in metadata.csv": 1, "not an image": 1}

    def test_may_be_in_folders_of_splits(self, tmp_path, make_images):
        make_images(tmp_path, "train/1.png", "train/2.png", "test/3.png", "test/4.png")
        write(tmp_path / "train/metadata.jsonl", '{"file_name": "1.png", "label": "cat"}\n')
        write(tmp_path / "test/metadata.csv", "file_name,label\n3.png,dog\n4.png,cat\n")
        images = read_metadata_folder(tmp_path)
        assert images.labels == ["dog", "cat", "cat"]
        assert images.split == ["test", "test", "train"]
        assert images.classes == ["cat", "dog"]
        assert images.skipped == {"not in metadata.jsonl": 1}

    def test_must_be_in_every_split(self, tmp_path, make_images):
        make_images(tmp_path, "train/1.png", "test/3.png")
        write(tmp_path / "train/metadata.csv", "file_name,label\n1.png,cat\n")
        with pytest.raises(DatasetError, match=r"test must hold metadata\.csv or metadata\.jsonl"):
            read_metadata_folder(tmp_path)

    def test_does_not_fit_other_folders(self, tmp_path, make_images):
        make_images(tmp_path, "cat/1.png")
        write(tmp_path / "cat" / "metadata.csv", "")
        assert read_metadata_folder(tmp_path) is None
        assert read_metadata_folder(tmp_path / "cat" / "metadata.csv") is None


def test_only_a_file_that_has_a_header_gets_advice_on_it(tmp_path):
    csv = write(tmp_path / "a.csv", "1.png,cat\n2.png,dog\n")
    with pytest.raises(DatasetError, match="if the first line holds no names"):
        read_table(csv)
    lines = write(tmp_path / "a.jsonl", '{"where": "1.png", "label": "cat"}\n')
    with pytest.raises(DatasetError, match=r"in DatasetSettings\)\.$"):
        read_table(lines)


def test_objects_may_spell_a_column_in_several_ways(tmp_path):
    lines = '{"Path": "1.png", "label": "cat"}\n{"path": "2.png", "Label": "dog"}\n'
    images = read_table(write(tmp_path / "a.jsonl", lines))
    assert images.labels == ["cat", "dog"]
    assert "in its column Path" in images.layout


class TestOptions:
    """Tables as Kaggle has them: any names of columns, and images elsewhere, without endings."""

    @pytest.fixture
    def dogs(self, tmp_path, make_images):
        make_images(tmp_path, "train/ab1.png", "train/ab2.png", "test/ab3.png")
        return write(tmp_path / "labels.csv", "id,Breed\nab1,pug\nab2,husky\n")

    @pytest.mark.parametrize("folder", ["train", "{}/train"])
    @pytest.mark.parametrize("column", ["breed", "Breed", " BREED "])
    def test_name_the_columns_and_the_folder(self, dogs, folder, column):
        settings = DatasetSettings(
            image_column="id", label_column=column, image_folder=folder.format(dogs.parent)
        )
        images = read_table(dogs, settings)
        assert images.labels == ["pug", "husky"]
        assert [source.name for source in images.sources] == [
            str(dogs.parent / "train" / name) for name in ("ab1.png", "ab2.png")
        ]
        assert images.layout == (
            f"The table labels.csv names the images in {dogs.parent / 'train'} in its column id, "
            "and the classes in its column Breed."
        )

    def test_are_asked_for_where_names_do_not_fit(self, dogs):
        with pytest.raises(DatasetError, match=r"Received: id, Breed\. Name .* --image-column"):
            read_table(dogs)
        with pytest.raises(DatasetError, match=r"Received: id, Breed\. Name .* --label-column"):
            read_table(dogs, DatasetSettings(image_column="id"))
        with pytest.raises(DatasetError, match=r"image_column must be .*: id, Breed"):
            read_table(dogs, DatasetSettings(image_column="ids"))

    def test_are_asked_for_where_the_images_are_in_another_folder(self, dogs):
        settings = DatasetSettings(image_column="id", label_column="breed")
        with pytest.raises(DatasetError, match=r"'ab1', which is in .*train.*--image-folder"):
            read_table(dogs, settings)

    def test_must_name_one_folder_that_is_there(self, dogs, tmp_path, monkeypatch):
        with pytest.raises(UsageError, match="must be a folder"):
            read_table(dogs, DatasetSettings(image_column="id", image_folder="nowhere"))
        (tmp_path / "here" / "train").mkdir(parents=True)
        monkeypatch.chdir(tmp_path / "here")
        with pytest.raises(UsageError, match="must mean one folder"):
            read_table(dogs, DatasetSettings(image_column="id", image_folder="train"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("path,cat,dog\n1.png,1,0\n2.png,0,1\n", r"cat, dog hold only 0 and 1.*idxmax\(axis=1\)"),
        ("1.png,cat\n2.png,dog\n", "if the first line holds no names, add a line such as path"),
        ("path,label\n1.png,a\n2.png,b\n3.png,a|b\n", "one model for each label"),
    ],
)
def test_a_table_without_one_label_for_each_image_is_refused(tmp_path, text, says):
    with pytest.raises(DatasetError, match=says):
        read_table(write(tmp_path / "a.csv", text))


class TestFolderWithTable:
    def test_is_read_if_its_one_table_lists_its_images(self, tmp_path, make_images):
        make_images(tmp_path, "images/1.png", "images/2.png", "images/3.png")
        write(tmp_path / "labels.csv", "path,label\nimages/1.png,cat\nimages/2.png,dog\n")
        images = read_folder_with_table(tmp_path, DatasetSettings())
        assert images.labels == ["cat", "dog"]
        assert images.skipped == {"not in labels.csv": 1}
        assert "The table labels.csv names the images" in images.layout

    def test_is_read_as_the_settings_say(self, tmp_path, make_images):
        make_images(tmp_path, "images/1.png", "images/2.png")
        write(tmp_path / "labels.csv", "id,kind\n1,cat\n2,dog\n")
        assert read_folder_with_table(tmp_path, DatasetSettings()) is None
        settings = DatasetSettings(image_column="id", label_column="kind", image_folder="images")
        assert read_folder_with_table(tmp_path, settings).labels == ["cat", "dog"]

    def test_is_not_guessed_of_several_tables(self, tmp_path, make_images):
        make_images(tmp_path, "1.png", "2.png")
        for name in ("a.csv", "b.csv"):
            write(tmp_path / name, "path,label\n1.png,cat\n2.png,dog\n")
        assert read_folder_with_table(tmp_path, DatasetSettings()) is None


def test_more_columns_than_anybody_needs_are_refused_in_few_words(tmp_path):
    header = ",".join(f"column {n}" for n in range(10_001))
    path = write(tmp_path / "a.csv", f"{header}\n{',' * 10_000}x\n")
    with pytest.raises(DatasetError, match=r"at most 10,000 columns\. Received: 10,001") as raised:
        read_dataset(path)
    assert len(str(raised.value)) < 1000


def test_columns_are_named_in_few_words(tmp_path):
    header = ",".join(f"{'x' * 10_000} {n}" for n in range(100))
    path = write(tmp_path / "a.csv", f"path,{header}\n1.png{',0' * 99},1\n")
    with pytest.raises(DatasetError, match=r"and 81 more.*hold only 0 and 1") as raised:
        read_dataset(path)
    assert len(str(raised.value)) < 10_000


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner),
    max_leaves=3,
)
OBJECTS = st.fixed_dictionaries(
    {"path": JSON | st.just("1.png"), "label": JSON | st.sampled_from(["cat", "dog"])},
    optional={"split": JSON | st.sampled_from(["train", "test"]), "note": JSON},
)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(OBJECTS, min_size=1, max_size=3))
def test_any_cells_are_read_or_refused(tmp_path_factory, objects):
    path = tmp_path_factory.getbasetemp() / "cells.jsonl"
    path.write_text("\n".join(map(json.dumps, objects)), "utf-8")
    with contextlib.suppress(DatasetError):
        found = read_dataset(path, min_classes=0)
        assert found.in_words()
        for source in found.sources:
            with contextlib.suppress(ImageError):
                source.read()
