import os

import pytest

from headstart.data import parquet_columns
from headstart.data.parquet_columns import ParquetColumns
from headstart.data.parquet_pages import ExpandsTooMuch
from headstart.errors import DatasetError

parquet = pytest.importorskip("pyarrow.parquet")
pyarrow = pytest.importorskip("pyarrow")


@pytest.fixture
def columns(tmp_path):
    """Return what writes columns to a file, and opens it."""

    def write(table, **settings):
        parquet.write_table(pyarrow.table(table), tmp_path / "a.parquet", **settings)
        return ParquetColumns(tmp_path / "a.parquet", "a.parquet")

    return write


def test_a_field_is_read_without_those_beside_it(columns):
    image = [{"bytes": bytes([n]), "path": "x" * 1000} for n in range(7)]
    opened = columns({"image": image, "label": list("abababa")}, row_group_size=4)
    assert opened.starts == [0, 4, 7]
    assert [opened.is_flat(*path) for path in (["label"], ["image", "bytes"], ["image"])] == [
        *(True, True),
        False,
    ]
    (first,), (second,) = (opened.batches(group, "image", "bytes") for group in (0, 1))
    assert first.to_pylist() + second.to_pylist() == [bytes([n]) for n in range(7)]
    assert first.nbytes < 100


def test_what_has_several_values_in_a_row_is_not_flat(columns):
    opened = columns({"label": [["a"], ["a", "b"]], "map": [{"x": 1}, {"x": 2}]})
    assert not opened.is_flat("label")
    assert not opened.is_flat("map")


def test_no_batch_takes_more_than_its_share(columns, monkeypatch):
    """Each value may be as long as the dictionary that it stands in."""
    monkeypatch.setattr(parquet_columns, "MAX_GROUP_BYTES", 8_000_000)
    opened = columns({"image": [bytes(100_000)] * 70 + [b"x"] * 10})
    batches = list(opened.batches(0, "image"))
    assert sum(map(len, batches)) == 80
    assert max(batch.nbytes for batch in batches) < 1_000_000


def test_a_group_is_given_up_once_it_has_expanded_to_too_much(columns, monkeypatch):
    monkeypatch.setattr(parquet_columns, "MAX_GROUP_BYTES", 2_000_000)
    opened = columns({"image": [bytes(100_000)] * 1000})
    taken = []
    with pytest.raises(ExpandsTooMuch, match=r"expands to more than 2,000,000\. .*fewer rows"):
        taken.extend(opened.batches(0, "image"))
    assert sum(map(len, taken)) <= 20


def test_what_is_as_large_in_the_file_may_be_of_any_size(columns, monkeypatch):
    monkeypatch.setattr(parquet_columns, "MAX_GROUP_BYTES", 1_000)
    opened = columns({"image": [os.urandom(1_000) for _ in range(100)]})
    assert sum(map(len, opened.batches(0, "image"))) == 100


@pytest.mark.parametrize(("limit", "n"), [("MAX_ROWS", 3), ("MAX_COLUMNS", 1)])
def test_more_rows_or_columns_than_the_limit_are_refused(columns, monkeypatch, limit, n):
    monkeypatch.setattr(parquet_columns, limit, n)
    with pytest.raises(DatasetError, match=r"must have at most .* Received: 2 and 4\. Write"):
        columns({"image": [b"x"] * 4, "label": list("abcd")})


def test_a_pipe_is_refused_at_once(tmp_path):
    if not hasattr(os, "mkfifo"):
        pytest.skip("there are no pipes among the files of this system")
    os.mkfifo(tmp_path / "a.parquet")
    with pytest.raises(DatasetError, match=r"a\.parquet .*can't be read: .*not a regular file"):
        ParquetColumns(tmp_path / "a.parquet", "a.parquet")
