import io
import struct

import numpy as np
import pytest
from PIL import Image
from tests.attacks.image_bombs import bmp_of_runs
from tests.images.odd_images import animated, bomb, deep_colour, encoded, photo, png_of, scene

from headstart.errors import ImageDamaged, ImageUnsupported
from headstart.images import opening
from headstart.images.decoding import decode
from headstart.images.opening import open_image
from headstart.images.signatures import identify


def opened(data):
    return open_image(data, "x", identify(data, "x"))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "TIFF", "AVIF", "BMP", "PPM"])
def test_the_header_is_read(kind):
    data = encoded(scene(), kind)
    assert opened(data).image.size == scene().size
    assert opened(data).notes == ()


def test_the_pixels_are_not_decoded():
    # They would take 10 GB.
    assert opened(bomb()).image.size == (60_000, 60_000)


@pytest.mark.parametrize(
    ("data", "note"),
    [
        (animated("GIF"), "animated: first frame; 3 in all"),
        (animated("WEBP"), "animated: first frame; 3 in all"),
        (animated("PNG"), "animated: first frame; 3 in all"),
        (animated("TIFF"), "several pages: the first; 3 in all"),
        (animated("MPO", 2), "several pages: the first; 2 in all"),
    ],
)
def test_frames_and_pages_are_noted(data, note):
    assert opened(data).notes == (note,)


def test_the_brightness_map_of_an_ultra_hdr_photo_is_no_page():
    whole = animated("MPO", 2)
    text = b'http://ns.adobe.com/xap/1.0/\0<x hdrgm:Version="1.0"/>'
    segment = b"\xff\xe1" + struct.pack(">H", len(text) + 2) + text
    assert opened(whole[:2] + segment + whole[2:]).notes == ()


def test_a_damaged_index_of_pages_does_not_matter():
    whole = animated("MPO", 2)
    place = whole.index(b"MPF\0") + 4
    damaged = whole[:place] + bytes(8) + whole[place + 8 :]
    assert opened(damaged).notes == ()


def test_deep_colours_are_told():
    assert not opened(encoded(photo(), "PNG")).deep
    assert not opened(encoded(Image.new("I;16", (4, 4)), "PNG")).deep
    assert opened(png_of(deep_colour(9))).deep


def test_a_tiff_of_many_bands_is_not_supported():
    data = bytearray(encoded(scene(), "TIFF"))
    entry = data.index(b"\x15\x01\x03\x00\x01\x00\x00\x00\x03\x00")
    data[entry + 8] = 9
    data = bytes(data).replace(b"\x06\x01\3\0\1\0\0\0\2", b"\x06\x01\3\0\1\0\0\0\1")
    with pytest.raises(ImageUnsupported, match=r"^x must be grey or RGB.*9 bands of 8-bit"):
        opened(data)


@pytest.mark.parametrize("largest", [1, 100, 254, 256, 1023, 65534])
@pytest.mark.parametrize("magic", [b"P5", b"P6"])
def test_a_ppm_of_any_maximum_is_decoded_as_pillow_does(magic, largest):
    random = np.random.default_rng(largest)
    shape = (7, 5, 3) if magic == b"P6" else (7, 5)
    # A value may be larger than the maximum.
    values = random.integers(0, min(largest + 2, 65535), shape, endpoint=True)
    pixels = values.astype("u1" if largest < 256 else ">u2").tobytes()
    data = magic + b" 5 7\n# a comment\n%d\n" % largest + pixels
    with Image.open(io.BytesIO(data)) as image:
        expected = np.asarray(image)
    found = opened(data).image
    assert (found.mode, found.format) == (image.mode, "PPM")
    assert np.array_equal(np.asarray(found), expected)
    with pytest.raises(ImageDamaged, match="truncated"):
        decode(data[:-1], name="x")


def test_a_ppm_as_text_may_have_16_mib(monkeypatch):
    data = b"P3 2 1 255 " + b"7 " * 6
    assert np.asarray(decode(data, name="x").image).max() == 7
    monkeypatch.setattr(opening, "MAX_TEXT", 12)
    with pytest.raises(ImageUnsupported, match=r"PPM with its pixels as text.*binary PPM"):
        decode(data, name="x")
    decode(b"P6 2 1 255 123456", name="x")


def test_a_bmp_of_run_lengths_may_have_32_million_pixels():
    runs = b"\4\0\0\0" * 4 + b"\0\1"
    assert decode(bmp_of_runs(4, runs), name="x").size == (4, 4)
    with pytest.raises(ImageUnsupported, match=r"at most 32 million.*run lengths.*6000 x 6000"):
        decode(bmp_of_runs(6000, runs), name="x")


@pytest.mark.parametrize("kept", [0, 1])
def test_a_tiff_that_is_cut_before_or_within_its_tags_is_damaged(kept):
    data = encoded(photo(40, 30), "TIFF", compression="raw")
    (directory,) = struct.unpack("<I", data[4:8])
    with pytest.raises(ImageDamaged, match=r"whole TIFF\. Received: [\d,]+ bytes"):
        opened(data[: directory + kept])
