import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headstart.data.rows import is_table_name, read_rows
from headstart.errors import DatasetError

CELLS = [{"path": "1.png", "label": "Käfer"}, {"path": "x, y.png", "label": "dog"}]


def cells(path):
    return [row.cells for row in read_rows(path)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_what_spreadsheets_write_is_read(tmp_path, encoding, end, delimiter):
    lines = [("path", "label"), ("1.png", "Käfer"), ('"x, y.png"', "dog")]
    text = end.join(delimiter.join(line) for line in lines) + end
    path = tmp_path / "a.csv"
    path.write_bytes(text.encode(encoding))
    assert cells(path) == CELLS


def test_the_line_of_excel_that_names_the_separator_is_not_the_header(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("sep=;\npath;label\n1.png;a,b,c\n")
    assert cells(path) == [{"path": "1.png", "label": "a,b,c"}]
    assert read_rows(path)[0].line == 3


def test_a_quoted_cell_may_hold_lines(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('path,note,label\n1.png,"one\ntwo",cat\n2.png,,dog\n')
    assert [row.cells["label"] for row in read_rows(path)] == ["cat", "dog"]
    assert [row.line for row in read_rows(path)] == [3, 4]


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("a.csv", "path,label\n1.png,tench, Tinca\n", "line 2 has 3 cells.*in quotes"),
        ("a.csv", "path,label,Label\n1.png,a,b\n", "two columns are called 'label'"),
        ("a.jsonl", '{"label": 1, "Label": 2}', "two columns are called 'label'"),
        ("a.jsonl", "[" * 100_000, "must be a readable JSONL"),
    ],
)
def test_what_would_lose_cells_is_refused(tmp_path, name, text, says):
    (tmp_path / name).write_text(text)
    with pytest.raises(DatasetError, match=says):
        read_rows(tmp_path / name)


def test_empty_cells_after_the_last_column_are_harmless(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("path,label\n1.png,a,,\n")
    assert cells(path) == [{"path": "1.png", "label": "a"}]


def test_lines_of_json_keep_their_types(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps({"Path": "1.png", "label": 3}) + "\n\n")
    assert cells(path) == [{"Path": "1.png", "label": 3}]


@pytest.mark.parametrize(
    ("name", "fits"), [("a.csv", True), ("a.TSV", True), ("a.ndjson", True), ("a.txt", False)]
)
def test_tables_are_told_by_their_suffix(name, fits):
    assert is_table_name(name) == fits


@settings(max_examples=100, deadline=None)
@given(data=st.binary(max_size=200), name=st.sampled_from(["a.csv", "a.tsv", "a.jsonl"]))
def test_any_bytes_raise_nothing_but_dataset_errors(tmp_path_factory, data, name):
    path = tmp_path_factory.getbasetemp() / name
    path.write_bytes(data)
    try:
        assert read_rows(path)
    except DatasetError as error:
        assert name in str(error)  # noqa: PT017 - both outcomes are right
