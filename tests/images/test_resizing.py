import json
import math
import os
import subprocess
import sys
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from tests.images.odd_images import encoded, photo, scene

from headstart.errors import UsageError
from headstart.images import resizing
from headstart.images.decoding import decode
from headstart.images.resize_rules import Interpolation, Rule
from headstart.images.resizing import Resize

RULES = get_args(Rule)
KERNELS = {
    "bilinear": lambda x: max(0.0, 1 - x),
    # Keys 1981, a = -0.5.
    "bicubic": lambda x: (
        1.5 * x**3 - 2.5 * x**2 + 1
        if x < 1
        else -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
        if x < 2
        else 0.0
    ),
    "lanczos": lambda x: float(np.sinc(x) * np.sinc(x / 3)) if x < 3 else 0.0,
}
PILLOW = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}


def test_by_default_every_rule_is_bilinear_and_antialiased():
    image = photo(301, 200)
    squashed = image.resize((48, 32), Image.Resampling.BILINEAR)
    assert Resize("squash", 32, 48)(image).tobytes() == squashed.tobytes()
    cropped = image.resize((32, 32), Image.Resampling.BILINEAR, box=(63, 12.5, 238, 187.5))
    assert Resize("crop", 32, 32)(image).tobytes() == cropped.tobytes()
    padded = Image.new("RGB", (32, 32), (128, 128, 128))
    padded.paste(image.resize((32, 21), Image.Resampling.BILINEAR), (0, 5))
    assert Resize("pad", 32, 32)(image).tobytes() == padded.tobytes()
    nearest = image.resize((48, 32), Image.Resampling.NEAREST)
    assert Resize("keras", 32, 48)(image).tobytes() == nearest.tobytes()


@pytest.mark.parametrize("rule", ["crop", "squash", "pad"])
@pytest.mark.parametrize("interpolation", ["nearest", "bicubic", "lanczos"])
def test_every_rule_uses_the_interpolation(rule, interpolation):
    image = photo(301, 200)
    pixels = Resize(rule, 32, 32, interpolation=interpolation)(image)
    assert not np.array_equal(pixels, Resize(rule, 32, 32)(image))


@pytest.mark.parametrize("rule", ["crop", "squash", "pad"])
def test_every_rule_can_do_without_antialiasing(rule):
    image = photo(301, 200)
    pixels = Resize(rule, 32, 32, antialias=False)(image)
    assert not np.array_equal(pixels, Resize(rule, 32, 32)(image))


def test_keras_is_nearest_neighbour_whatever_the_interpolation():
    image = photo(301, 200)
    other = Resize("keras", 32, 32, interpolation="lanczos", antialias=False)
    assert np.array_equal(other(image), Resize("keras", 32, 32)(image))


@given(
    rule=st.sampled_from(RULES),
    size=st.tuples(st.integers(1, 300), st.integers(1, 300)),
    to=st.tuples(st.integers(1, 80), st.integers(1, 80)),
)
def test_any_image_gets_the_size(rule, size, to):
    pixels = Resize(rule, *to)(Image.new("RGB", size, (9, 99, 199)))
    assert pixels.shape == (*to, 3)
    assert pixels.dtype == np.uint8
    assert pixels.flags.c_contiguous
    colours = {tuple(colour) for colour in pixels.reshape(-1, 3).tolist()}
    assert (9, 99, 199) in colours
    # Padding is grey, and there are no other colours.
    assert colours <= {(9, 99, 199), *([(128, 128, 128)] if rule == "pad" else [])}


@pytest.mark.parametrize("size", [(300, 200), (200, 300), (1, 5000), (5000, 1)])
def test_the_longest_images_pass_every_rule(size):
    for rule in RULES:
        assert Resize(rule, 24, 24)(scene(*size)).shape == (24, 24, 3)


@pytest.mark.parametrize("size", [(640, 480), (480, 640), (500, 333)])
def test_crop_equals_resizing_all_and_cropping(size):
    image = photo(*size)
    shorter = min(size)
    whole = image.resize(
        (round(size[0] * 256 / shorter), round(size[1] * 256 / shorter)), Image.Resampling.BILINEAR
    )
    left, top = (whole.width - 224) / 2, (whole.height - 224) / 2
    expected = np.asarray(whole.crop((int(left), int(top), int(left) + 224, int(top) + 224)), int)
    # The usual way rounds the position to whole pixels, so the results differ by half a pixel.
    assert np.abs(Resize("crop", 224, 224)(image) - expected).mean() < 2


def test_crop_of_another_shape_keeps_the_aspect():
    image = scene(400, 400)
    pixels = Resize("crop", 100, 200, crop_fraction=1.0)(image)
    expected = np.asarray(
        image.crop((0, 100, 400, 300)).resize((200, 100), Image.Resampling.BILINEAR)
    )
    assert np.array_equal(pixels, expected)


