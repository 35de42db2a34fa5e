"""Random views of pictures: what a network should take for the same thing."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from headstart.errors import UsageError

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]

# ITU-R BT.601: how bright red, green and blue look.
_BRIGHTNESS = np.array([0.299, 0.587, 0.114], np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Augmentation:
    """A random piece of the picture, perhaps mirrored, in slightly other colours.

    Parameters
    ----------
    crop : tuple of float
        The least and the most of the picture's area that is kept, 0 to 1.
    aspect : float
        The piece is up to so many times as wide as high, or as high as wide, relative to the
        picture; 1 or more.
    flip : float
        How often it is mirrored, 0 to 1.
    colour : float
        Brightness, contrast and saturation are multiplied by up to ``1 + colour`` or as little as
        ``1 - colour``; 0 to 1.

    Raises
    ------
    UsageError
        If a value is out of its range.

    References
    ----------
    Szegedy et al. 2014, arXiv:1409.4842, section 6 (random resized crop); Howard 2013,
    arXiv:1312.5402 (colour).
    """

    crop: tuple[float, float] = (0.35, 1.0)
    aspect: float = 4 / 3
    flip: float = 0.5
    colour: float = 0.2

    def __post_init__(self) -> None:
        """Refuse what makes no picture."""
        least, most = self.crop
        if not (0 < least <= most <= 1 and self.aspect >= 1):
            raise UsageError(
                "A crop must keep between 0 and 1 of the area, least first, and its aspect be at "
                f"least 1. Received: {self.crop} and {self.aspect}."
            )
        if not (0 <= self.flip <= 1 and 0 <= self.colour <= 1):
            raise UsageError(
                f"flip and colour must be between 0 and 1. Received: {self.flip} and {self.colour}."
            )

    def __call__(self, pixels: Pixels, size: int, random: Generator) -> Pixels:
        """Return a view of `pixels`.

        Parameters
        ----------
        pixels : ndarray of uint8, shape (height, width, 3)
            RGB.
        size : int
            Height and width of the view, in pixels.
        random : numpy.random.Generator

        Returns
        -------
        ndarray of uint8, shape (size, size, 3)
        """
        height, width = pixels.shape[:2]
        box = self._piece(height, width, random)
        view = np.asarray(
            Image.fromarray(pixels).resize((size, size), Image.Resampling.BILINEAR, box=box)
        )
        if random.random() < self.flip:
            view = view[:, ::-1]
        return self._recoloured(view, random) if self.colour else view

    def _piece(
        self, height: int, width: int, random: Generator
    ) -> tuple[float, float, float, float]:
        """Return left, top, right and bottom of the piece that is kept."""
        area = random.uniform(*self.crop)
        stretch = math.exp(random.uniform(-1, 1) * math.log(self.aspect))
        kept_width = width * min(1.0, math.sqrt(area * stretch))
        kept_height = height * min(1.0, math.sqrt(area / stretch))
        left = random.uniform(0, width - kept_width)
        top = random.uniform(0, height - kept_height)
        return left, top, left + kept_width, top + kept_height

    def _recoloured(self, view: Pixels, random: Generator) -> Pixels:
        brightness, contrast, saturation = random.uniform(1 - self.colour, 1 + self.colour, 3)
        bright = view.astype(np.float32) * np.float32(brightness)
        grey = (bright @ _BRIGHTNESS)[..., np.newaxis]
        coloured = grey + (bright - grey) * np.float32(saturation)
        mean = grey.mean()
        return np.clip(mean + (coloured - mean) * np.float32(contrast), 0, 255).astype(np.uint8)


def mixup(
    images: NDArray[np.float32], targets: list[NDArray[np.float32]], alpha: float, random: Generator
) -> tuple[NDArray[np.float32], list[NDArray[np.float32]]]:
    """Blend every image of a batch with another one, and what is known of them likewise.

    Parameters
    ----------
    images : ndarray of float32, shape (n, height, width, 3)
    targets : list of ndarray of float32, each of shape (n, anything)
    alpha : float
        The blend is drawn from a Beta distribution with this value twice; 0 leaves all as it is.
    random : numpy.random.Generator

    References
    ----------
    Zhang et al. 2017, arXiv:1710.09412.
    """
    if alpha == 0:
        return images, targets
    share = np.float32(random.beta(alpha, alpha))
    return _blend(images, share), [_blend(target, share) for target in targets]


def _blend(rows: NDArray[np.float32], share: np.float32) -> NDArray[np.float32]:
    blended: NDArray[np.float32] = share * rows + (1 - share) * rows[::-1]
    return blended
