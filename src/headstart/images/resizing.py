"""Resize an image of any size to the size that a network takes."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from PIL import Image

from headstart.arguments import check
from headstart.errors import UsageError
from headstart.images.resize_rules import Interpolation, Rule

# Left, top, right, bottom.
Box = tuple[float, float, float, float]

NEUTRAL_GREY = (128, 128, 128)


@dataclass(frozen=True, slots=True)
class Resize:
    """A rule that makes every image `height` by `width`.

    Parameters
    ----------
    rule : {"crop", "squash", "pad", "keras"}
        "crop" keeps the largest centred part of the right shape, less a border. "squash" stretches
        the whole image. "pad" keeps the shape of the image and adds grey. "keras" squashes by
        nearest neighbour, as ``keras.utils.load_img(target_size=...)`` does, whatever
        `interpolation` says.
    height, width : int
        Size of the result, in pixels.
    crop_fraction : float
        For "crop": how much of the shorter side is kept; 0.875 is 224 of 256, the usual way to
        measure networks on ImageNet.
    interpolation : {"nearest", "bilinear", "bicubic", "lanczos"}
        How pixels are computed from their neighbours. The kernels are Pillow's: Keys's cubic with
        a = -0.5, and Lanczos with 3 lobes.
    antialias : bool
        Whether the kernel widens when the image shrinks, so that every pixel counts. Without it, a
        pixel of the result is interpolated from the nearest 4, 16 or 36 pixels, as
        ``tf.image.resize`` does by default.

    Raises
    ------
    UsageError
        The rule or the interpolation is unknown, or a size or the fraction is out of range.

    Examples
    --------
    >>> Resize("crop", 224, 224)(Image.new("RGB", (640, 480))).shape
    (224, 224, 3)
    """

    rule: str
    height: int
    width: int
    crop_fraction: float = 0.875
    interpolation: Interpolation = "bilinear"
    antialias: bool = True

    def __post_init__(self) -> None:
        """Check the settings."""
        check("The resize rule", self.rule, Rule)
        check("The interpolation", self.interpolation, Interpolation)
        if self.height < 1 or self.width < 1 or not 0 < self.crop_fraction <= 1:
            raise UsageError(
                "height and width must be at least 1, and crop_fraction more than 0 and at most 1. "
                f"Received: {self.height}, {self.width}, {self.crop_fraction}."
            )

    def __call__(self, image: Image.Image) -> np.ndarray:
        """Return `image` (mode RGB) as uint8 RGB of shape (height, width, 3), C-contiguous."""
        return np.asarray(_RULES[self.rule](image, self))

    def to(self, side: int) -> Self:
        """Return the same rule for squares of `side` pixels."""
        return replace(self, height=side, width=side)

    @property
    def as_stored(self) -> bool:
        """Whether images are taken as stored (see `decode`) rather than turned upright."""
        return self.rule == "keras"

    @property
    def source_size(self) -> tuple[int, int] | None:
        """(height, width) that a decoder must keep when it reduces an image; None: all of it.

        Twice what the rule needs: the decoder reduces with a sharper filter than bilinear. At
        twice the size, what is left of that is a quarter of the difference between bilinear and
        bicubic (on images of 0.5 to 4 megapixels). Without antialiasing, single pixels decide.
        """
        if self.rule == "keras" or self.interpolation == "nearest" or not self.antialias:
            return None
        kept = self.crop_fraction if self.rule == "crop" else 1.0
        return math.ceil(2 * self.height / kept), math.ceil(2 * self.width / kept)

    def view(self, width: int, height: int) -> Box:
        """Return which rectangle of an image of this size becomes the result.

        Left, top, right and bottom, in pixels of the image. It is a part of the image for "crop",
        reaches beyond it for "pad", and is the whole image for the other rules.
        """
        if self.rule == "crop":
            return _kept_box(width, height, self)
        if self.rule == "pad":
            left, top, right, bottom = _padded_box(width, height, self)
            across, down = width / (right - left), height / (bottom - top)
            return (
                -left * across,
                -top * down,
                (self.width - left) * across,
                (self.height - top) * down,
            )
        return 0.0, 0.0, float(width), float(height)


def _crop(image: Image.Image, to: Resize) -> Image.Image:
    # Resizing only the part that is kept equals resizing all and cropping, for half the work.
    return _resized(image, (to.width, to.height), to, _kept_box(image.width, image.height, to))


def _kept_box(width: int, height: int, to: Resize) -> Box:
    """Return the part of an image of this size that cropping keeps."""
    scale = min(width / to.width, height / to.height) * to.crop_fraction
    kept_width, kept_height = to.width * scale, to.height * scale
    # With all of the shorter side, rounding could place the box just outside of the image.
    left, top = max(0.0, (width - kept_width) / 2), max(0.0, (height - kept_height) / 2)
    return left, top, min(left + kept_width, width), min(top + kept_height, height)


def _squash(image: Image.Image, to: Resize) -> Image.Image:
    return _resized(image, (to.width, to.height), to)


def _pad(image: Image.Image, to: Resize) -> Image.Image:
    left, top, right, bottom = _padded_box(image.width, image.height, to)
    padded = Image.new("RGB", (to.width, to.height), NEUTRAL_GREY)
    padded.paste(_resized(image, (right - left, bottom - top), to), (left, top))
    return padded


def _padded_box(width: int, height: int, to: Resize) -> tuple[int, int, int, int]:
    """Return where padding places an image of this size, in pixels of the result."""
    scale = min(to.width / width, to.height / height)
    across, down = max(1, round(width * scale)), max(1, round(height * scale))
    left, top = (to.width - across) // 2, (to.height - down) // 2
    return left, top, left + across, top + down


def _keras(image: Image.Image, to: Resize) -> Image.Image:
    return image.resize((to.width, to.height), Image.Resampling.NEAREST)


_RULES: dict[str, Callable[[Image.Image, Resize], Image.Image]] = {
    "crop": _crop,
    "squash": _squash,
    "pad": _pad,
    "keras": _keras,
}


def _resized(
    image: Image.Image, size: tuple[int, int], to: Resize, box: Box | None = None
) -> Image.Image:
    """Resize the whole image, or the part in `box`."""
    # The nearest pixel is one pixel, with antialiasing or without.
    if to.antialias or to.interpolation == "nearest":
        return image.resize(size, Image.Resampling[to.interpolation.upper()], box=box)
    left, top, right, bottom = box or (0, 0, image.width, image.height)
    columns, across = _taps(image.width, left, right, size[0], to.interpolation)
    rows, down = _taps(image.height, top, bottom, size[1], to.interpolation)
    # Rows first: of a large image most are not needed.
    pixels = np.asarray(image)[rows.ravel()].reshape(*rows.shape, image.width, 3)
    lines = np.einsum("htwc,ht->hwc", pixels, down, optimize=True)
    values = np.einsum("hwtc,wt->hwc", lines[:, columns], across, optimize=True)
    return Image.fromarray(np.rint(values).clip(0, 255).astype(np.uint8))


def _taps(
    length: int, start: float, end: float, count: int, interpolation: Interpolation
) -> tuple[np.ndarray, np.ndarray]:
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
