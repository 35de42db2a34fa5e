"""The few kinds of protobuf fields that ONNX files are made of, as bytes.

A message is a list of pieces, which are written one after the other: the weights of a network are
not copied on their way into a file. The encoding is that of
https://protobuf.dev/programming-guides/encoding/.
"""

from __future__ import annotations

import struct

Piece = bytes | memoryview
Message = list[Piece]

_VARINT, _LENGTH, _FOUR_BYTES = 0, 2, 5
_MASK = 2**64 - 1


def integer(field: int, value: int) -> Message:
    """Return a field with a whole number, from -2**63 to 2**63 - 1."""
    return [_varint(field << 3 | _VARINT) + _varint(value & _MASK)]


def single(field: int, value: float) -> Message:
    """Return a field with a number in single precision."""
    return [_varint(field << 3 | _FOUR_BYTES) + struct.pack("<f", value)]


def text(field: int, value: str) -> Message:
    """Return a field with text. What is no Unicode, as in names of damaged files, becomes "?"."""
    return data(field, [value.encode("utf-8", "replace")])


def data(field: int, content: Message) -> Message:
    """Return a field with bytes, or with another message."""
    return [_varint(field << 3 | _LENGTH) + _varint(n_bytes(content)), *content]


def n_bytes(message: Message) -> int:
    """Return how long a message is."""
    return sum(piece.nbytes if isinstance(piece, memoryview) else len(piece) for piece in message)


def _varint(value: int) -> bytes:
    """Return a number of 64 bits in groups of 7 bits, the lowest first."""
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)