def test_crop_keeps_a_fraction_of_the_shorter_side():
    stripes = np.zeros((100, 100, 3), np.uint8)
    stripes[:, :15] = 255  # outside the middle half
    image = Image.fromarray(stripes)
    assert Resize("crop", 10, 10, crop_fraction=0.5)(image).max() == 0
    assert Resize("crop", 10, 10, crop_fraction=1.0)(image).max() == 255


def test_squash_shows_the_whole_image():
    pixels = Resize("squash", 10, 10)(scene(300, 20))
    assert np.array_equal(pixels[0, 0], scene().getpixel((0, 0)))
    assert np.array_equal(pixels[9, 9], scene().getpixel((63, 47)))


def test_shrinking_is_antialiased():
    checks = np.indices((512, 512)).sum(0) % 2 * 255
    image = Image.fromarray(checks.astype(np.uint8)).convert("RGB")
    for rule in ("crop", "squash", "pad"):
        pixels = Resize(rule, 16, 16)(image)
        assert pixels.min() >= 120
        assert pixels.max() <= 135


def test_pad_puts_the_whole_image_in_the_middle():
    pixels = Resize("pad", 20, 20)(Image.new("RGB", (40, 20), "white"))
    assert (pixels[:5] == 128).all()
    assert (pixels[5:15] == 255).all()
    assert (pixels[15:] == 128).all()


@pytest.mark.parametrize(
    ("resize", "expected"),
    [
        (Resize("crop", 224, 224), (512, 512)),
        (Resize("crop", 30, 60, crop_fraction=1.0), (60, 120)),
        (Resize("squash", 224, 192), (448, 384)),
        (Resize("pad", 100, 100), (200, 200)),
        (Resize("crop", 224, 224, interpolation="bicubic"), (512, 512)),
        # Single pixels decide: the decoder must keep them all.
        (Resize("keras", 224, 224), None),
        (Resize("crop", 224, 224, interpolation="nearest"), None),
        (Resize("crop", 224, 224, antialias=False), None),
    ],
)
def test_the_size_that_a_decoder_must_keep(resize, expected):
    assert resize.source_size == expected


@pytest.mark.parametrize("rule", ["crop", "squash", "pad"])
@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic", "lanczos"])
def test_reduced_decoding_hardly_changes_the_result(rule, interpolation):
    resize = Resize(rule, 32, 32, interpolation=interpolation)
    data = encoded(photo(900, 700), "JPEG", quality=90)
    reduced = decode(data, name="x", at_least=resize.source_size).image
    assert reduced.width < 900
    whole = decode(data, name="x").image
    assert np.abs(resize(reduced).astype(int) - resize(whole)).mean() < 3


def test_the_same_rule_for_another_size():
    resize = Resize("crop", 32, 48, 0.9, "bicubic", antialias=False)
    assert resize.to(20) == Resize("crop", 20, 20, 0.9, "bicubic", antialias=False)


def test_only_keras_takes_images_as_stored():
    assert [rule for rule in RULES if Resize(rule, 9, 9).as_stored] == ["keras"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("zoom", 9, 9), "crop, squash, pad, keras.*'zoom'"),
        (("auto", 9, 9), "crop, squash, pad, keras.*'auto'"),
        (("crop", 0, 9), "at least 1"),
        (("crop", 9, -1), "at least 1"),
        (("crop", 9, 9, 0.0), "crop_fraction"),
        (("crop", 9, 9, 1.1), "crop_fraction"),
        (("crop", 9, 9, 0.5, "area"), "nearest, bilinear, bicubic, lanczos.*'area'"),
    ],
)
def test_wrong_settings_are_errors(arguments, says):
    with pytest.raises(UsageError, match=says):
        Resize(*arguments)


def resized(image, size, interpolation="bilinear", *, antialias=True, box=None):
    to = Resize("squash", 1, 1, interpolation=interpolation, antialias=antialias)
    return resizing._resized(image, size, to, box)


def weight_matrix(kernel, length, start, end, count):
    """Return the weight of each of `length` pixels for each of `count` points."""
    matrix = np.zeros((count, length))
    for point in range(count):
        centre = start + (point + 0.5) * (end - start) / count
        matrix[point] = [kernel(abs(pixel + 0.5 - centre)) for pixel in range(length)]
    return matrix / matrix.sum(1, keepdims=True)


def test_every_interpolation_is_tested_and_known_to_backbones():
    assert get_args(Interpolation) == tuple(PILLOW)


@pytest.mark.parametrize("interpolation", PILLOW)
def test_with_antialiasing_it_is_what_pillow_does(interpolation):
    image = photo(90, 70)
    box = (3.5, 0.0, 81.25, 66.0)
    expected = image.resize((20, 30), PILLOW[interpolation], box=box)
    assert resized(image, (20, 30), interpolation, box=box).tobytes() == expected.tobytes()
    whole = image.resize((20, 30), PILLOW[interpolation])
    assert resized(image, (20, 30), interpolation).tobytes() == whole.tobytes()


