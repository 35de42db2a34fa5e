"""The profile of one image."""

import io

import numpy as np
import pytest
from PIL import Image

from headstart.duplicates.profile import profile_of
from headstart.errors import ImageDamaged


def encoded(image, kind="PNG", **how):
    file = io.BytesIO()
    image.save(file, kind, **how)
    return file.getvalue()


def framed():
    pixels = np.full((60, 100, 3), (200, 100, 50), np.uint8)
    pixels[0], pixels[-1], pixels[:, :2], pixels[:, -2:] = 0, 0, 0, 0
    return Image.fromarray(pixels)


def test_figures_are_those_of_the_image():
    data = encoded(framed())
    profile = profile_of(data, "a.jpg")
    assert (profile.width, profile.height, profile.format) == (100, 60, "PNG")
    assert (profile.n_bytes, profile.camera, profile.taken) == (len(data), "", None)
    assert profile.border == (0, 0, 0)
    assert profile.colour[0] == pytest.approx(200 * 58 * 96 / 6000, abs=0.5)
    assert profile.bright_grey == pytest.approx(124, abs=1)
    assert profile.thumbnail.shape == (48, 48)


def test_the_pixels_count_and_not_the_file():
    one, other = (profile_of(encoded(framed(), kind), "a") for kind in ("PNG", "BMP"))
    assert one.pixels == other.pixels
    assert one.content != other.content


def test_size_and_shape_are_those_of_the_upright_image_and_the_camera_is_told():
    exif = Image.Exif()
    exif[271], exif[272], exif[274] = "Acme", "One", 6
    profile = profile_of(encoded(framed(), "JPEG", exif=exif), "a.jpg")
    assert (profile.width, profile.height, profile.camera) == (60, 100, "Acme One")


def test_sharpness_depends_on_edges_and_not_on_size():
    random = np.random.default_rng(0)
    sharp = Image.fromarray(random.integers(0, 256, (256, 256, 3)).astype(np.uint8))
    blurred = sharp.resize((8, 8)).resize((256, 256), Image.Resampling.BICUBIC)
    figures = [profile_of(encoded(image), "a").sharpness for image in (sharp, blurred)]
    larger = profile_of(encoded(sharp.resize((512, 512), Image.Resampling.NEAREST)), "a")
    assert figures[0] > 20 * figures[1]
    assert larger.sharpness == pytest.approx(figures[0], rel=0.05)


def test_one_pixel_has_a_profile():
    profile = profile_of(encoded(Image.new("RGB", (1, 1), "white")), "a")
    assert (profile.spread, profile.sharpness) == (0, 0)


def test_a_damaged_file_is_refused():
    with pytest.raises(ImageDamaged):
        profile_of(encoded(framed())[:200], "a")
