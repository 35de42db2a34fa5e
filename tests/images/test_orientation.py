import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from tests.images.odd_images import oriented, scene

from headstart.images.orientation import orientation, upright, upright_size


@pytest.mark.parametrize("turn", range(1, 9))
def test_the_orientation_is_that_which_pillow_reads(turn):
    with Image.open(io.BytesIO(oriented(turn))) as image:
        assert orientation(image.info) == image.getexif().get(0x0112, 1) == turn


def test_without_exif_an_image_is_upright():
    assert orientation({}) == orientation({"exif": b""}) == orientation({"exif": b"Exif\0\0"}) == 1


def test_xmp_counts_where_exif_says_nothing():
    info = {"xmp": b'<x tiff:Orientation="6"/>'}
    assert orientation(info) == 6
    with Image.open(io.BytesIO(oriented(3))) as image:
        assert orientation({**image.info, **info}) == 3


def test_exif_that_cannot_be_read_is_unknown():
    assert orientation({"exif": b"Exif\0\0what"}) is None


@given(st.binary(max_size=60))
def test_any_exif_is_read_without_an_exception(exif):
    assert orientation({"exif": exif, "xmp": exif}) in {None, *range(1, 9)}


@pytest.mark.parametrize("turn", range(9))
def test_sizes_turn_as_images_do(turn):
    image = scene()
    assert upright(image, turn).size == upright_size(image.size, turn)
    assert upright_size(upright_size(image.size, turn), turn) == image.size
