import datetime as dt
import io
import sys

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from tests.images.odd_images import oriented, photo

from headstart.errors import ImageDamaged, ImageError, ImageTooLarge, ImageUnsupported
from headstart.images import limits
from headstart.images.decoding import decode
from headstart.images.exif import Exif, read_exif
from headstart.images.sources import BytesSource

HEADER = b"\0\0\0\x18ftypheic" + bytes(40)


@pytest.fixture(scope="module")
def heif():
    return pytest.importorskip("pillow_heif")


@pytest.fixture(scope="module")
def encode(heif):
    """Return a HEIC file of an image, or of several."""

    def make(*images, **options):
        file = heif.HeifFile()
        for image in images:
            file.add_from_pillow(image)
        data = io.BytesIO()
        file.save(data, quality=95, **options)
        return data.getvalue()

    return make


def assert_alike(image, expected):
    assert image.size == expected.size
    difference = np.asarray(image.convert("RGB"), int) - np.asarray(expected, int)
    assert np.abs(difference).mean() < 9


def test_it_is_read(encode):
    decoded = decode(encode(photo()), name="x")
    assert decoded.notes == ()
    assert_alike(decoded.image, photo())


def test_grey_becomes_rgb(encode):
    decoded = decode(encode(photo().convert("L")), name="x")
    assert_alike(decoded.image, photo().convert("L").convert("RGB"))


def test_transparent_parts_are_white(encode):
    image = photo().convert("RGBA")
    image.putalpha(0)
    decoded = decode(encode(image), name="x")
    assert decoded.notes == ("transparent: shown on white",)
    assert np.asarray(decoded.image).min() == 255


@pytest.mark.parametrize("turn", range(1, 9))
def test_it_is_turned_once(heif, turn):
    with Image.open(io.BytesIO(oriented(turn))) as stored:
        data = io.BytesIO()
        exif = stored.getexif().tobytes()
        heif.encode("RGB", stored.size, stored.tobytes(), data, quality=95, exif=exif)
    with Image.open(io.BytesIO(oriented(1))) as upright:
        assert_alike(decode(data.getvalue(), name="x").image, upright)


def test_its_exif_says_when_it_was_taken(heif):
    exif = Image.Exif()
    exif[271] = "Nokia"
    exif.get_ifd(34665)[36867] = "2026:05:01 10:20:30"
    data = io.BytesIO()
    heif.encode("RGB", photo().size, photo().tobytes(), data, exif=exif.tobytes())
    found = read_exif(BytesSource("x", data.getvalue()))
    assert found == Exif(dt.datetime(2026, 5, 1, 10, 20, 30), "Nokia")


def test_10_bits_become_8(heif):
    values = (np.asarray(photo()).astype(np.uint16) * 4 + 2).tobytes()
    data = io.BytesIO()
    heif.encode("RGB;10", photo().size, values, data, quality=95)
    decoded = decode(data.getvalue(), name="x")
    assert decoded.notes == ("10-bit colour: the upper 8 bits",)
    assert_alike(decoded.image, photo())


def test_of_several_images_the_main_one_is_read(encode):
    decoded = decode(encode(photo(), photo(seed=1), primary_index=0), name="x")
    assert decoded.notes == ("several images: the main one; 2 in all",)
    assert_alike(decoded.image, photo())


def test_the_number_of_pixels_is_checked_before_decoding(encode, monkeypatch):
    monkeypatch.setattr(limits, "MAX_PIXELS", 100)
    with pytest.raises(ImageTooLarge, match="64 x 48"):
        decode(encode(photo()), name="x")


def test_pillow_does_not_read_it_afterwards(encode):
    decode(encode(photo()), name="x")
    with pytest.raises(OSError, match="cannot identify"):
        Image.open(io.BytesIO(encode(photo())))


def test_a_cut_file_is_damaged(encode):
    whole = encode(photo())
    with pytest.raises(ImageDamaged, match=r"^x must be a whole HEIC file"):
        decode(whole[:-200], name="x")


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(at=st.floats(0, 1, exclude_max=True), patch=st.binary(min_size=1, max_size=12))
def test_damaged_files_raise_nothing_but_image_errors(encode, at, patch):
    whole = encode(photo())
    place = int(at * len(whole))
    try:
        decode(whole[:place] + patch + whole[place + len(patch) :], name="damaged")
    except ImageError as error:
        assert "damaged" in str(error)  # noqa: PT017 - both outcomes are right


def test_without_the_package_the_message_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(ImageUnsupported, match=r'^a\.heic is HEIC, which needs the extra "heic"'):
        decode(HEADER, name="a.heic")
