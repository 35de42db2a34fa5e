import contextlib
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.attacks.image_bombs import jpeg_2000
from tests.images.odd_images import deep, encoded, photo

from headstart.errors import ImageDamaged, ImageError, ImageUnsupported
from headstart.images.decoding import decode
from headstart.images.jpeg2000 import check_division


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"no_jp2": True},
        {"tile_size": (128, 128), "quality_layers": [40, 20, 10], "irreversible": True},
        {"precinct_size": (64, 64), "codeblock_size": (16, 16), "progression": "RPCL"},
        {"num_resolutions": 3, "codeblock_size": (4, 4), "progression": "CPRL"},
    ],
)
def test_what_programs_write_is_read(options):
    assert decode(encoded(photo(300, 200), "JPEG2000", **options), name="x").size == (300, 200)


def test_grey_of_16_bits_is_read():
    check_division(encoded(deep(np.uint16, 9), "JPEG2000"), (64, 48), "x")


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (jpeg_2000(10_000, precincts=True), r"at most 4,000,000 precincts.*Received: 150,"),
        (jpeg_2000(100, precincts=True, layers=60_000), r"at most 20,000,000 packets"),
        (jpeg_2000(250, tile=1), r"at most 20,000 tiles.*Received: 62,500"),
    ],
)
def test_pieces_are_limited(data, says):
    with pytest.raises(ImageUnsupported, match=says):
        decode(data, name="x")


def test_small_code_blocks_of_a_large_image_are_refused():
    data = bytearray(jpeg_2000(6000))
    place = data.index(b"\xff\x52")
    data[place + 10 : place + 12] = b"\0\0"
    with pytest.raises(ImageUnsupported, match="code blocks"):
        decode(bytes(data), name="x")


def test_what_a_tile_says_of_itself_counts_too():
    data = jpeg_2000(64)
    begin = data.index(b"\xff\x90")
    style = data.index(b"\xff\x52")
    length = 2 + int.from_bytes(data[style + 2 : style + 4], "big")
    own = bytearray(data[style : style + length])
    own[6:8] = b"\xff\xff"
    tile = bytearray(data[begin : begin + 12] + own + data[begin + 12 :])
    tile[6:10] = struct.pack(">I", 0)
    tiles = b"".join([bytes(tile[:10]), b"\0\1", bytes(own), b"\xff\x93"])
    with pytest.raises(ImageUnsupported, match="packets"):
        check_division(data[:begin] + _with_length(tiles) * 40, (64, 64), "x")


def _with_length(tile):
    return tile[:6] + struct.pack(">I", len(tile)) + tile[10:]


def test_another_size_in_the_box_than_in_the_pixels_is_damage():
    data = bytearray(encoded(photo(40, 30), "JPEG2000"))
    place = data.index(b"ihdr") + 4
    data[place : place + 8] = struct.pack(">II", 300, 400)
    with pytest.raises(ImageDamaged, match=r"400 x 300. Received: 40 x 30"):
        decode(bytes(data), name="x")


@given(st.data())
def test_any_damage_is_refused_or_read_without_another_exception(data):
    whole = bytearray(encoded(photo(40, 30), "JPEG2000", no_jp2=data.draw(st.booleans())))
    for _ in range(data.draw(st.integers(1, 8))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(whole[: data.draw(st.integers(0, len(whole)))])
    with contextlib.suppress(ImageError):
        check_division(cut, (40, 30), "x")
