"""What a worker process and the one that started it send each other, through pipes.

A message is a head of fixed length, then a text, then a content; either may be empty. Nothing is
pickled: a worker may have read files of strangers.
"""

import io
import struct
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]

#: To every worker: what its work is (JSON); there is no more work. From every worker: it is ready.
SETTINGS, END, READY = b"S", b"X", b"R"

_HEAD = struct.Struct("<cQQ")
# Larger contents are not copied to be sent in one piece with their head.
_SMALL = 2**20


class Head(NamedTuple):
    """How a message begins.

    Attributes
    ----------
    kind : bytes
        What it is about.
    text, content : int
        Bytes of the text and of the content. Where a message is an amount, that is `content`, and
        no content follows.
    """

    kind: bytes
    text: int
    content: int


def send(file: io.FileIO, kind: bytes, text: bytes = b"", content: bytes | Pixels = b"") -> None:
    """Send a message; wait until it is in the pipe.

    Raises
    ------
    OSError
        Nobody reads the pipe any more.
    """
    body = memoryview(content).cast("B")  # type: ignore[arg-type] # NumPy declares no buffer
    head = _HEAD.pack(kind, len(text), len(body)) + text
    if len(body) > _SMALL:
        _write(file, head)
        _write(file, body)
    else:
        _write(file, b"".join((head, body)))


def send_amount(file: io.FileIO, kind: bytes, amount: int) -> None:
    """Send a message that is an amount, such as bytes of memory."""
    _write(file, _HEAD.pack(kind, 0, amount))


def receive_head(file: io.FileIO | io.BufferedReader) -> Head:
    """Wait for a message and return its head.

    Raises
    ------
    EOFError
        The pipe has ended.
    """
    return Head(*_HEAD.unpack(receive(file, _HEAD.size)))


def receive(file: io.FileIO | io.BufferedReader, size: int) -> bytes:
    """Return the text or the content of a message.

    Raises
    ------
    EOFError
        The pipe has ended.
    """
    data = file.read(size)
    while len(data) < size:
        more = file.read(size - len(data))
        if not more:
            raise EOFError
        data += more
    return data


def receive_into(file: io.FileIO, place: Pixels) -> None:
    """Put the content of a message where it belongs.

    Raises
    ------
    EOFError
        The pipe has ended.
    """
    left = memoryview(place).cast("B")  # type: ignore[arg-type]
    while left:
        n = file.readinto(left)
        if not n:
            raise EOFError
        left = left[n:]


def _write(file: io.FileIO, data: bytes | memoryview) -> None:
    written = file.write(data)
    while written < len(data):
        written += file.write(memoryview(data)[written:])
