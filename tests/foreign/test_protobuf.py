"""Protocol buffers from strangers."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart.foreign.protobuf import (
    BYTES,
    FIXED32,
    FIXED64,
    VARINT,
    integers_in,
    messages_in,
    only,
    read_fields,
    texts_in,
)

MESSAGE = b"\x08\xac\x02\x12\x03cat\x1d\x01\x02\x03\x04\x21" + bytes(8) + b"\x12\x00"


def test_every_way_to_write_a_field():
    fields = list(read_fields(memoryview(MESSAGE)))
    assert [(each.number, each.wire) for each in fields] == [
        (1, VARINT),
        (2, BYTES),
        (3, FIXED32),
        (4, FIXED64),
        (2, BYTES),
    ]
    assert (fields[0].value, bytes(fields[1].value)) == (300, b"cat")
    assert list(texts_in(memoryview(MESSAGE), 2)) == ["cat", ""]
    assert list(messages_in(memoryview(MESSAGE), 9)) == []


@pytest.mark.parametrize("message", [MESSAGE[:-9], b"\x12\x05cat", b"\x0b", b"\x80" * 20])
def test_what_is_cut_short_or_written_otherwise_is_refused(message):
    with pytest.raises(ValueError, match="no protocol buffer, or cut short"):
        list(read_fields(memoryview(message)))


@pytest.mark.parametrize("message", [b"\x02\x00", b"\x00\x00"])
def test_a_field_has_a_number(message):
    with pytest.raises(ValueError, match="no protocol buffer"):
        list(read_fields(memoryview(message)))


def test_a_number_is_no_message():
    with pytest.raises(ValueError, match="a number where field 1"):
        list(messages_in(memoryview(MESSAGE), 1))


@given(st.binary(max_size=60))
def test_anything_is_fields_or_refused(content):
    with contextlib.suppress(ValueError):
        assert all(each.number for each in read_fields(memoryview(content)))


def test_integers_are_signed_and_packed_or_not():
    minus_two = b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01"
    message = b"\x08\x03\x08" + minus_two + b"\x0a\x0c\x05" + minus_two + b"\x07"
    assert list(integers_in(memoryview(message), 1)) == [3, -2, 5, -2, 7]
    with pytest.raises(ValueError, match="cut short"):
        list(integers_in(memoryview(b"\x0a\x02\x05\x80"), 1))


def test_a_field_that_may_stand_once_is_refused_if_it_stands_twice():
    assert only([], "none") == "none"
    assert only(iter(["one"]), "none") == "one"
    with pytest.raises(ValueError, match="stands twice"):
        only(iter(["one", "two", "three"]), "none")
