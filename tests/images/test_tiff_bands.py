import io
import itertools
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.images.odd_images import HEIGHT, WIDTH, encoded, photo, scene

from headstart.errors import ImageDamaged, ImageError, ImageTooLarge, ImageUnsupported
from headstart.images import limits
from headstart.images.decoding import decode
from headstart.images.tiff import tiff_layout
from headstart.images.tiff_bands import pillow_reads

PHOTO = np.asarray(photo())


@pytest.fixture(scope="module")
def tifffile():
    return pytest.importorskip("tifffile")


@pytest.fixture(scope="module")
def tiff(tifffile):
    """Return a TIFF of an array (height, width) or (height, width, bands)."""

    def make(values, *, planar="contig", colour=True, **options):
        values = np.asarray(values)
        if values.ndim == 3:
            options["planarconfig"] = planar
            named = 3 if colour and values.shape[2] > 2 else 1
            extra = values.shape[2] - named
            options.setdefault("extrasamples", ["unspecified"] * extra if extra else None)
            if planar == "separate":
                values = np.moveaxis(values, -1, 0)
        else:
            named = 1
        kind = "rgb" if named == 3 else "minisblack"
        file = io.BytesIO()
        tifffile.imwrite(file, values, metadata=None, photometric=kind, **options)
        return file.getvalue()

    return make


def of_type(dtype, bands):
    """`PHOTO` with this many bands, over the range of a type, and what it looks like."""
    shares = np.dstack([PHOTO, PHOTO])[..., :bands] / 255
    kind, bits = np.dtype(dtype).kind, 8 * np.dtype(dtype).itemsize
    # Neither 64-bit number is exact as a float.
    top = 1 if kind == "f" else min(2.0 ** (bits - (kind == "i")) - 1, 2.0**62)
    values = (shares * top).astype(dtype)
    shown = PHOTO[..., :3] if bands > 2 else PHOTO[..., :1].repeat(3, 2)
    return values if bands > 1 else values[..., 0], shown


TYPES = ["u1", "i1", "u2", "i2", "u4", "i4", "u8", "f2", "f4", "f8"]


@pytest.mark.parametrize(("order", "compression"), itertools.product("<>", [None, "lzw"]))
@pytest.mark.parametrize("planar", ["contig", "separate"])
@pytest.mark.parametrize("bands", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("dtype", TYPES)
def test_every_layout_is_read_by_its_rule(tiff, dtype, bands, planar, order, compression):
    if compression:
        pytest.importorskip("imagecodecs")
    values, shown = of_type(dtype, bands)
    data = tiff(values, planar=planar, byteorder=order, compression=compression)
    image = np.asarray(decode(data, name="x").image, int)
    # All values are at least 0, but a stretched image begins with its smallest one.
    if np.dtype(dtype).kind in "iu" and dtype not in {"u1", "u2"}:
        low, high = shown.min(), shown.max()
        shown = (shown.astype(float) - low) * 255 / (high - low)
    assert np.abs(image - shown).max() <= 2


@pytest.mark.parametrize("dtype", ["u1", "u4"])  # Pillow reads the first, tifffile the second
def test_more_bands_than_colours_are_noted(tiff, dtype):
    values, _ = of_type(dtype, 5)
    assert decode(tiff(values), name="x").notes[0] == "bands: the first ones; 5 in all"


@pytest.mark.parametrize("bands", [3, 4])
def test_bands_without_a_name_become_colours_with_a_note(tiff, bands):
    values = np.dstack([PHOTO, PHOTO])[..., :bands]
    decoded = decode(tiff(values, colour=False), name="x")
    assert decoded.notes == (f"bands: 1, 2 and 3 as red, green and blue; {bands} in all",)
    assert np.array_equal(np.asarray(decoded.image), PHOTO)


def test_more_bands_without_a_name_are_refused(tiff):
    data = tiff(np.dstack([PHOTO, PHOTO]), colour=False)
    with pytest.raises(ImageUnsupported, match=r"^x must be grey or RGB.*6 bands of 8-bit int"):
        decode(data, name="x")


def test_transparency_is_shown_on_white(tiff):
    alpha = np.where(np.arange(WIDTH) < 32, 0.0, 1.0) * np.ones((HEIGHT, WIDTH))
    values = np.dstack([PHOTO / 255, alpha]).astype(np.float32)
    decoded = decode(tiff(values, extrasamples=["unassalpha"]), name="x")
    assert "transparent: shown on white" in decoded.notes
    image = np.asarray(decoded.image, int)
    assert (image[:, :32] == 255).all()
    assert np.abs(image[:, 32:] - PHOTO[:, 32:]).max() <= 1


def test_floats_in_colour_are_stretched_together(tiff):
    values = np.array([[[0.0, 10.0, 20.0], [40.0, 30.0, np.nan]]])
    decoded = decode(tiff(values), name="x")
    assert decoded.notes == ("floats stretched; 0 became 0, 40 became 255",)
    assert np.asarray(decoded.image).tolist() == [[[0, 64, 128], [255, 191, 0]]]


def test_complex_numbers_are_refused(tiff):
    with pytest.raises(ImageUnsupported, match="unknown values"):
        decode(tiff(np.ones((4, 4), np.complex64)), name="x")


def test_it_is_turned_upright(tiff):
    data = tiff(PHOTO / 255, extratags=[(274, "H", 1, 6, True)])
    decoded = decode(data, name="x")
    assert decoded.size == (HEIGHT, WIDTH)
    assert np.abs(np.asarray(decoded.image, int) - np.rot90(PHOTO, -1)).max() <= 1


def test_the_number_of_pixels_is_checked_before_decoding(tiff, monkeypatch):
    monkeypatch.setattr(limits, "MAX_PIXELS", 100)
    with pytest.raises(ImageTooLarge, match="64 x 48"):
        decode(tiff(PHOTO / 255), name="x")


def test_a_cut_file_is_truncated(tiff):
    # The directory comes first.
    with pytest.raises(ImageDamaged, match="truncated"):
        decode(tiff(PHOTO / 255)[:-500], name="x")


def test_without_the_package_the_message_says_how_to_install_it(tiff, monkeypatch):
    monkeypatch.setitem(sys.modules, "tifffile", None)
    with pytest.raises(
        ImageUnsupported, match=r'^x is a TIFF of 3 bands of 64-bit floats, which needs .*"tiff"'
    ):
        decode(tiff(PHOTO / 255), name="x")


@pytest.mark.parametrize("kind", ["1", "L", "RGB", "RGBA", "CMYK", "LAB", "I;16", "F", "I"])
def test_what_pillow_writes_is_read_by_pillow(kind):
    image = scene().convert("RGB")
    if kind in {"LAB", "I;16"}:
        image = image.convert("L").convert("I") if kind == "I;16" else image
    layout = tiff_layout(encoded(image.convert(kind) if kind != "LAB" else image, "TIFF"))
    assert pillow_reads(layout)


@settings(max_examples=100, deadline=None)
@given(at=st.floats(0, 1, exclude_max=True), patch=st.binary(min_size=1, max_size=12))
@pytest.mark.filterwarnings("ignore")
def test_damaged_files_raise_nothing_but_image_errors(tiff, at, patch):
    whole = tiff(PHOTO / 255)
    # Half of the damage is in the first bytes, which hold the structure.
    place = int(at * 2 * 300) if at < 0.5 else int(at * len(whole))
    try:
        decode(whole[:place] + patch + whole[place + len(patch) :], name="damaged")
    except ImageError as error:
        assert "damaged" in str(error)  # noqa: PT017 - both outcomes are right
