import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart.exporting.protobuf import data, integer, n_bytes, single, text


def joined(message):
    return b"".join(message)


def read_varint(content, start=0):
    """Return a number in groups of 7 bits, and where the next field begins."""
    value = shift = 0
    while True:
        byte = content[start]
        value |= (byte & 0x7F) << shift
        shift, start = shift + 7, start + 1
        if byte < 0x80:
            return value, start


@given(field=st.integers(1, 2**20), value=st.integers(-(2**63), 2**63 - 1))
def test_whole_numbers_are_read_back(field, value):
    content = joined(integer(field, value))
    key, place = read_varint(content)
    found, end = read_varint(content, place)
    assert (key >> 3, key & 7, end) == (field, 0, len(content))
    assert (found - 2**64 if found >= 2**63 else found) == value


@given(parts=st.lists(st.binary(max_size=300), max_size=4))
def test_bytes_have_their_length_before_them(parts):
    content = joined(data(3, parts))
    key, place = read_varint(content)
    length, start = read_varint(content, place)
    assert (key, content[start:], length) == (3 << 3 | 2, b"".join(parts), len(b"".join(parts)))


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (integer(1, 300), "08ac02"),  # the example of the documents of protobuf
        (text(2, "testing"), "120774657374696e67"),
        (text(1, "\udcff"), "0a013f"),  # no Unicode
        (single(2, 1.5), "15" + struct.pack("<f", 1.5).hex()),
    ],
)
def test_known_messages(written, expected):
    assert joined(written).hex() == expected


def test_arrays_are_not_copied():
    content = memoryview(bytes(1000))
    message = data(9, [content])
    assert any(piece is content for piece in message)
    assert n_bytes(message) == len(joined(message))
