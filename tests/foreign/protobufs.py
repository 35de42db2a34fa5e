"""Writes small protocol buffers, so that tests need no package that does."""


def varint(number):
    written = bytearray()
    while number > 127:
        written.append(number & 127 | 128)
        number >>= 7
    return bytes([*written, number])


def message(*fields):
    """Return a message of (number, value): an int, text, bytes."""
    written = bytearray()
    for number, value in fields:
        if isinstance(value, int):
            written += varint(number << 3) + varint(value)
            continue
        content = value.encode() if isinstance(value, str) else value
        written += varint(number << 3 | 2) + varint(len(content)) + content
    return bytes(written)


def tensor(location=None, name="weights"):
    """Return a tensor of ONNX, whose values may be in a file."""
    fields = [(8, name)]
    if location is None:
        fields += [(9, b"\0")]
    else:
        fields += [(13, message((1, "location"), (2, location))), (14, 1)]
        fields += [(13, message((1, "offset"), (2, "0")))]
    return message(*fields)


def onnx(*graph):
    """Return a file of ONNX with these fields of its graph."""
    return message((1, 8), (2, "tests"), (7, message(*graph)))


def values(*dims, kind=1, stored=b"", **fields):
    """Return a tensor of ONNX with these dimensions; `fields` are named ``f4`` for field 4."""
    raw = [(9, stored)] if stored else []
    others = [(int(name[1:]), value) for name, value in fields.items()]
    return message(*((1, side) for side in dims), (2, kind), *raw, *others)


def external(**entries):
    """Return the fields of a tensor of ONNX that say where its values are."""
    return [(13, message((1, key), (2, value))) for key, value in entries.items()]
