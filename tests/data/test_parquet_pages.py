import contextlib
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart.data import parquet_pages
from headstart.data.parquet_pages import ExpandsTooMuch, Pages, read_chunks, scan_pages

parquet = pytest.importorskip("pyarrow.parquet")
pyarrow = pytest.importorskip("pyarrow")

CELLS = [bytes([n]) * 100 for n in range(50)]


def written(cells, **settings):
    """Return a parquet file of one column, and where its pages are, as `scan_pages` takes it."""
    file = io.BytesIO()
    parquet.write_table(pyarrow.table({"image": cells}), file, **settings)
    column = parquet.ParquetFile(file).metadata.row_group(0).column(0)
    start = column.dictionary_page_offset or column.data_page_offset
    return file, start, column.total_compressed_size, column.num_values


@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("compression", ["none", "zstd"])
def test_pages_are_measured_without_decoding_them(version, compression):
    settings = {"data_page_version": version, "compression": compression}
    plain = scan_pages(*written(CELLS, use_dictionary=False, **settings))
    assert not plain.has_dictionary
    # Each value has its length before it.
    assert 5200 <= plain.largest <= plain.total < 5300
    repeated = scan_pages(*written(CELLS * 20, **settings))
    assert repeated.has_dictionary
    assert repeated.largest == 5200
    assert 5200 < repeated.total < 6500
    assert (repeated.stored < 1000) == (compression == "zstd")


def test_all_pages_are_found():
    cells = [bytes([n]) * 1000 for n in range(200)]
    pages = scan_pages(
        *written(cells, use_dictionary=False, data_page_size=10_000, write_batch_size=1)
    )
    assert pages.total > 200_000
    assert pages.largest < 12_000


def test_statistics_of_any_length_are_passed_over():
    file, *place = written([b"x" * 3000, b"y" * 3000], use_dictionary=False, write_page_index=False)
    assert scan_pages(file, *place).largest >= 6000


@pytest.mark.parametrize(("usual", "is_refused"), [(4, True), (10_000, False)])
def test_a_page_that_expands_to_too_much_is_refused(monkeypatch, usual, is_refused):
    monkeypatch.setattr(parquet_pages, "MAX_PAGE_BYTES", 5_000)
    monkeypatch.setattr(parquet_pages, "USUAL_RATIO", usual)
    found = written([bytes(6_000)], compression="zstd")
    if is_refused:
        with pytest.raises(ExpandsTooMuch, match=r"a page of \d+ bytes expands to 6,004\. Write"):
            scan_pages(*found)
    else:
        assert scan_pages(*found).largest == 6_004


@pytest.mark.parametrize("encoding", ["DELTA_BYTE_ARRAY", "DELTA_LENGTH_BYTE_ARRAY"])
def test_pages_that_may_promise_any_number_of_values_are_refused(encoding):
    found = written(CELLS, use_dictionary=False, column_encoding={"image": encoding})
    with pytest.raises(ExpandsTooMuch, match=r"must be PLAIN, .* is number [67]"):
        scan_pages(*found)


def test_more_pages_than_anybody_writes_are_refused(monkeypatch):
    monkeypatch.setattr(parquet_pages, "_MAX_PAGES", 5)
    settings = {"data_page_size": 10, "write_batch_size": 1, "use_dictionary": False}
    assert scan_pages(*written([1, 2, 3, 4], **settings))
    with pytest.raises(ExpandsTooMuch, match="more than 5 pages"):
        scan_pages(*written(list(range(99)), **settings))


@given(
    st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=4),
    st.integers(0, 10_000),
)
def test_whatever_is_damaged_is_refused_or_measured(changes, length):
    file, start, n_bytes, n_values = written(CELLS[:5] * 3)
    data = bytearray(file.getvalue())
    for place, value in changes:
        data[start + place % n_bytes] = value
    try:
        pages = scan_pages(io.BytesIO(data[: start + length]), start, n_bytes, n_values)
    except (ValueError, ExpandsTooMuch) as error:
        assert str(error)  # noqa: PT017 - both outcomes are right
    else:
        assert isinstance(pages, Pages)


@given(st.binary(max_size=100), st.integers(1, 2**62), st.integers(1, 2**62))
def test_any_bytes_are_refused_or_measured(data, n_bytes, n_values):
    try:
        assert scan_pages(io.BytesIO(data), 0, n_bytes, n_values).stored <= len(data)
    except (ValueError, ExpandsTooMuch) as error:
        assert str(error)  # noqa: PT017 - both outcomes are right


def test_the_places_of_pages_are_those_that_pyarrow_tells():
    file = io.BytesIO()
    image = [{"bytes": cell, "path": None} for cell in CELLS]
    table = pyarrow.table({"image": image, "label": [n % 2 for n in range(50)]})
    parquet.write_table(table, file, row_group_size=20)
    data = parquet.ParquetFile(file).metadata
    columns = [[data.row_group(g).column(n) for n in range(3)] for g in range(3)]
    assert read_chunks(file) == [
        [(each.dictionary_page_offset, each.total_compressed_size, each.num_values) for each in one]
        for one in columns
    ]


@given(st.binary(max_size=60), st.integers(0, 80))
def test_any_footer_is_read_or_refused(data, length):
    file = io.BytesIO(data + length.to_bytes(4, "little") + b"PAR1")
    with contextlib.suppress(ValueError):
        read_chunks(file)


def test_a_footer_that_is_larger_than_usual_is_refused(monkeypatch):
    monkeypatch.setattr(parquet_pages, "_MAX_FOOTER_BYTES", 100)
    with pytest.raises(ValueError, match="its footer has"):
        read_chunks(written(CELLS)[0])
