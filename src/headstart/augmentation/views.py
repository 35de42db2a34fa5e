"""Crop, rotate and recolour the pixels of an image."""

import math
import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image

from headstart.errors import UsageError

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]
# Left, top, right, bottom.
Box = tuple[float, float, float, float]

# ITU-R BT.601: the brightness of red, green and blue.
_BRIGHTNESS = np.array([0.299, 0.587, 0.114], np.float32)
# A Keras layer holds its random state, so only one thread at a time may set and use it.
_LAYERS = threading.Lock()


def crop(pixels: Pixels, box: Box, size: int) -> Pixels:
    """Return the part in `box` (left, top, right, bottom), resized to a square of `size` pixels.

    If the box is the whole image and has that size already, `pixels` itself is returned.
    """
    height, width = pixels.shape[:2]
    if height == width == size and box == (0.0, 0.0, float(size), float(size)):
        return pixels
    return _resized(pixels, box, size, size)


def rotated_crop(pixels: Pixels, box: Box, size: int, degrees: float) -> Pixels:
    """Return the part in `box`, rotated about its centre, as a square of `size` pixels.

    The corners show pixels outside the box: those of the image, or of its mirror image beyond its
    edges.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (height, width, 3)
        RGB.
    box : tuple of float
        Left, top, right, bottom.
    size : int
        Height and width of the result, in pixels.
    degrees : float
        Counter-clockwise angle. The part is resized to a square before it is rotated.

    Returns
    -------
    ndarray of uint8, shape (size, size, 3)
        RGB.
    """
    height, width = pixels.shape[:2]
    left, top, right, bottom = box
    # Pixels of the image for each pixel of the view.
    across, down = (right - left) / size, (bottom - top) / size
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    # How far the rotated square reaches beyond the upright one, plus a pixel for interpolation.
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
    rows, columns = (margin - above, margin - below), (margin - before, margin - behind)
    mirrored = np.pad(wide, (rows, columns, (0, 0)), "symmetric")
    # The affine map from each pixel of the view to its source.
    middle, centre = size / 2, size / 2 + margin
    affine = (
        *(cos, -sin, centre - (cos - sin) * middle),
        *(sin, cos, centre - (sin + cos) * middle),
    )
    rotated = Image.fromarray(mirrored).transform(
        (size, size), Image.Transform.AFFINE, affine, Image.Resampling.BILINEAR
    )
    return np.asarray(rotated)


def _resized(pixels: Pixels, box: Box, width: int, height: int) -> Pixels:
    resized = Image.fromarray(pixels).resize((width, height), Image.Resampling.BILINEAR, box=box)
    return np.asarray(resized)


def recolour(view: Pixels, brightness: float, contrast: float, saturation: float) -> Pixels:
    """Return the view with brightness, contrast and saturation multiplied by these factors."""
    bright = view.astype(np.float32) * np.float32(brightness)
    grey = (bright @ _BRIGHTNESS)[..., np.newaxis]
    coloured = grey + (bright - grey) * np.float32(saturation)
    mean = grey.mean()
    return np.clip(mean + (coloured - mean) * np.float32(contrast), 0, 255).astype(np.uint8)


def is_keras_layer(layer: Callable[..., Any]) -> bool:
    """Tell whether `layer` is a layer or model of Keras, without importing Keras."""
    return hasattr(layer, "get_config")


def apply_layers(layers: Sequence[Callable[..., Any]], images: Floats, random: Generator) -> Floats:
    """Apply layers to a batch of images, one after the other.

    Parameters
    ----------
    layers : sequence of callable
        Keras layers are called in training mode, seeded from `random`. Other callables receive only
        the images.
    images : ndarray of float32, shape (n, height, width, 3)
        RGB, 0 to 255.
    random : numpy.random.Generator

    Returns
    -------
    ndarray of float32, shape (n, height, width, 3)
        The result of each layer is clipped to 0 to 255.

    Raises
    ------
    UsageError
        A layer changes the shape.
    """
    with _LAYERS:
        for layer in layers:
            changed = _apply(layer, images, random)
            if changed.shape != images.shape:
                raise UsageError(
                    "layers must keep the shape of the images, "
                    f"{images.shape}. Received from {layer!r}: {changed.shape}. Resize, crop and "
                    "rescale with the other settings of the augmentation or inside the network."
                )
            images = np.clip(changed, 0, 255)
    return images


def _apply(layer: Callable[..., Any], images: Floats, random: Generator) -> Floats:
    if not is_keras_layer(layer):
        return np.asarray(layer(images), np.float32)
    import keras

    _seed(layer, random)
    return np.asarray(keras.ops.convert_to_numpy(layer(images, training=True)), np.float32)


def _seed(layer: Any, random: Generator) -> None:
    """Seed a Keras layer from `random`."""
    for variable in layer.variables:
        if variable.name == "seed_generator_state":
            # Below 2**31, because the state is signed on PyTorch.
            variable.assign(random.integers(0, 2**31, variable.shape))
