import os
import threading

import numpy as np
import pytest

from headstart.processes import messages


@pytest.fixture
def pipe():
    """Both ends of a pipe, as files without buffers."""
    reading, writing = os.pipe()
    with (
        os.fdopen(reading, "rb", buffering=0) as source,
        os.fdopen(writing, "wb", buffering=0) as sink,
    ):
        yield source, sink


def sent(sink, *message):
    """Send on a thread: a pipe holds less than some messages."""
    thread = threading.Thread(target=messages.send, args=(sink, *message))
    thread.start()
    return thread


@pytest.mark.parametrize("size", [0, 1, 70_000, messages._SMALL + 1])
def test_what_is_sent_is_received(pipe, size):
    source, sink = pipe
    content = bytes(range(256)) * (size // 256 + 1)
    sending = sent(sink, b"I", b"a name", content[:size])
    assert messages.receive_head(source) == (b"I", 6, size)
    assert messages.receive(source, 6) == b"a name"
    assert messages.receive(source, size) == content[:size]
    sending.join()


def test_pixels_arrive_in_an_array(pipe):
    source, sink = pipe
    pixels = np.arange(300 * 300 * 3, dtype=np.uint32).astype(np.uint8).reshape(300, 300, 3)
    sending = sent(sink, b"P", b"", pixels)
    place = np.empty_like(pixels)
    assert messages.receive_head(source) == (b"P", 0, pixels.nbytes)
    messages.receive_into(source, place)
    sending.join()
    np.testing.assert_array_equal(place, pixels)


def test_an_amount_has_no_content(pipe):
    source, sink = pipe
    messages.send_amount(sink, b"N", 2**40)
    messages.send(sink, messages.READY)
    assert messages.receive_head(source) == (b"N", 0, 2**40)
    assert messages.receive_head(source) == (messages.READY, 0, 0)


@pytest.mark.parametrize("n", [0, 5])
def test_the_end_of_a_pipe_is_told(pipe, n):
    source, sink = pipe
    sink.write(bytes(n))
    sink.close()
    with pytest.raises(EOFError):
        messages.receive_head(source)


def test_the_end_of_a_pipe_within_pixels_is_told(pipe):
    source, sink = pipe
    sink.write(bytes(5))
    sink.close()
    with pytest.raises(EOFError):
        messages.receive_into(source, np.empty(9, np.uint8))


def test_nobody_who_reads_is_told(pipe):
    source, sink = pipe
    source.close()
    with pytest.raises(OSError, match=r"pipe|Invalid argument"):
        messages.send(sink, messages.READY)
