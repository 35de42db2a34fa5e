"""How a picture of any size becomes the square a network takes."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
from PIL import Image

from headstart.errors import UsageError

Rule = Literal["crop", "squash", "pad", "keras"]

#: What a user may ask for. "auto" is the rule on the model's row or in the saved model.
RESIZE_RULES = ("auto", *get_args(Rule))

_NEUTRAL_GREY = (128, 128, 128)


@dataclass(frozen=True, slots=True)
class Resize:
    """A rule that makes every picture `height` by `width`.

    Parameters
    ----------
    rule : {"crop", "squash", "pad", "keras"}
        "crop": the largest centred piece of the right shape, less a border; "squash": the whole
        picture, its shape lost; "pad": the whole picture in its shape, grey beside it; "keras":
        squash by nearest neighbour, as ``keras.utils.load_img(target_size=...)`` does. All but the
        last are bilinear, antialiased.
    height, width : int
        Of the result, in pixels.
    crop_fraction : float
        For "crop": how much of the shorter side is kept; 0.875 is 224 of 256, the usual way to
        measure networks on ImageNet.

    Raises
    ------
    UsageError
        If there is no such rule, or a size or fraction is out of range.

    Examples
    --------
    >>> Resize("crop", 224, 224)(Image.new("RGB", (640, 480))).shape
    (224, 224, 3)
    """

    rule: Rule
    height: int
    width: int
    crop_fraction: float = 0.875

    def __post_init__(self) -> None:
        """Refuse a rule that is none."""
        if self.rule not in _RESIZERS:
            raise UsageError(
                f"The resize rule must be one of {', '.join(_RESIZERS)}. Received: {self.rule!r}."
            )
        if self.height < 1 or self.width < 1 or not 0 < self.crop_fraction <= 1:
            raise UsageError(
                "height and width must be at least 1, and crop_fraction more than 0 and at most 1. "
                f"Received: {self.height}, {self.width}, {self.crop_fraction}."
            )

    def __call__(self, image: Image.Image) -> np.ndarray:
        """Return `image` (mode RGB) as uint8 RGB of shape (height, width, 3), C-contiguous."""
        return np.asarray(_RESIZERS[self.rule](image, self))

    def to(self, side: int) -> Resize:
        """Return the same rule for squares of `side` pixels."""
        return replace(self, height=side, width=side)

    @property
    def as_stored(self) -> bool:
        """Whether pictures are taken as stored (see `decode`) rather than turned upright."""
        return self.rule == "keras"

    @property
    def source_size(self) -> tuple[int, int] | None:
        """(height, width) a decoder must leave when it reduces a picture; None: it must not.

        Twice what the rule needs, so that what is left of the reduction's own, sharper filter is
        a quarter of the difference between bilinear and bicubic (on photos of 0.5 to 4 megapixels).
        """
        if self.rule == "keras":
            return None
        kept = self.crop_fraction if self.rule == "crop" else 1.0
        return math.ceil(2 * self.height / kept), math.ceil(2 * self.width / kept)


def _crop(image: Image.Image, to: Resize) -> Image.Image:
    # Resizing only the piece that is kept equals resizing all and cropping, for half the work.
    scale = min(image.width / to.width, image.height / to.height) * to.crop_fraction
    width, height = to.width * scale, to.height * scale
    left, top = (image.width - width) / 2, (image.height - height) / 2
    box = (left, top, left + width, top + height)
    return image.resize((to.width, to.height), Image.Resampling.BILINEAR, box=box)


def _squash(image: Image.Image, to: Resize) -> Image.Image:
    return image.resize((to.width, to.height), Image.Resampling.BILINEAR)


def _pad(image: Image.Image, to: Resize) -> Image.Image:
    scale = min(to.width / image.width, to.height / image.height)
    width, height = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    padded = Image.new("RGB", (to.width, to.height), _NEUTRAL_GREY)
    whole = image.resize((width, height), Image.Resampling.BILINEAR)
    padded.paste(whole, ((to.width - width) // 2, (to.height - height) // 2))
    return padded


def _keras(image: Image.Image, to: Resize) -> Image.Image:
    return image.resize((to.width, to.height), Image.Resampling.NEAREST)


_RESIZERS = {"crop": _crop, "squash": _squash, "pad": _pad, "keras": _keras}
