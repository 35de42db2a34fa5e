"""The profile of an image: measurements that cost little more than decoding it."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from headstart.images.decoding import decode
from headstart.images.exif import read_exif
from headstart.images.signatures import identify
from headstart.images.sources import BytesSource, content_hash

if TYPE_CHECKING:
    from typing import Self

    from numpy.typing import NDArray

    Grey = NDArray[np.uint8]

#: The side of the grey thumbnail by which copies are told.
THUMBNAIL = 48
# Sharpness is measured at one size, so that it does not depend on that of the image.
_SHARPNESS_SIDE = 256
_BORDER = 0.02
# The figures of a profile: width, height, 3 colours, 3 of the border, 4 of the grey values.
_FIGURES = 12
#: How many numbers are kept of a profile.
N_KEPT = _FIGURES + THUMBNAIL**2
_LONGEST_CAMERA = 200


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ImageProfile:
    """Measurements of one image. Grey values and colours are from 0 to 255.

    Attributes
    ----------
    content : str
        Hash of the file's bytes.
    pixels : str
        Hash of the decoded pixels, whatever file they come from.
    n_bytes : int
        Size of the file.
    width, height : int
        Of the upright image, in pixels.
    format : str
        What the file is: "JPEG", "PNG" and so on, whatever its name says.
    camera : str
        Make and model; "" if the file does not say them.
    taken : datetime or None
        When the image was taken, if the file says it.
    colour, border : tuple of float
        Mean red, green and blue of the image, and of its outermost rows and columns.
    spread : float
        Standard deviation of the grey values.
    dark_grey, bright_grey : float
        The grey values that 5 % and 95 % of the pixels are below.
    sharpness : float
        Standard deviation of the Laplacian of the grey values, where the longer side is brought to
        at most 256 pixels.
    thumbnail : ndarray of uint8, shape (48, 48)
        The whole image in grey, squashed.
    """

    content: str
    pixels: str
    n_bytes: int
    width: int
    height: int
    format: str
    camera: str
    taken: dt.datetime | None
    colour: tuple[float, float, float]
    border: tuple[float, float, float]
    spread: float
    dark_grey: float
    bright_grey: float
    sharpness: float
    thumbnail: Grey

    def kept(self) -> tuple[NDArray[np.float32], tuple[str, ...]]:
        """Return the profile as numbers, shape (`N_KEPT`,), and texts, for the cache."""
        grey = (self.spread, self.dark_grey, self.bright_grey, self.sharpness)
        figures = (self.width, self.height, *self.colour, *self.border, *grey)
        values = np.concatenate([np.array(figures, np.float32), self.thumbnail.ravel()])
        taken = "" if self.taken is None else self.taken.isoformat()
        texts = json.dumps([self.pixels, self.format, self.camera, taken])
        return values.astype(np.float32), (texts,)

    @classmethod
    def of_kept(
        cls, values: NDArray[np.float32], notes: tuple[str, ...], content: str, n_bytes: int
    ) -> Self:
        """Return the profile of what `kept` has returned, and of what the file itself says.

        Raises
        ------
        ValueError
            If the texts are not those of a profile.
        """
        pixels, kind, camera, taken = map(str, json.loads("".join(notes)))
        width, height, *figures = values[:_FIGURES].tolist()
        spread, dark_grey, bright_grey, sharpness = figures[6:]
        return cls(
            content=content,
            pixels=pixels,
            n_bytes=n_bytes,
            width=int(width),
            height=int(height),
            format=kind,
            camera=camera,
            taken=dt.datetime.fromisoformat(taken) if taken else None,
            colour=tuple(figures[:3]),
            border=tuple(figures[3:6]),
            spread=spread,
            dark_grey=dark_grey,
            bright_grey=bright_grey,
            sharpness=sharpness,
            thumbnail=values[_FIGURES:].astype(np.uint8).reshape(THUMBNAIL, THUMBNAIL),
        )


def profile_of(data: bytes, name: str, *, accept_truncated: bool = False) -> ImageProfile:
    """Return the profile of an image file.

    Parameters
    ----------
    data : bytes
        The whole file.
    name : str
        For messages.
    accept_truncated : bool
        See `decode`.

    Raises
    ------
    ImageError
        See `decode`. The image is decoded whole.
    """
    decoded = decode(data, name=name, accept_truncated=accept_truncated)
    image = decoded.image
    exif = read_exif(BytesSource(name, data))
    small = image.copy()
    small.thumbnail((_SHARPNESS_SIDE, _SHARPNESS_SIDE), Image.Resampling.BOX)
    grey = np.asarray(small.convert("L"), np.float32)
    dark, bright = np.quantile(grey, [0.05, 0.95]).tolist()
    return ImageProfile(
        content=content_hash(data),
        pixels=hashlib.sha256(image.tobytes() + repr(image.size).encode()).hexdigest(),
        n_bytes=len(data),
        width=decoded.size[0],
        height=decoded.size[1],
        format=identify(data, name).kind,
        camera=exif.camera[:_LONGEST_CAMERA],
        taken=exif.date_taken,
        colour=_mean_colour(np.asarray(small, np.float32).reshape(-1, 3)),
        border=_mean_colour(_outermost(np.asarray(small, np.float32))),
        spread=float(grey.std()),
        dark_grey=dark,
        bright_grey=bright,
        sharpness=_sharpness(grey),
        thumbnail=thumbnail(image),
    )


def thumbnail(image: Image.Image) -> Grey:
    """Return a whole image in grey, squashed to 48 x 48 pixels."""
    small = image.convert("L").resize((THUMBNAIL, THUMBNAIL), Image.Resampling.BOX)
    return np.asarray(small, np.uint8)


def _mean_colour(pixels: NDArray[np.float32]) -> tuple[float, float, float]:
    red, green, blue = pixels.mean(axis=0).tolist()
    return red, green, blue


def _outermost(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    rows = max(1, round(_BORDER * len(pixels)))
    columns = max(1, round(_BORDER * pixels.shape[1]))
    parts = (pixels[:rows], pixels[-rows:], pixels[:, :columns], pixels[:, -columns:])
    return np.concatenate([part.reshape(-1, 3) for part in parts])


def _sharpness(grey: NDArray[np.float32]) -> float:
    if min(grey.shape) < 3:
        return 0.0
    inner = grey[1:-1, 1:-1]
    laplacian = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:] - 4 * inner
    return float(laplacian.std())
