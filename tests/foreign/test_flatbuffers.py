"""FlatBuffers from strangers."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.foreign.buffers import flatbuffer

from headstart.foreign.flatbuffers import MOST_LETTERS, MOST_READS, root

SMALL = {
    0: ("B", 7),
    2: "näme",
    3: {1: ("f", 0.5)},
    4: [{0: ("i", -1)}, {}, {0: ("i", 3)}],
    5: ("f", [1.0, 2.5]),
    6: b"bytes",
}


def read(content):
    return root(memoryview(content))


def test_every_kind_of_field():
    table = read(flatbuffer(SMALL, b"M001"))
    assert (table.number(0, "B"), table.text(2), bytes(table.data(6))) == (7, "näme", b"bytes")
    assert table.table(3).number(1, "f") == 0.5
    assert [each.number(0, "i", 9) for each in table.tables(4)] == [-1, 9, 3]
    assert table.numbers(5, "f") == (1.0, 2.5)


def test_one_table_of_many():
    table = read(flatbuffer(SMALL))
    assert table.item(4, 2).number(0, "i") == 3
    for field, number in ((4, 3), (4, -1), (1, 0)):
        with pytest.raises(ValueError, match=f"number {number} of "):
            table.item(field, number)


def test_what_is_too_long_is_refused():
    table = read(flatbuffer({0: b"a" * (MOST_LETTERS + 1), 1: [{}, {}]}))
    with pytest.raises(ValueError, match=f"a text of more than {MOST_LETTERS:,} bytes"):
        table.text(0)
    with pytest.raises(ValueError, match="more than 1 tables"):
        list(table.tables(1, most=1))


def test_vectors_that_many_share_are_refused():
    # As tables do that say the same place: a few bytes could keep a reader busy for hours.
    content = flatbuffer({0: bytes(100)})
    table, often = read(content), MOST_READS * len(content) // 100
    for _ in range(often):
        assert len(table.data(0)) == 100
    with pytest.raises(ValueError, match="vectors that many fields share"):
        table.data(0)


@pytest.mark.parametrize("field", [1, 7, 100])
def test_fields_that_are_absent(field):
    table = read(flatbuffer(SMALL))
    assert table.number(field, "i", 4) == 4
    assert (table.text(field), table.table(field)) == (None, None)
    assert (list(table.tables(field)), table.numbers(field, "f")) == ([], ())


def visit(table, depth=0):
    """Read every field of a table as everything it could be."""
    for field in range(8):
        for read_field in (table.text, table.data, lambda at: table.numbers(at, "f")):
            with contextlib.suppress(ValueError):
                read_field(field)
        with contextlib.suppress(ValueError):
            inner = table.table(field)
            if inner is not None and depth < 2:
                visit(inner, depth + 1)
            for each, _ in zip(table.tables(field), range(3), strict=False):
                visit(each, 3)


@given(st.integers(0, 200), st.binary(max_size=8), st.integers(0, 8))
def test_damaged_buffers_are_refused_or_read(place, written, cut):
    content = bytearray(flatbuffer(SMALL))
    content[place : place + len(written)] = written
    with contextlib.suppress(ValueError):
        visit(read(bytes(content[: len(content) - cut])))


@given(st.binary(max_size=64))
def test_anything_else_is_refused_or_read(content):
    with contextlib.suppress(ValueError):
        visit(read(content))


def test_vectors_longer_than_the_buffer_are_refused():
    content = flatbuffer({0: b"\xff" * 8}).replace(b"\x08\0\0\0\xff", b"\xff\xff\xff\xff\xff")
    with pytest.raises(ValueError, match="a vector that is cut short"):
        read(content).data(0)