@pytest.mark.parametrize("interpolation", KERNELS)
@pytest.mark.parametrize("size", [(13, 9), (31, 200), (150, 140)])
@pytest.mark.parametrize("box", [(0.0, 0.0, 90.0, 70.0), (3.5, 0.0, 81.25, 66.0)])
def test_without_antialiasing_the_kernel_does_not_widen(interpolation, size, box):
    image = photo(90, 70)
    kernel = KERNELS[interpolation]
    across = weight_matrix(kernel, 90, box[0], box[2], size[0])
    down = weight_matrix(kernel, 70, box[1], box[3], size[1])
    pixels = np.asarray(image, float)
    expected = np.einsum("yh,xw,hwc->yxc", down, across, pixels, optimize=True)
    pixels = resized(image, size, interpolation, antialias=False, box=box)
    assert pixels.size == size
    assert np.abs(np.asarray(pixels) - expected.clip(0, 255)).max() < 0.51


@pytest.mark.parametrize("interpolation", KERNELS)
def test_without_antialiasing_fine_patterns_stay(interpolation):
    checks = np.indices((510, 510)).sum(0) % 2 * 255
    image = Image.fromarray(checks.astype(np.uint8)).convert("RGB")
    # Every 51st pixel, which is white and black in turn.
    sampled = np.asarray(resized(image, (10, 10), interpolation, antialias=False))
    assert (sampled.min(), sampled.max()) == (0, 255)
    smooth = np.asarray(resized(image, (10, 10), interpolation))
    assert smooth.min() >= 120
    assert smooth.max() <= 135


@given(
    interpolation=st.sampled_from(sorted(PILLOW)),
    size=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    factor=st.floats(1, 5),
)
def test_enlarging_needs_no_antialiasing(interpolation, size, factor):
    # Pillow rounds and clips between its two passes: values in the middle are not clipped.
    image = Image.fromarray(np.random.default_rng(0).integers(90, 166, (*size, 3), np.uint8))
    larger = math.ceil(image.width * factor), math.ceil(image.height * factor)
    with_filter = np.asarray(resized(image, larger, interpolation), int)
    without = np.asarray(resized(image, larger, interpolation, antialias=False), int)
    assert np.abs(with_filter - without).max() <= 2


KERAS = """
import json, sys, keras
from pathlib import Path
for path in json.loads(sys.argv[1]):
    image = keras.utils.load_img(path, target_size=(61, 47))
    Path(path + ".rgb").write_bytes(image.tobytes())
"""


@pytest.mark.slow
def test_keras_pixels_equal_those_of_keras(tmp_path):
    from tests.images.odd_images import ODD

    paths = []
    for name, odd in ODD.items():
        path = tmp_path / f"{name}{odd.suffix}"
        path.write_bytes(odd.make())
        paths.append(path)
    subprocess.run(
        [sys.executable, "-W", "ignore", "-c", KERAS, json.dumps([str(path) for path in paths])],
        check=True,
        env={**os.environ, "KERAS_BACKEND": "openvino"},
    )
    resize = Resize("keras", 61, 47)
    for path in paths:
        image = decode(path.read_bytes(), name=path.name, as_stored=resize.as_stored).image
        assert resize(image).tobytes() == path.with_name(path.name + ".rgb").read_bytes(), path.name


@pytest.mark.parametrize("size", [(29, 29), (29, 34), (34, 29), (640, 480)])
def test_a_crop_of_the_whole_shorter_side_stays_inside(size):
    image = Image.new("RGB", size, (9, 8, 7))  # 29 / 224 * 224 is a little more than 29
    pixels = Resize("crop", 224, 224, crop_fraction=1.0)(image)
    assert pixels.shape == (224, 224, 3)
    assert (pixels == (9, 8, 7)).all()


@pytest.mark.parametrize("rule", ["crop", "squash", "pad", "keras"])
@pytest.mark.parametrize("size", [(120, 80), (80, 120), (7, 300)])
def test_the_view_says_where_the_result_comes_from(rule, size):
    to = Resize(rule, 40, 60, crop_fraction=0.8)
    left, top, right, bottom = to.view(*size)
    # A ramp across the image tells of each pixel of the result where it was.
    ramp = np.linspace(0, 255, size[0]).astype(np.uint8)
    image = Image.fromarray(np.tile(ramp[None, :, None], (size[1], 1, 3)))
    found = to(image)[20, :, 0].astype(float)
    at = left + (np.arange(60) + 0.5) / 60 * (right - left)
    inside = (at > 1) & (at < size[0] - 1)
    expected = np.interp(at, np.arange(size[0]) + 0.5, ramp)
    assert np.abs(found - expected)[inside].max() < 256 / min(size[0], 60) + 2
    assert inside.any()
    beyond = np.array([-left, -top, right - size[0], bottom - size[1]])
    assert {"crop": beyond <= 0, "pad": beyond >= 0}.get(rule, beyond == 0).all()
