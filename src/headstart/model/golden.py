"""Golden images: pictures in the model whose answer is known, so that a machine can prove itself.

They are drawn by a formula: nobody's photos leave with a model. They are small, not square, and go
through the model's own resize rule.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from PIL import Image

from headstart.features.engine import compile_network

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from headstart.backbones.network import Network
    from headstart.data.resizing import Resize
    from headstart.features.engine import Precision
    from headstart.prediction.scoring import Scorer

_HEIGHT, _WIDTH = 96, 128
# Rounding differs from processor to processor, in float32 by far less than this.
_EXACT = 2e-3


@dataclass(frozen=True, slots=True, eq=False)
class Golden:
    """Pictures and what the model makes of them.

    Attributes
    ----------
    images : ndarray of uint8, shape (n, height, width, 3)
        RGB.
    probabilities : ndarray of float32, shape (n, k)
        Expected.
    tolerance : float
        How far a probability may be off; wider for bfloat16, by what float32 makes of the pictures.
    """

    images: NDArray[np.uint8]
    probabilities: NDArray[Any]
    tolerance: float

    @classmethod
    def of(cls, network: Network, resize: Resize, precision: Precision, scorer: Scorer) -> Self:
        """Draw the pictures, and note what the model makes of them on this machine."""
        images = np.stack([_slopes(), _clouds(), _shapes()])
        found = answers(images, network, resize, precision, scorer)
        if precision == "f32":
            return cls(images, found, _EXACT)
        exact = answers(images, network, resize, "f32", scorer)
        return cls(images, found, _EXACT + 0.02 + 2 * float(np.abs(found - exact).max()))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what `from_arrays` makes the same from."""
        return {
            "images": self.images,
            "probabilities": self.probabilities,
            "tolerance": np.array(self.tolerance),
        }

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]]) -> Self:
        """Make it from what `arrays` returned.

        Raises
        ------
        KeyError, ValueError
            If that is something else.
        """
        images = arrays["images"]
        if images.dtype != np.uint8 or images.ndim != 4 or images.shape[3] != 3:
            raise ValueError(f"golden images must be uint8 RGB. Received: {images.shape}")
        return cls(images, arrays["probabilities"], float(arrays["tolerance"].item()))

    def error(self, found: NDArray[Any]) -> float:
        """Return by how much the worst probability is off; infinite if the shapes differ."""
        if found.shape != self.probabilities.shape or not np.isfinite(found).all():
            return float("inf")
        return float(np.abs(found - self.probabilities).max())


def answers(
    images: NDArray[np.uint8],
    network: Network,
    resize: Resize,
    precision: Precision,
    scorer: Scorer,
) -> NDArray[Any]:
    """Return the probabilities (n, k) of pictures (n, height, width, 3) of any size."""
    engine = compile_network(network, precision=precision, outputs=("features",), device="openvino")
    pixels = np.stack([resize(Image.fromarray(image)) for image in images])
    return scorer.probabilities(engine.infer(pixels)["features"])


def _slopes() -> NDArray[np.uint8]:
    """Draw colours that change evenly."""
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
