import io
import struct
import warnings
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from tests.images.odd_images import (
    BROKEN,
    HEIGHT,
    ODD,
    WIDTH,
    animated,
    bomb,
    deep,
    deep_colour,
    encoded,
    half_transparent,
    jpeg,
    oriented,
    photo,
    png,
    png_chunk,
    png_of,
    scene,
)

from headstart.errors import ImageError, ImageTooLarge, ImageUnsupported
from headstart.images import decoding, in_flight, limits
from headstart.images.decoding import decode, decoded_image
from headstart.images.sources import BytesSource
from headstart.images.tags import Directory

SAMPLES = {name: odd.make() for name, odd in ODD.items()}


def corners(image):
    """The colours near the four corners, from the top left."""
    right, bottom = image.width - 4, image.height - 4
    return [image.getpixel(at) for at in ((3, 3), (right, 3), (3, bottom), (right, bottom))]


def assert_near(image, expected, tolerance):
    difference = np.asarray(image, int) - np.asarray(expected, int)
    assert np.abs(difference).max() <= tolerance


@pytest.mark.parametrize("name", ODD)
def test_odd_images_are_decoded_by_their_rule(name):
    decoded = decode(SAMPLES[name], name=name)
    assert decoded.image.mode == "RGB"
    assert decoded.image.size == decoded.size
    if ODD[name].note is None:
        assert decoded.notes == ()
    else:
        assert ODD[name].note in " ".join(decoded.notes)


@pytest.mark.parametrize("name", BROKEN)
def test_broken_images_raise_an_error_with_their_name(name):
    with pytest.raises(ImageError) as caught:
        decode(BROKEN[name].make(), name=f"folder/{name}")
    assert type(caught.value) is BROKEN[name].error
    assert f"folder/{name}" in str(caught.value)
    assert BROKEN[name].says in str(caught.value)


@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize(("kind", "tolerance"), [("JPEG", 12), ("PNG", 0), ("WEBP", 40)])
def test_every_orientation_is_turned_upright(turn, kind, tolerance):
    decoded = decode(oriented(turn, kind), name="turned")
    assert decoded.size == (WIDTH, HEIGHT)
    assert_near(corners(decoded.image), corners(scene()), tolerance)


def test_unreadable_exif_is_noted():
    decoded = decode(jpeg(exif=b"Exif\0\0what is this"), name="x", at_least=(9, 9))
    assert decoded.notes == ("EXIF unreadable: orientation unknown",)


@pytest.mark.parametrize("turn", [0, 9, 77])
def test_an_invalid_orientation_is_ignored(turn):
    exif = Image.Exif()
    exif[0x0112] = turn
    decoded = decode(jpeg(exif=exif), name="x")
    assert decoded.notes == ()
    assert_near(corners(decoded.image), corners(scene()), 12)


def test_colours_of_lossless_formats_are_unchanged():
    for kind in ("PNG", "BMP", "PPM", "TIFF"):
        assert_near(decode(encoded(photo(), kind), name=kind).image, photo(), 0)


def test_transparent_parts_are_white_and_the_rest_unchanged():
    image = decode(encoded(half_transparent(), "PNG"), name="x").image
    expected = [(255, 255, 255), scene().getpixel((60, 3)), (255, 255, 255)]
    assert corners(image)[:3] == expected


def test_transparent_palette_entries_and_colours_are_white():
    for name in ("palette_transparent", "rgb_with_transparent_colour"):
        top_left, top_right, *_ = corners(decode(SAMPLES[name], name=name).image)
        assert top_left == (255, 255, 255)
        assert top_right != (255, 255, 255)


def test_half_transparent_pixels_are_mixed_with_white():
    image = Image.new("RGBA", (9, 9), (0, 0, 0, 128))
    assert_near(decode(encoded(image, "PNG"), name="x").image, np.full((9, 9, 3), 127), 1)


def test_cmyk_keeps_its_colours():
    # Pillow writes inverted values with Adobe's marker, as Photoshop does.
    image = decode(SAMPLES["cmyk_jpeg"], name="x").image
    assert_near(corners(image), corners(scene()), 12)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "PPM"])
def test_16_bit_grey_is_scaled(kind):
    grey = np.asarray(decode(encoded(deep(np.uint16, 65535), kind), name="x").image)
    expected = np.linspace(0, 255, WIDTH * HEIGHT)
    assert np.abs(grey[..., 1].ravel() - expected).max() <= 1


def test_big_endian_16_bit_equals_little_endian():
    values = np.asarray(deep(np.uint16, 65535))
    big = Image.frombytes("I;16B", (WIDTH, HEIGHT), values.astype(">u2").tobytes())
    little = decode(encoded(Image.fromarray(values), "TIFF"), name="x").image
    assert_near(decode(encoded(big, "TIFF"), name="x").image, little, 0)


