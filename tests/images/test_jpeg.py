import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.images.odd_images import jpeg

from headstart.errors import ImageUnsupported
from headstart.images.decoding import decode
from headstart.images.jpeg import unusual_process


def with_frame(marker, bits=8):
    data = bytearray(jpeg())
    place = data.index(b"\xff\xc0")
    data[place + 1] = marker
    data[place + 4] = bits
    return bytes(data)


def test_usual_processes_have_no_name():
    assert unusual_process(jpeg()) == unusual_process(jpeg(progressive=True)) == ""


@pytest.mark.parametrize("accept_truncated", [False, True])
def test_a_lossless_jpeg_is_not_called_damaged(accept_truncated):
    data = with_frame(0xC3)
    assert unusual_process(data) == "lossless"
    with pytest.raises(ImageUnsupported, match="lossless"):
        decode(data, name="x", accept_truncated=accept_truncated)


def test_a_jpeg_of_12_bits_is_not_called_damaged():
    with pytest.raises(ImageUnsupported, match="12-bit"):
        decode(with_frame(0xC1, 12), name="x")


@given(st.binary(max_size=80))
def test_any_bytes_are_read_without_an_exception(data):
    assert unusual_process(b"\xff\xd8\xff" + data) in {
        "",
        "lossless",
        "hierarchical",
        "arithmetic",
    }
