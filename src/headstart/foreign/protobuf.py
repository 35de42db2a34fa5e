"""Read protocol buffers from strangers, field by field, without any schema or copy.

ONNX files and TensorFlow's SavedModels are such. Each message is a view of the bytes of the file;
nothing is allocated because a length in the file says so.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

T = TypeVar("T")
D = TypeVar("D")

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
_LENGTHS = {FIXED64: 8, FIXED32: 4}
_MOST_VARINT_BYTES = 10


class Field(NamedTuple):
    """One field of a message.

    Attributes
    ----------
    number, wire : int
        Its number in the schema, and how it is written: one of the four constants of this module.
    value : int or memoryview
        The number of a VARINT; else its bytes.
    """

    number: int
    wire: int
    value: int | memoryview


def read_fields(message: memoryview) -> Iterator[Field]:
    """Yield the fields of a message in the order of the file.

    Parameters
    ----------
    message : memoryview
        Of bytes.

    Raises
    ------
    ValueError
        If it is no message: a field is cut short, has no number or is written in another way.
    """
    place, end = 0, len(message)
    while place < end:
        tag, place = _varint(message, place)
        number, wire = tag >> 3, tag & 7
        if number == 0:
            raise ValueError("no protocol buffer")
        if wire == VARINT:
            value, place = _varint(message, place)
            yield Field(number, wire, value)
            continue
        if wire == BYTES:
            length, place = _varint(message, place)
        else:
            length = _LENGTHS.get(wire, -1)
        if not 0 <= length <= end - place:
            raise ValueError("no protocol buffer, or cut short")
        yield Field(number, wire, message[place : place + length])
        place += length


def messages_in(message: memoryview, number: int) -> Iterator[memoryview]:
    """Yield the messages, texts or bytes that a message has under this number.

    Raises
    ------
    ValueError
        See `read_fields`; or if such a field is a number.
    """
    for field in read_fields(message):
        if field.number == number:
            if not isinstance(field.value, memoryview):
                raise ValueError(f"a number where field {number} of a protocol buffer has bytes")
            yield field.value


def texts_in(message: memoryview, number: int) -> Iterator[str]:
    """Yield the texts that a message has under this number.

    Raises
    ------
    ValueError
        See `messages_in`; or if one is not in UTF-8.
    """
    for value in messages_in(message, number):
        yield bytes(value).decode()


def only(values: Iterable[T], default: D) -> T | D:
    """Return the value of a field that may stand once, or the default.

    Raises
    ------
    ValueError
        If it stands twice: of two, some readers take the first and others the last.
    """
    found: list[T | D] = [default, *islice(values, 2)]
    if len(found) > 2:
        raise ValueError("a field that may stand once and stands twice")
    return found[-1]


def integers_in(message: memoryview, number: int) -> Iterator[int]:
    """Yield the signed integers that a message has under this number, packed or one by one.

    Raises
    ------
    ValueError
        See `read_fields`.
    """
    for field in read_fields(message):
        if field.number != number:
            continue
        if isinstance(field.value, int):
            yield _signed(field.value)
            continue
        place = 0
        while place < len(field.value):
            value, place = _varint(field.value, place)
            yield _signed(value)


def _signed(value: int) -> int:
    value &= 2**64 - 1
    return value - 2**64 if value >= 2**63 else value


def _varint(message: memoryview, place: int) -> tuple[int, int]:
    """Return a number, and where the next field begins."""
    value = 0
    for i, byte in enumerate(message[place : place + _MOST_VARINT_BYTES]):
        value |= (byte & 127) << (7 * i)
        if byte < 128:
            return value, place + i + 1
    raise ValueError("no protocol buffer, or cut short")
