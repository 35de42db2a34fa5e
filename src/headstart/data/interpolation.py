"""Resize an image by nearest, bilinear, bicubic or Lanczos interpolation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Callable

    Weights = np.ndarray
    Box = tuple[float, float, float, float]

Interpolation = Literal["nearest", "bilinear", "bicubic", "lanczos"]

_PILLOW = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}


def resized(
    image: Image.Image,
    size: tuple[int, int],
    interpolation: Interpolation = "bilinear",
    *,
    antialias: bool = True,
    box: Box | None = None,
) -> Image.Image:
    """Resize the whole image, or the part in `box`.

    Parameters
    ----------
    image : PIL.Image.Image
        Mode RGB.
    size : tuple of int
        Width and height of the result, in pixels.
    interpolation : {"nearest", "bilinear", "bicubic", "lanczos"}
        The kernels are Pillow's: Keys's cubic with a = -0.5, and Lanczos with 3 lobes.
    antialias : bool
        Whether the kernel widens when the image shrinks, so that every pixel counts. Without it, a
        pixel of the result is interpolated from the nearest 4, 16 or 36 pixels, as
        ``tf.image.resize`` does by default.
    box : tuple of float, optional
        Left, top, right and bottom, in pixels of `image`.

    Returns
    -------
    PIL.Image.Image
        Mode RGB.
    """
    # The nearest pixel is one pixel, with antialiasing or without.
    if antialias or interpolation == "nearest":
        return image.resize(size, _PILLOW[interpolation], box=box)
    return _interpolated(image, size, interpolation, box or (0, 0, image.width, image.height))


def _interpolated(
    image: Image.Image, size: tuple[int, int], interpolation: Interpolation, box: Box
) -> Image.Image:
    left, top, right, bottom = box
    columns, across = _taps(image.width, left, right, size[0], interpolation)
    rows, down = _taps(image.height, top, bottom, size[1], interpolation)
    # Rows first: of a large image most are not needed.
    pixels = np.asarray(image)[rows.ravel()].reshape(*rows.shape, image.width, 3)
    lines = np.einsum("htwc,ht->hwc", pixels, down, optimize=True)
    values = np.einsum("hwtc,wt->hwc", lines[:, columns], across, optimize=True)
    return Image.fromarray(np.rint(values).clip(0, 255).astype(np.uint8))


def _taps(
    length: int, start: float, end: float, count: int, interpolation: Interpolation
) -> tuple[np.ndarray, Weights]:
    """Return which pixels each of `count` points is interpolated from, and their weights.

    Both arrays have the shape (count, taps). Pixels outside the image have no weight.
    """
    kernel, reach = _KERNELS[interpolation]
    centres = start + (np.arange(count) + 0.5) * (end - start) / count - 0.5
    taps = np.floor(centres)[:, np.newaxis] + np.arange(1 - reach, 1 + reach)
    weights = kernel(np.abs(taps - centres[:, np.newaxis]))
    weights[(taps < 0) | (taps >= length)] = 0
    weights /= weights.sum(1, keepdims=True)
    return taps.clip(0, length - 1).astype(np.intp), weights.astype(np.float32)


def _linear(distance: np.ndarray) -> np.ndarray:
    return (1 - distance).clip(0)


def _cubic(distance: np.ndarray) -> np.ndarray:
    near = (1.5 * distance - 2.5) * distance**2 + 1
    far = ((-0.5 * distance + 2.5) * distance - 4) * distance + 2
    return np.where(distance < 1, near, np.where(distance < 2, far, 0))


def _lanczos(distance: np.ndarray) -> np.ndarray:
    return np.where(distance < 3, np.sinc(distance) * np.sinc(distance / 3), 0)


# The kernel, and how many pixels it reaches to either side.
_KERNELS: dict[Interpolation, tuple[Callable[[np.ndarray], np.ndarray], int]] = {
    "bilinear": (_linear, 1),
    "bicubic": (_cubic, 2),
    "lanczos": (_lanczos, 3),
}
