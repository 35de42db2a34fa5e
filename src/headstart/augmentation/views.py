"""The pixels of a view: a piece is cut out of a picture, turned, recoloured."""

from __future__ import annotations

import math
import threading
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from headstart.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.random import Generator
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]
    Floats = NDArray[np.float32]
    Box = tuple[float, float, float, float]

# ITU-R BT.601: how bright red, green and blue look.
_BRIGHTNESS = np.array([0.299, 0.587, 0.114], np.float32)
# A Keras layer holds its random state: one thread at a time may set and use it.
_LAYERS = threading.Lock()


def cut_out(pixels: Pixels, box: Box, size: int) -> Pixels:
    """Return what lies in `box` (left, top, right, bottom), as a square of `size` pixels.

    It is `pixels` itself where there is nothing to do.
    """
    height, width = pixels.shape[:2]
    if height == width == size and box == (0.0, 0.0, float(size), float(size)):
        return pixels
    return _resized(pixels, box, size, size)


def cut_out_turned(pixels: Pixels, box: Box, size: int, degrees: float) -> Pixels:
    """Return what lies in `box`, turned about its middle, as a square of `size` pixels.

    Its corners then show what lies outside of the box: the picture where it goes on, its mirror
    image where it ends.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (height, width, 3)
    box : tuple of float
        Left, top, right, bottom.
    size : int
    degrees : float
        Counter-clockwise, of the view: a picture that is squashed to a square is turned as one.
    """
    height, width = pixels.shape[:2]
    left, top, right, bottom = box
    # Pixels of the picture to a pixel of the view.
    across, down = (right - left) / size, (bottom - top) / size
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    # How far the turned square reaches beyond the upright one, and a pixel to interpolate with.
    margin = math.ceil(size * (abs(cos) + abs(sin) - 1) / 2) + 1
    before, above, behind, below = (
        min(margin, int(room))
        for room in (left / across, top / down, (width - right) / across, (height - bottom) / down)
    )
    wider = (
        max(0.0, left - before * across),
        max(0.0, top - above * down),
        min(float(width), right + behind * across),
        min(float(height), bottom + below * down),
    )
    wide = _resized(pixels, wider, size + before + behind, size + above + below)
    mirrored = np.pad(
        wide,
        ((margin - above, margin - below), (margin - before, margin - behind), (0, 0)),
        "symmetric",
    )
    # Pillow wants to know from where each pixel of the view is taken.
    middle, centre = size / 2, size / 2 + margin
    taken_from = (
        *(cos, -sin, centre - (cos - sin) * middle),
        *(sin, cos, centre - (sin + cos) * middle),
    )
    return np.asarray(
        Image.fromarray(mirrored).transform(
            (size, size), Image.Transform.AFFINE, taken_from, Image.Resampling.BILINEAR
        )
    )


def _resized(pixels: Pixels, box: Box, width: int, height: int) -> Pixels:
    return np.asarray(
        Image.fromarray(pixels).resize((width, height), Image.Resampling.BILINEAR, box=box)
    )


def recoloured(view: Pixels, brightness: float, contrast: float, saturation: float) -> Pixels:
    """Return a view whose brightness, contrast and saturation are multiplied."""
    bright = view.astype(np.float32) * np.float32(brightness)
    grey = (bright @ _BRIGHTNESS)[..., np.newaxis]
    coloured = grey + (bright - grey) * np.float32(saturation)
    mean = grey.mean()
    return np.clip(mean + (coloured - mean) * np.float32(contrast), 0, 255).astype(np.uint8)


def is_keras_layer(layer: Callable[..., Any]) -> bool:
    """Tell whether it is a layer or model of Keras, without importing Keras."""
    return hasattr(layer, "get_config")


def through_layers(
    layers: Sequence[Callable[..., Any]], images: Floats, random: Generator
) -> Floats:
    """Return a batch of images as the layers, one after the other, change it.

    Parameters
    ----------
    layers : sequence of callable
        Keras layers are called in training mode, and draw what follows from `random`; other
        callables are given the images and nothing else.
    images : ndarray of float32, shape (n, height, width, 3)
        0 to 255.
    random : numpy.random.Generator

    Returns
    -------
    ndarray of float32, shape (n, height, width, 3)
        What a layer makes darker than 0 or brighter than 255 is 0 or 255.

    Raises
    ------
    UsageError
        If a layer changes the shape.
    """
    with _LAYERS:
        for layer in layers:
            changed = _through(layer, images, random)
            if changed.shape != images.shape:
                raise UsageError(
                    "A layer of an augmentation must keep the shape of the images, "
                    f"{images.shape}. Received from {layer!r}: {changed.shape}. Resize, crop and "
                    "rescale with the augmentation's own settings or inside the network."
                )
            images = np.clip(changed, 0, 255)
    return images


def _through(layer: Callable[..., Any], images: Floats, random: Generator) -> Floats:
    if not is_keras_layer(layer):
        return np.asarray(layer(images), np.float32)
    import keras

    _seed(layer, random)
    return np.asarray(keras.ops.convert_to_numpy(layer(images, training=True)), np.float32)


def _seed(layer: Any, random: Generator) -> None:  # noqa: ANN401 - Keras has no types
    """Let what a Keras layer draws next follow from `random`, whatever it has drawn before."""
    for variable in layer.variables:
        if variable.name == "seed_generator_state":
            # Below 2**31: on PyTorch the state is signed.
            variable.assign(random.integers(0, 2**31, variable.shape))
