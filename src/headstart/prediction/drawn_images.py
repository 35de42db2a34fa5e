"""Images that are drawn by a formula, to see whether a network computes what it should.

They are small and not square, and belong to nobody.
"""

import numpy as np
from numpy.typing import NDArray

#: How far a probability of these may be off with 8 bits, where a difference of rounding may become
#: one of a whole step. On a processor without instructions for 8 bits, MobileNetV2 gave
#: probabilities that were off by up to 0.04.
OFF_WITH_8_BITS = 0.15

_HEIGHT, _WIDTH = 96, 128


def drawn_images() -> NDArray[np.uint8]:
    """Draw the images: RGB, shape (n, height, width, 3)."""
    return np.stack([_slopes(), _clouds(), _shapes()])


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
