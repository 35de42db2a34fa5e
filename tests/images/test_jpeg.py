import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.images.odd_images import animated, encoded, jpeg, photo

from headstart.errors import ImageUnsupported
from headstart.images.decoding import decode
from headstart.images.jpeg import MAX_SCANS, check_scans, stored_size, unusual_process


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


def with_scans(n):
    """A progressive JPEG of which the last of its scans is there `n` times."""
    whole = jpeg(progressive=True)
    scan, end = whole.rindex(b"\xff\xda"), whole.rindex(b"\xff\xd9")
    return whole[:scan] + whole[scan:end] * n + whole[end:]


def test_scans_are_limited():
    usual = with_scans(1).count(b"\xff\xda")
    decode(with_scans(MAX_SCANS - usual), name="x")
    with pytest.raises(ImageUnsupported, match=r"^x must be JPEG.* 64 scans.*Received: more"):
        decode(with_scans(MAX_SCANS + 1), name="x")


def test_scans_of_a_jpeg_that_is_not_progressive_are_counted_too():
    """Each of its scans may hold one band only, and any number of them the same."""
    data = bytearray(jpeg())
    scan = data.index(b"\xff\xda")
    one = b"\xff\xda\0\x08\1\1\0\0\x3f\0" + bytes(10)
    check_scans(bytes(data[:scan]) + one * 3, "x")
    with pytest.raises(ImageUnsupported, match="64 scans"):
        check_scans(bytes(data[:scan]) + one * (MAX_SCANS + 1), "x")


def test_what_looks_like_a_scan_in_a_preview_or_behind_the_end_does_not_count():
    many = b"\xff\xda\0\2" * 200
    decode(jpeg(exif=b"Exif\0\0II*\0\x08\0\0\0\0\0" + many), name="x")
    decode(jpeg(progressive=True) + many, name="x")
    decode(animated("MPO", 2), name="x")


@pytest.mark.parametrize("filling", [b"\xff\xfe\0\2", b"\xff\xd0"])
def test_segments_are_limited(filling):
    whole = jpeg()
    with pytest.raises(ImageUnsupported, match="at most 20,000 segments"):
        check_scans(whole[:2] + filling * 20_002 + whole[2:], "x")


@pytest.mark.parametrize("place", [2, -2])
def test_some_filling_bytes_do_not_matter(place):
    whole = jpeg()
    filled = whole[:place] + b"\xff" * 3000 + whole[place:]
    assert decode(filled, name="x").image.tobytes() == decode(whole, name="x").image.tobytes()


def test_the_size_is_read():
    assert stored_size(encoded(photo(40, 30), "JPEG")) == (40, 30)
    assert stored_size(b"\xff\xd8\xff") is None


@given(st.binary(max_size=80))
def test_any_bytes_are_read_without_an_exception(data):
    assert unusual_process(b"\xff\xd8\xff" + data) in {
        "",
        "lossless",
        "hierarchical",
        "arithmetic",
    }
    check_scans(b"\xff\xd8\xff" + data, "x")
    stored_size(b"\xff\xd8" + data)


@given(st.data())
def test_any_damage_to_a_jpeg_is_read_without_an_exception(data):
    whole = bytearray(jpeg(progressive=True))
    for _ in range(data.draw(st.integers(1, 8))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    check_scans(bytes(whole), "x")
    stored_size(bytes(whole))
