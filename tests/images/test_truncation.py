import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from tests.images.odd_images import encoded, oriented, photo, png

from headstart.errors import ImageDamaged, ImageError
from headstart.images.decoding import decode
from headstart.images.truncation import MOST_MISSING, completed, missing_share

PHOTO = photo(320, 320)


def cut(image=PHOTO, keep=0.95, **options):
    whole = encoded(image, "JPEG", quality=90, **options)
    return whole[: int(keep * len(whole))]


def accepted(data, **options):
    return decode(data, name="x", accept_truncated=True, **options)


@pytest.mark.parametrize("image", [PHOTO, PHOTO.convert("L"), PHOTO.convert("CMYK")])
def test_a_jpeg_that_lacks_a_little_is_read_and_noted(image):
    data = cut(image)
    with pytest.raises(ImageDamaged, match="truncated"):
        decode(data, name="x")
    decoded = accepted(data)
    assert decoded.truncated
    assert decoded.notes[-1].startswith("truncated; ")
    whole = decode(encoded(image, "JPEG", quality=90), name="x").image
    upper = (0, 0, 320, 280)
    assert np.array_equal(np.asarray(decoded.image.crop(upper)), np.asarray(whole.crop(upper)))
    bottom = np.asarray(decoded.image.crop((280, 316, 320, 320)))
    assert np.abs(bottom.astype(int) - 128).max() <= 6 or image.mode == "CMYK"


@pytest.mark.parametrize("keep", [0.91, 0.94, 0.97, 0.995])
def test_the_share_of_the_rows_that_are_missing_is_told(keep):
    with Image.open(io.BytesIO(completed(cut(keep=keep)))) as image:
        share = missing_share(image)
    # Every row takes about as many bytes; a row of blocks is missing as a whole.
    assert 1 - keep - 0.02 <= share <= 1 - keep + 16 / 320 + 0.02


def test_a_jpeg_that_lacks_more_than_a_tenth_is_damaged():
    with pytest.raises(ImageDamaged, match=r"at least 90 % of its rows.*Received: \d+ % of them"):
        accepted(cut(keep=0.7))
    assert MOST_MISSING == 0.1


def test_a_jpeg_without_its_end_marker_lacks_no_row():
    decoded = accepted(encoded(PHOTO, "JPEG")[:-2])
    assert decoded.notes == ("truncated; 0.0 % of the rows are missing and grey",)


def test_it_is_judged_alike_whatever_size_is_asked_for():
    assert accepted(cut()).notes == accepted(cut(), at_least=(80, 80)).notes


def test_it_is_turned_upright_all_the_same():
    stored = Image.open(io.BytesIO(oriented(6)))
    data = cut(PHOTO.resize((320, 160)), exif=stored.getexif())
    assert accepted(data).size == (160, 320)


def test_a_progressive_jpeg_that_is_cut_is_damaged():
    with pytest.raises(ImageDamaged, match="progressive"):
        accepted(cut(keep=0.99, progressive=True))


def test_whole_images_are_read_as_ever():
    data = encoded(PHOTO, "JPEG")
    assert accepted(data).notes == decode(data, name="x").notes == ()
    assert not accepted(data).truncated


@pytest.mark.parametrize("data", [png()[:-40], b"\xff\xd8\xff", cut(keep=0.001)])
def test_other_damage_is_told_as_ever(data):
    with pytest.raises(ImageDamaged) as strict:
        decode(data, name="x")
    with pytest.raises(ImageDamaged) as tolerant:
        accepted(data)
    assert str(tolerant.value) == str(strict.value)


def test_grey_at_the_bottom_of_a_photo_counts_as_missing():
    image = Image.new("RGB", (64, 64), "red")
    image.paste((128, 128, 128), (0, 48, 64, 64))
    assert missing_share(image) == 0.25
    assert missing_share(Image.new("L", (9, 9), 128)) == 1
    assert missing_share(Image.new("L", (9, 9), 0)) == 0


@settings(max_examples=100, deadline=None)
@given(keep=st.floats(0, 1), patch=st.binary(max_size=6))
def test_any_cut_raises_nothing_but_image_errors(keep, patch):
    try:
        decoded = accepted(cut(keep=keep) + patch)
    except ImageError as error:
        assert str(error).startswith("x ")  # noqa: PT017 - both outcomes are right
    else:
        assert decoded.image.size == PHOTO.size
