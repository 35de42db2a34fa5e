"""Golden images: images in the model whose probabilities are known. They check each machine.

They are drawn by a formula: nobody's images leave with a model. They are small, not square, and go
through the resize rule of the model.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from headstart.prediction.predictor import Predictor
from headstart.prediction.scoring import Arrays

_HEIGHT, _WIDTH = 96, 128
# Rounding differs between processors, in float32 by far less than this.
_EXACT = 2e-3
# In 8 bits a difference of rounding may become one of a whole step. Without instructions for 8
# bits, MobileNetV2 gave probabilities that were off by up to 0.04.
_OF_8_BITS = 0.15
# Each takes time whenever the model is loaded.
_MOST_IMAGES = 16


def golden_arrays(predictor: Predictor) -> Arrays:
    """Draw the images, and take the probabilities that `predictor` gives on this machine.

    Returns
    -------
    dict
        "images": uint8, shape (n, height, width, 3), RGB. "probabilities": float32, shape (n, k),
        as expected. "tolerance": how far a probability may be off; for bfloat16 more, by its
        difference from float32, and for 8 bits most.
    """
    images = np.stack([_slopes(), _clouds(), _shapes()])
    found = predictor.predict_proba(list(images))
    tolerance = _EXACT
    if predictor.precision == "int8":
        tolerance = _OF_8_BITS
    elif predictor.precision == "bf16":
        exact = replace(predictor, extractor=predictor.extractor.computed_in("f32"))
        change = np.abs(found - exact.predict_proba(list(images))).max()
        tolerance += 0.02 + 2 * float(change)
    return {"images": images, "probabilities": found, "tolerance": np.array(tolerance)}


def golden_error(golden: Arrays, predictor: Predictor) -> tuple[float, float]:
    """Return how far the worst probability of `predictor` is off, and how far it may be.

    The first is infinite for probabilities of another shape.

    Raises
    ------
    KeyError, ValueError
        If `golden_arrays` did not return `golden`.
    """
    images, expected = golden["images"], golden["probabilities"]
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[3] != 3:
        raise ValueError(f"golden images must be uint8 RGB. Received: {images.shape}")
    tolerance = float(golden["tolerance"].item())
    if len(images) > _MOST_IMAGES or not 0 <= tolerance < 1:
        raise ValueError(f"{len(images)} golden images, and {tolerance} for rounding")
    found = predictor.predict_proba(list(images))
    if found.shape != expected.shape or not np.isfinite(found).all():
        return float("inf"), tolerance
    return float(np.abs(found - expected).max()), tolerance


def _slopes() -> NDArray[np.uint8]:
    """Draw colours that change evenly across the image."""
    down, across = np.mgrid[0:_HEIGHT, 0:_WIDTH]
    red, green = 255 * down // (_HEIGHT - 1), 255 * across // (_WIDTH - 1)
    return np.stack([red, green, 255 - (red + green) // 2], axis=2).astype(np.uint8)


def _clouds() -> NDArray[np.uint8]:
    """Draw noise with the spectrum of natural images: each octave is half as strong as the last."""
    random = np.random.default_rng(0)
    sky = np.zeros((_HEIGHT, _WIDTH, 3))
    for octave in range(5):
        grain = random.standard_normal((3 * 2**octave, 4 * 2**octave, 3)) / 2**octave
        sky += np.kron(grain, np.ones((32 // 2**octave, 32 // 2**octave, 1)))
    return np.clip(128 + 48 * sky, 0, 255).astype(np.uint8)


def _shapes() -> NDArray[np.uint8]:
    """Draw a disc and stripes on a checked ground."""
    down, across = np.mgrid[0:_HEIGHT, 0:_WIDTH]
    checked = (down // 16 + across // 16) % 2 == 0
    image = np.where(checked[:, :, None], [70, 110, 60], [190, 200, 170])
    image[np.hypot(down - 40, across - 44) < 28] = [200, 40, 30]
    image[(down > 60) & (across > 72) & (across % 8 < 4)] = [30, 50, 160]
    return image.astype(np.uint8)
