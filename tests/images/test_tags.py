import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.images.odd_images import animated, encoded, scene

from headstart.images.tags import Directory


def tiff(*entries, order="<", big=False, following=0):
    """A TIFF header and one directory, whose entries are (tag, kind, count, value)."""
    mark = b"II" if order == "<" else b"MM"
    if big:
        table = b"".join(struct.pack(order + "HHQI4x", *entry) for entry in entries)
        head = mark + struct.pack(order + "HHHQ", 43, 8, 0, 16)
        count, end = struct.pack(order + "Q", len(entries)), struct.pack(order + "Q", following)
        return head + count + table + end
    table = b"".join(struct.pack(order + "HHII", *entry) for entry in entries)
    head = mark + struct.pack(order + "HI", 42, 8)
    return (
        head + struct.pack(order + "H", len(entries)) + table + struct.pack(order + "I", following)
    )


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("big", [False, True])
def test_numbers_are_read_in_either_order_and_size(order, big):
    directory = Directory.first(tiff((256, 4, 1, 70_000), (700, 7, 1, 3), order=order, big=big))
    assert directory.numbers(256) == (70_000,)
    assert directory.numbers(700) == ()
    assert directory.number(9, 5) == 5


def test_numbers_that_lie_elsewhere_are_read():
    assert Directory.first(encoded(scene(), "TIFF")).numbers(258) == (8, 8, 8)


@pytest.mark.parametrize(
    "entry", [(1, 99, 1, 0), (1, 4, 2, 90_000), (1, 3, 2**32 - 1, 8), (1, 4, 4000, 8)]
)
def test_damaged_entries_have_no_numbers(entry):
    assert Directory.first(tiff(entry)).numbers(1) == ()


def test_directories_are_counted():
    assert Directory.first(animated("TIFF", 5)).count() == 5
    assert Directory.first(encoded(scene(), "TIFF")).count() == 1


def test_directories_in_a_circle_are_counted_once():
    assert Directory.first(tiff((1, 3, 1, 0), following=8)).count() <= 2


@pytest.mark.parametrize("data", [b"", b"II", b"II*\0", b"XX*\0\x08\0\0\0", b"MM\0+\0\x08"])
def test_other_bytes_have_no_directory(data):
    assert Directory.first(data) is None


@settings(max_examples=300, deadline=None)
@given(
    start=st.sampled_from(
        [b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08", b"II+\0\x08\0\0\0\x10" + bytes(7)]
    ),
    data=st.binary(max_size=200),
    tag=st.integers(0, 65535),
)
def test_any_bytes_are_read_without_an_exception(start, data, tag):
    directory = Directory.first(start + data)
    if directory is not None:
        assert directory.count() >= 1
        for each in (tag, *directory.entries):
            assert all(isinstance(number, int) for number in directory.numbers(each))


def test_more_entries_than_there_are_tags_are_no_directory():
    data = b"II+\0\x08\0\0\0" + struct.pack("<QQ", 16, 2**16 + 1) + bytes(100)
    assert Directory.first(data) is None


def test_the_length_of_a_tag_is_what_its_entry_says():
    data = b"II*\0\x08\0\0\0\1\0" + struct.pack("<HHII", 273, 4, 10**9, 8) + bytes(4)
    directory = Directory.first(data)
    assert (directory.length(273), directory.length(256)) == (10**9, 0)
    assert directory.numbers(273) == ()
