import json
import math
import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headstart.data import rows
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
        ("a.jsonl", "[" * 100_000, "must be a readable JSONL.*line 1: more than 100 lists"),
        ("a.jsonl", '{"a": %s}' % ("[" * 900 + "]" * 900), "line 1: more than 100 lists"),
        ("a.jsonl", '{"path": "1.png", "label": "\\ud800"}', "line 1: .*surrogates not allowed"),
        ("a.jsonl", '{"path": "1.png", "path": "2.png"}', "line 1: 'path' twice"),
        ("a.jsonl", '\n{"a": %s}' % ("9" * 5000), "line 2: .*limit .* for integer"),
        ("a.jsonl", "null", "line 1 is not an object"),
        ("a.csv", f"path,label\n{'x' * 200_000},a\n", "field larger than field limit"),
    ],
)
def test_what_would_lose_cells_is_refused(tmp_path, name, text, says):
    (tmp_path / name).write_text(text)
    with pytest.raises(DatasetError, match=says):
        read_rows(tmp_path / name)


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
@pytest.mark.parametrize(
    ("limit", "most", "says"),
    [
        ("MAX_BYTES", 30, "it has .* bytes, but may have 30; leave out"),
        ("MAX_ROWS", 2, "must have at most 2 rows"),
        ("MAX_CELLS", 5, "more than 5 cells up to line"),
        ("MAX_LINE", 9, "line 1 has more than 9 characters"),
    ],
)
def test_more_than_the_limits_is_refused(tmp_path, monkeypatch, name, limit, most, says):
    texts = {"a.csv": "path,label\n" + "1.png,cat\n" * 3, "a.jsonl": '{"a": 1, "b": [2]}\n' * 3}
    (tmp_path / name).write_text(texts[name])
    assert len(read_rows(tmp_path / name)) == 3
    monkeypatch.setattr(rows, limit, most)
    with pytest.raises(DatasetError, match=says):
        read_rows(tmp_path / name)


def test_a_table_is_not_read_beyond_its_limits(tmp_path):
    """A file of holes takes no place, and could fill memory."""
    with (tmp_path / "a.csv").open("wb") as file:
        file.truncate(2**40)
    with pytest.raises(DatasetError, match="may have 268,435,456"):
        read_rows(tmp_path / "a.csv")


def test_a_pipe_or_a_device_is_no_table(tmp_path):
    if not hasattr(os, "mkfifo"):
        pytest.skip("there are no pipes among the files of this system")
    os.mkfifo(tmp_path / "a.csv")
    (tmp_path / "b.jsonl").symlink_to("/dev/zero")
    for name in ("a.csv", "b.jsonl"):
        with pytest.raises(DatasetError, match="not a regular file"):
            read_rows(tmp_path / name)


def test_another_encoding_is_told_with_its_place(tmp_path):
    lines = ["path,label", *(f"{n}.png,cat" for n in range(5000)), "x.png,K\xe4fer"]
    (tmp_path / "a.csv").write_text("\n".join(lines), "latin-1")
    with pytest.raises(DatasetError, match=r"another encoding \(byte 0xe4 below line 4\d\d\d\)"):
        read_rows(tmp_path / "a.csv")


def test_lines_may_end_as_on_old_macs(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"path;label\r1.png;a,b\r2.png;c\r")
    assert cells(tmp_path / "a.csv") == [
        {"path": "1.png", "label": "a,b"},
        {"path": "2.png", "label": "c"},
    ]


def test_what_python_writes_for_missing_numbers_is_read(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"path": "1.png", "size": NaN, "far": Infinity}')
    assert math.isnan(cells(tmp_path / "a.jsonl")[0]["size"])


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


# What a table is made of, so that more of what is generated has rows.
PIECES = st.sampled_from(
    [
        *(
            "path,label\n",
            '{"path":"1.png","label":"a"}\n',
            "1.png",
            "a",
            ",",
            ";",
            "\t",
            "\n",
            "\r",
        ),
        *('"', "sep=", "{", "}", "[", "]", ":", "NaN", "1e999", "9" * 5000, "\\ud800", "\\", " "),
        *("\0", "\ufeff", "\x1b[2J", "\u202e", "ä", "\U0001f600", "null", "true", "=1+1"),
    ]
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    data=st.binary(max_size=200)
    | st.lists(PIECES, max_size=20).map(lambda pieces: "".join(pieces).encode())
    | st.lists(PIECES, max_size=20).map(lambda pieces: "".join(pieces).encode("utf-16")),
    name=st.sampled_from(["a.csv", "a.tsv", "a.jsonl", "a.ndjson"]),
)
def test_any_bytes_raise_nothing_but_dataset_errors(tmp_path_factory, data, name):
    path = tmp_path_factory.getbasetemp() / name
    path.write_bytes(data)
    try:
        assert read_rows(path)
    except DatasetError as error:
        assert name in str(error)  # noqa: PT017 - both outcomes are right