def test_the_transparent_value_of_16_bit_grey_is_white():
    grey = np.asarray(decode(SAMPLES["16_bit_png_transparent"], name="x").image)
    assert grey[0, 0].tolist() == [255, 255, 255]
    assert grey[0, 20].tolist() == [2, 2, 2]


@pytest.mark.parametrize("bits", [10, 12, 14, 16])
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "JPEG2000"])
def test_greys_of_a_camera_with_fewer_bits_are_not_dark(bits, kind):
    grey = np.asarray(photo().convert("L"))
    stored = Image.fromarray((grey * ((2**bits - 1) / 255)).round().astype(np.uint16))
    if kind == "JPEG2000" and bits < 16:
        pytest.skip("Pillow declares 16 bits, whatever they are")
    decoded = decode(encoded(stored, kind), name="x")
    assert np.abs(np.asarray(decoded.image)[..., 0] - grey.astype(int)).max() <= 1


@pytest.mark.parametrize("top", [65535, 4095, 1023])
@pytest.mark.parametrize("bands", [3, 4])
def test_16_bit_colour_is_scaled_as_grey_is(top, bands):
    decoded = decode(png_of(deep_colour(top, bands)), name="x")
    expected = np.array(photo())
    if bands == 4:
        expected[:, : WIDTH // 2] = 255
        assert decoded.notes[1] == "transparent: shown on white"
    assert_near(decoded.image, expected, 1)


def test_the_transparent_colour_of_16_bits_is_white():
    values = deep_colour(4095)
    key = tuple(int(value) for value in values[0, 0])
    decoded = decode(png_of(values, png_chunk(b"tRNS", struct.pack(">HHH", *key))), name="x")
    assert decoded.image.getpixel((0, 0)) == (255, 255, 255)
    assert_near(decoded.image.crop((9, 9, 60, 40)), photo().crop((9, 9, 60, 40)), 1)


def test_a_pgm_is_scaled_by_the_maximum_that_it_declares():
    values = np.asarray(deep(np.uint16, 1000)).astype(">u2").tobytes()
    said = decode(b"P5\n# 12 bits\n64 48\n4095\n" + values, name="x")
    assert np.asarray(said.image).max() == round(1000 / 4095 * 255)
    unsaid = decode(b"P5 64 48 65535 " + values, name="x")
    assert "10 bits used" in unsaid.notes[0]


def test_what_keeps_only_its_upper_bits_is_noted():
    pixels = np.zeros((3, 5, 3), ">u2").tobytes()
    assert decode(b"P6 5 3 65535 " + pixels, name="x").notes == ("16-bit colour: the upper 8 bits",)
    stored = decode(png_of(deep_colour(65535)), name="x", as_stored=True)
    assert stored.notes == ("16-bit colour: the upper 8 bits",)


def test_floats_in_0_to_1_are_not_stretched():
    half = Image.fromarray(np.full((5, 5), 0.5, np.float32))
    assert_near(decode(encoded(half, "TIFF"), name="x").image, np.full((5, 5, 3), 128), 1)


def test_other_floats_are_stretched_between_their_extremes():
    values = np.array([[-10.0, 0.0, 90.0]], np.float32)
    decoded = decode(encoded(Image.fromarray(values), "TIFF"), name="x")
    assert np.asarray(decoded.image)[0, :, 0].tolist() == [0, 26, 255]
    assert decoded.notes == ("floats stretched; -10 became 0, 90 became 255",)


@pytest.mark.parametrize("value", [7.0, np.nan, -3.0])
def test_a_constant_image_is_black(value):
    image = Image.fromarray(np.full((5, 5), value, np.float32))
    assert_near(decode(encoded(image, "TIFF"), name="x").image, np.zeros((5, 5, 3)), 0)


def test_nan_and_infinity_are_black():
    values = np.array([[np.nan, np.inf, -np.inf, 0.0, 50.0, 100.0]], np.float32)
    image = decode(encoded(Image.fromarray(values), "TIFF"), name="x").image
    assert np.asarray(image)[0, :, 0].tolist() == [0, 0, 0, 0, 127, 255]


@pytest.mark.parametrize(("kind", "tolerance"), [("GIF", 6), ("PNG", 0), ("TIFF", 0), ("MPO", 30)])
def test_the_first_of_several_frames_is_decoded(kind, tolerance):
    decoded = decode(animated(kind), name="x")
    assert decoded.size == (WIDTH, HEIGHT)
    assert_near(corners(decoded.image), corners(scene()), tolerance)


def test_the_first_page_is_decoded_although_a_later_one_is_damaged():
    whole = animated("TIFF")
    directory = Directory.first(whole)
    place = directory.following
    decoded = decode(whole[:place] + b"\xff" * 40 + whole[place + 40 :], name="x")
    assert decoded.notes[0].startswith("several pages: the first; ")
    assert_near(decoded.image, scene(), 0)


def test_the_first_frame_is_decoded_although_a_later_one_is_damaged(monkeypatch):
    def fail(_):
        raise EOFError

    monkeypatch.setattr("PIL.GifImagePlugin.GifImageFile.n_frames", property(fail), raising=False)
    decoded = decode(animated("GIF"), name="x")
    assert decoded.notes == ("animated: first frame; an unknown number in all",)
    assert_near(corners(decoded.image), corners(scene()), 6)


def test_a_gif_that_is_cut_after_its_first_frame_is_decoded():
    whole = animated("GIF")
    first = decode(whole, name="x").image
    cut = decode(whole[: len(encoded(scene(), "GIF")) + 100], name="x")
    assert_near(cut.image, first, 0)


@pytest.mark.parametrize("at_least", [(10, 10), (48, 64), (100, 100), (201, 200), (1, 399)])
@pytest.mark.parametrize("turn", [1, 6])
def test_reduced_decoding_keeps_the_least_size(at_least, turn):
    exif = Image.Exif()
    exif[0x0112] = turn
    whole = encoded(photo(800, 400), "JPEG", exif=exif)
    decoded = decode(whole, name="x", at_least=at_least)
    upright = (800, 400) if turn == 1 else (400, 800)
    assert decoded.size == upright
    # Reduced once more, the image would be too small.
    scale = upright[0] / decoded.image.width
    assert decoded.image.height >= min(at_least[0], upright[1])
    assert decoded.image.width >= min(at_least[1], upright[0])
    assert scale == 8 or (
        upright[1] // (2 * scale) < at_least[0] or upright[0] // (2 * scale) < at_least[1]
    )


def test_reduced_decoding_gives_the_same_image():
    data = encoded(photo(800, 400), "JPEG", quality=95)
    small = decode(data, name="x", at_least=(50, 50)).image
    assert small.size == (100, 50)
    whole = decode(data, name="x").image.resize(small.size, Image.Resampling.BOX)
    assert np.abs(np.asarray(small, int) - np.asarray(whole, int)).mean() < 2


def test_only_jpeg_is_reduced():
    decoded = decode(encoded(photo(400, 400), "PNG"), name="x", at_least=(20, 20))
    assert decoded.image.size == (400, 400)


class TestAsStored:
    def test_the_orientation_is_ignored_and_noted(self):
        decoded = decode(oriented(6), name="x", as_stored=True)
        assert decoded.size == decoded.image.size == (HEIGHT, WIDTH)
        assert decoded.notes == ("EXIF orientation 6 ignored",)

    def test_transparency_is_dropped_and_noted(self):
        decoded = decode(SAMPLES["rgba"], name="x", as_stored=True)
        assert decoded.image.getpixel((0, 0)) == (0, 0, 0)
        assert decoded.notes == ("transparency dropped",)

    def test_wide_integers_are_clipped_and_noted(self):
        decoded = decode(SAMPLES["32_bit_tiff"], name="x", as_stored=True)
        assert decoded.image.getpixel((WIDTH - 1, HEIGHT - 1)) == (255, 255, 255)
        assert decoded.notes == ("I clipped to 8 bits",)

    @pytest.mark.parametrize("name", ODD)
    def test_pixels_equal_those_of_pillow(self, name):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = Image.open(io.BytesIO(SAMPLES[name])).convert("RGB")
        assert_near(decode(SAMPLES[name], name=name, as_stored=True).image, expected, 0)


class TestLimits:
    def test_the_number_of_pixels_is_checked_before_decoding(self, monkeypatch):
        decoded = "PIL.PngImagePlugin.PngImageFile.load"
        monkeypatch.setattr(decoded, lambda _: pytest.fail("it was decoded"), raising=False)
        monkeypatch.setattr(limits, "MAX_PIXELS", 599)
        with pytest.raises(ImageTooLarge, match="30 x 20"):
            decode(bomb(30, 20), name="x")

    def test_exactly_the_allowed_number_of_pixels_passes(self, monkeypatch):
        monkeypatch.setattr(limits, "MAX_PIXELS", WIDTH * HEIGHT)
        assert decode(png(), name="x").size == (WIDTH, HEIGHT)

    def test_the_limit_on_pixels_is_that_of_pillow(self):
        # Pillow raises an error beyond twice the number that it warns about.
        assert limits.MAX_PIXELS == 2 * Image.MAX_IMAGE_PIXELS

    def test_the_number_of_bytes_is_checked(self, monkeypatch):
        monkeypatch.setattr("headstart.images.sources.MAX_BYTES", 20)
        with pytest.raises(ImageTooLarge, match="MiB"):
            decode(png(), name="x")

    def test_a_large_image_brings_no_warning(self, monkeypatch):
        # Pillow warns about more than 89 million pixels. A warning would fail this test.
        data = encoded(Image.new("1", (10_000, 9_000)), "PNG")
        monkeypatch.setattr(limits, "MAX_PIXELS", 1_000_000)
        with pytest.raises(ImageTooLarge, match=r"at most 1 million.*Received: 10000 x 9000"):
            decode(data, name="x")

    def test_lack_of_memory_is_an_image_error(self, monkeypatch):
        def fail(_):
            raise MemoryError

        data = png()
        monkeypatch.setattr("PIL.PngImagePlugin.PngImageFile.load", fail, raising=False)
        with pytest.raises(ImageTooLarge, match=r"x needs too much memory. Save it smaller"):
            decode(data, name="x")


def test_avif_without_its_decoder_is_an_error(monkeypatch):
    monkeypatch.setattr("PIL.features.check", lambda _: False)
    with pytest.raises(ImageUnsupported, match="this build of Pillow"):
        decode(SAMPLES["avif"], name="x")


@settings(max_examples=200, deadline=None)
@given(data=st.binary(max_size=300))
def test_random_bytes_raise_nothing_but_image_errors(data):
    with pytest.raises(ImageError, match="noise"):
        decode(data, name="noise")


@settings(max_examples=400, deadline=None)
@given(
    name=st.sampled_from([name for name in sorted(ODD) if not name.startswith("orientation_")]),
    at=st.floats(0, 1, exclude_max=True),
    patch=st.binary(min_size=1, max_size=12),
    cut=st.booleans(),
    at_least=st.sampled_from([None, (8, 8)]),
)
def test_damaged_files_raise_nothing_but_image_errors(name, at, patch, cut, at_least):
    whole = SAMPLES[name]
    # Half of the damage is in the first bytes, which hold the structure.
    place = int(at * 2 * 200) if at < 0.5 and len(whole) > 200 else int(at * len(whole))
    damaged = whole[:place] + patch + (b"" if cut else whole[place + len(patch) :])
    try:
        with mock.patch.object(limits, "MAX_PIXELS", 10**6):
            decoded = decode(damaged, name=name, at_least=at_least)
    except ImageError as error:
        assert name in str(error)  # noqa: PT017 - both outcomes are right
    else:
        assert decoded.image.mode == "RGB"


@pytest.mark.parametrize("make", [half_transparent, lambda: half_transparent().convert("LA")])
def test_strips_of_a_transparent_image_are_no_difference(monkeypatch, make):
    data = encoded(make(), "PNG")
    whole = decode(data, name="x")
    monkeypatch.setattr(decoding, "_STRIP", 200)
    strips = decode(data, name="x")
    assert whole.image.tobytes() == strips.image.tobytes()
    assert whole.notes == strips.notes


@pytest.mark.parametrize("bands", [3, 4])
def test_strips_of_deep_colour_are_no_difference(monkeypatch, bands):
    data = png_of(deep_colour(4095, bands))
    whole = decode(data, name="x")
    monkeypatch.setattr(decoding, "_STRIP", 200)
    strips = decode(data, name="x")
    assert whole.image.tobytes() == strips.image.tobytes()
    assert whole.notes == strips.notes


def test_an_image_gives_back_the_memory_that_it_took():
    with decoded_image(BytesSource("x", png())) as decoded:
        assert in_flight._budgets.pixels.taken >= 4 * decoded.image.width * decoded.image.height
        assert in_flight._budgets.files.taken >= len(png())
    assert in_flight._budgets.pixels.taken == in_flight._budgets.files.taken == 0


def test_what_is_done_with_a_decoded_image_is_guarded():
    with (
        pytest.raises(ImageUnsupported, match=r"converted and resized. Received: KeyError"),
        decoded_image(BytesSource("x", png())),
    ):
        raise KeyError("odd")


def test_pillow_does_not_warn_of_a_tiff_within_the_limit(monkeypatch):
    file = io.BytesIO()
    Image.new("L", (300, 200)).save(file, "TIFF", compression="tiff_lzw")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 40_000)
    assert decode(file.getvalue(), name="large.tif").size == (300, 200)
