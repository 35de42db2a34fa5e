"""Golden images: images in the model whose probabilities are known, to check every machine by.

They are drawn by a formula: nobody's photos leave with a model. They are small, not square, and go
through the resize rule of the model.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from headstart.prediction.predictor import Predictor

_HEIGHT, _WIDTH = 96, 128
# Rounding differs between processors, in float32 by far less than this.
_EXACT = 2e-3


@dataclass(frozen=True, slots=True, eq=False)
class Golden:
    """Images and the probabilities that the model gives for them.

    Attributes
    ----------
    images : ndarray of uint8, shape (n, height, width, 3)
        RGB.
    probabilities : ndarray of float32, shape (n, k)
        Expected.
    tolerance : float
        How far a probability may be off: for bfloat16 more, by its difference from float32.
    """

    images: NDArray[np.uint8]
    probabilities: NDArray[Any]
    tolerance: float

    @classmethod
    def of(cls, predictor: Predictor) -> Self:
        """Draw the images, and take the probabilities that `predictor` gives on this machine."""
        images = np.stack([_slopes(), _clouds(), _shapes()])
        found = predictor.predict_proba(list(images))
        if predictor.precision == "f32":
            return cls(images, found, _EXACT)
        exact = replace(predictor, extractor=predictor.extractor.computed_in("f32"))
        change = np.abs(found - exact.predict_proba(list(images))).max()
        return cls(images, found, _EXACT + 0.02 + 2 * float(change))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what `from_arrays` takes."""
        return {
            "images": self.images,
            "probabilities": self.probabilities,
            "tolerance": np.array(self.tolerance),
        }

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]]) -> Self:
        """Return what `arrays` was called on.

        Raises
        ------
        KeyError, ValueError
            If `arrays` did not return that.
        """
        images = arrays["images"]
        if images.dtype != np.uint8 or images.ndim != 4 or images.shape[3] != 3:
            raise ValueError(f"golden images must be uint8 RGB. Received: {images.shape}")
        return cls(images, arrays["probabilities"], float(arrays["tolerance"].item()))

    def error(self, found: NDArray[Any]) -> float:
        """Return how far the worst of the probabilities is off; infinite for another shape."""
        if found.shape != self.probabilities.shape or not np.isfinite(found).all():
            return float("inf")
        return float(np.abs(found - self.probabilities).max())


def _slopes() -> NDArray[np.uint8]:
    """Draw colours that change evenly across the image."""
    down, across = np.mgrid[0:_HEIGHT, 0:_WIDTH]
    red, green = 255 * down // (_HEIGHT - 1), 255 * across // (_WIDTH - 1)
    return np.stack([red, green, 255 - (red + green) // 2], axis=2).astype(np.uint8)


def _clouds() -> NDArray[np.uint8]:
    """Draw noise with the spectrum of photos: each octave half as strong as the one before."""
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
