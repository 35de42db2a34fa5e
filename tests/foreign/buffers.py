"""Writes small FlatBuffers, so that tests need no package that does."""

import struct


def flatbuffer(table, identifier=b""):
    """Return a buffer that holds a table.

    A table is a dict of its fields by their places: a dict is a table, a list a vector of tables,
    text and bytes are what they are, ``("b", 3)`` is a number, ``("f", [1.0])`` a vector of them.
    """
    buffer = bytearray(4) + identifier
    struct.pack_into("<I", buffer, 0, _table(buffer, table))
    return bytes(buffer)


def _table(buffer, fields):
    offsets = [0] * (max(fields, default=-1) + 1)
    inline = bytearray(4)
    for field, value in fields.items():
        offsets[field] = len(inline)
        is_number = isinstance(value, tuple) and not isinstance(value[1], list)
        inline += struct.pack(f"<{value[0]}", value[1]) if is_number else bytes(4)
    layout = len(buffer)
    buffer += struct.pack("<HH", 4 + 2 * len(offsets), len(inline))
    buffer += struct.pack(f"<{len(offsets)}H", *offsets)
    place = len(buffer)
    buffer += inline
    struct.pack_into("<i", buffer, place, place - layout)
    for field, value in fields.items():
        if not isinstance(value, tuple) or isinstance(value[1], list):
            at = place + offsets[field]
            struct.pack_into("<I", buffer, at, _target(buffer, value) - at)
    return place


def _target(buffer, value):
    if isinstance(value, dict):
        return _table(buffer, value)
    place = len(buffer)
    if isinstance(value, list):
        buffer += struct.pack("<I", len(value)) + bytes(4 * len(value))
        for at, each in enumerate(value):
            entry = place + 4 + 4 * at
            struct.pack_into("<I", buffer, entry, _table(buffer, each) - entry)
        return place
    if isinstance(value, tuple):
        kind, numbers = value
        content, length = struct.pack(f"<{len(numbers)}{kind}", *numbers), len(numbers)
    else:
        content = value.encode() if isinstance(value, str) else value
        length = len(content)
    buffer += struct.pack("<I", length) + content
    return place
