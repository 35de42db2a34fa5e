import math
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from tests.data.odd_images import photo

from headstart.backbones import preprocessing
from headstart.data.interpolation import Interpolation, resized

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


def weight_matrix(kernel, length, start, end, count):
    """Return the weight of each of `length` pixels for each of `count` points."""
    matrix = np.zeros((count, length))
    for point in range(count):
        centre = start + (point + 0.5) * (end - start) / count
        matrix[point] = [kernel(abs(pixel + 0.5 - centre)) for pixel in range(length)]
    return matrix / matrix.sum(1, keepdims=True)


def test_every_interpolation_is_tested_and_known_to_backbones():
    assert get_args(Interpolation) == tuple(PILLOW) == get_args(preprocessing.Interpolation)


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
    expected = np.einsum("yh,xw,hwc->yxc", down, across, np.asarray(image, float))
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
