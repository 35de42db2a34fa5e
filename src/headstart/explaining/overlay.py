"""Draw a heat map over its image."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from headstart.errors import UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

# From dark violet over red to bright yellow: brighter is more, also for colour-blind people and on
# grey paper (after "inferno" by Smith and van der Walt, CC0).
_RAMP = np.array(
    [(66, 10, 104), (147, 38, 103), (221, 81, 58), (252, 165, 10), (252, 255, 164)], np.float32
)
# 256 colours from its first to its last.
_COLOURS = np.stack(
    [np.interp(np.linspace(0, len(_RAMP) - 1, 256), range(len(_RAMP)), each) for each in _RAMP.T], 1
).astype(np.float32)
# How much of the colour covers the image where the heat is greatest.
_OPAQUE = 0.8
# How far the parts that the network does not see fade to white.
_FADED = 0.7
_GREY = np.array([0.299, 0.587, 0.114], np.float32)


def overlay(image: Image.Image, heat: NDArray[np.float32]) -> Image.Image:
    """Return an image in grey with its heat map in colours.

    Parameters
    ----------
    image : PIL.Image.Image
        The whole image; of any size in the proportions of `heat`.
    heat : ndarray of float32, shape (height, width)
        As `heat_map` returns it. The greatest value is bright yellow. Negative values, which speak
        against the class, show the grey image alone, as values of 0 do. NaN fades the image.

    Returns
    -------
    PIL.Image.Image
        RGB, as large as `heat`.

    Raises
    ------
    UsageError
        If the heat map is no array (height, width).
    """
    if heat.ndim != 2 or not heat.size:
        raise UsageError(
            "A heat map must be an array (height, width). Received: an array of shape "
            f"{heat.shape}. heat_map makes one."
        )
    size = heat.shape[::-1]
    shown = image.convert("RGB")
    shown = shown if shown.size == size else shown.resize(size)
    grey = np.asarray(shown, np.float32) @ _GREY
    seen = np.isfinite(heat)
    warmth = np.where(seen, heat, 0).clip(0)
    warmth /= max(float(warmth.max()), np.finfo(np.float32).tiny)
    opaque = (_OPAQUE * warmth)[:, :, None]
    pixels = (1 - opaque) * grey[:, :, None] + opaque * _coloured(warmth)
    pixels[~seen] += _FADED * (255 - pixels[~seen])
    return Image.fromarray(pixels.round().astype(np.uint8))


def _coloured(warmth: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the colours (height, width, 3) of values from 0 to 1."""
    return _COLOURS[(warmth * (len(_COLOURS) - 1)).astype(np.uint8)]
