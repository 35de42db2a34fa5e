import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headstart.data.tables import read_metadata_folder, read_rows, read_table
from headstart.errors import DatasetError


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
        ("a.csv", "path,what\n1.png,cat\n", "column named label or .*Received: path, what"),
        ("a.csv", "where,label\n1.png,cat\n", "column named path or .*Received: where, label"),
        ("a.csv", "path,label\n1.png,cat\n2.png,\n", r"one label.* Received: '' \(line 3 of"),
        ("a.csv", "path,label\n1.png,cat\n2.png\n", r"one label.* Received: None \(line 3 of"),
        ("a.csv", "path,label\n,cat\n", "one path. Received: '' in line 2"),
        ("a.csv", "path,label,split\n1.png,cat,dev\n", "train, valid or test. Received: dev"),
        ("a.csv", "path,label,split\n1.png,cat,\n", "one split. Received: '' in line 2"),
        ("a.csv", 'path,label\n"1.png,cat\n' + "x" * 200_000, "must be a readable CSV"),
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
    with pytest.raises(DatasetError, match="UTF-8"):
        read_table(path)


@settings(max_examples=100, deadline=None)
@given(data=st.binary(max_size=200), name=st.sampled_from(["a.csv", "a.tsv", "a.jsonl"]))
def test_any_bytes_raise_nothing_but_dataset_errors(tmp_path_factory, data, name):
    path = tmp_path_factory.getbasetemp() / name
    path.write_bytes(data)
    try:
        assert read_rows(path)
    except DatasetError as error:
        assert name in str(error)  # noqa: PT017 - both outcomes are right


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
