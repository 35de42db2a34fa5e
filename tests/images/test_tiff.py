import io
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from tests.attacks.image_bombs import tiff_of_bands, tiff_of_strips
from tests.images.odd_images import HEIGHT, WIDTH, animated, deep, encoded, scene

from headstart.errors import ImageTooLarge, ImageUnsupported
from headstart.images.decoding import decode
from headstart.images.tiff import MAX_PIECES, tiff_layout


def white_is_zero(data):
    """The same TIFF with its photometric interpretation (tag 262) set to 0."""
    order = "<" if data[:2] == b"II" else ">"
    entry = data.index(struct.pack(order + "HHI", 262, 3, 1))
    return data[: entry + 8] + struct.pack(order + "HH", 0, 0) + data[entry + 12 :]


@pytest.mark.parametrize("options", [{}, {"compression": "tiff_lzw"}, {"big_tiff": True}])
@pytest.mark.parametrize("kind", ["RGB", "L", "1", "CMYK", "P", "LAB", "LA", "RGBA"])
def test_the_pixels_stay_as_they_are(kind, options):
    image = scene().convert("RGB").quantize(8) if kind == "P" else scene().convert(kind)
    if kind == "LAB":
        image = Image.new("LAB", (9, 9), (50, 100, 200))
    data = encoded(image, "TIFF", **options)
    with Image.open(io.BytesIO(tiff_layout(data).pixels)) as kept:
        assert kept.mode == image.mode
        assert np.array_equal(np.asarray(kept), np.asarray(image))


def test_facts_are_read():
    layout = tiff_layout(encoded(scene(), "TIFF"))
    assert (layout.bands, layout.bits, layout.kind, layout.pages) == (3, 8, "integers", 1)
    assert layout.colour
    assert not layout.separate
    assert tiff_layout(encoded(deep(np.float32, 1), "TIFF")).kind == "floats"
    assert tiff_layout(animated("TIFF")).pages == 3


def test_the_preview_of_a_raw_file_is_not_taken_for_the_photo():
    data = encoded(scene(), "TIFF", tiffinfo={254: 1})
    with pytest.raises(ImageUnsupported, match=r"begins with a preview.*DNG"):
        decode(data, name="x")


@pytest.mark.parametrize("options", [{}, {"compression": "tiff_lzw"}])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, ">u2", np.int32, np.float32])
def test_where_zero_is_white_the_image_is_inverted(dtype, options):
    values = (np.arange(WIDTH * HEIGHT).reshape(HEIGHT, WIDTH) % 256).astype(np.uint8)
    scale = {"u": 257 if np.dtype(dtype).itemsize == 2 else 1}.get(np.dtype(dtype).kind, 1)
    stored = values.astype(dtype) * np.dtype(dtype).type(scale)
    if dtype == ">u2":
        image = Image.frombytes("I;16B", (WIDTH, HEIGHT), stored.astype(">u2").tobytes())
    else:
        image = Image.fromarray(stored)
    data = encoded(image, "TIFF", **options)
    dark = np.asarray(decode(data, name="x").image)
    light = np.asarray(decode(white_is_zero(data), name="x").image)
    assert np.array_equal(dark[..., 0], values)
    assert np.array_equal(light, 255 - dark)


def test_strips_and_tiles_are_limited():
    with pytest.raises(ImageUnsupported, match=r"at most 200,000 strips.*Received: 200,001"):
        decode(tiff_of_strips(MAX_PIECES + 1), name="x")


def test_memory_counts_the_bands():
    pytest.importorskip("tifffile")
    with pytest.raises(ImageTooLarge, match="at most 4,096 MiB of memory"):
        decode(tiff_of_bands(60), name="x")


@settings(max_examples=200)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_without_an_exception(data):
    layout = tiff_layout(b"II*\0\x08\0\0\0" + data)
    assert layout is None or layout.pixels.startswith(b"II*\0")
