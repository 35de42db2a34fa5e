"""What an explainer says about one image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL import Image

    from headstart.errors import ImageError
    from headstart.images.resizing import Box
    from headstart.images.sources import ImageSource
    from headstart.model.examples import Example
    from headstart.prediction.answer import Prediction

#: "activation map" is exact; "occlusion" tries what happens when a part is covered.
Method = Literal["activation map", "occlusion"]


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """An image, and what of it the network sees.

    Attributes
    ----------
    image : PIL.Image.Image
        RGB; at most `headstart.explaining.explainer.SHOWN` pixels wide and high.
    pixels : ndarray of uint8, shape (height, width, 3)
        As the network takes it.
    view : tuple of float
        Left, top, right and bottom of what the network sees, in pixels of `image`; see
        `Resize.view`.
    """

    image: Image.Image
    pixels: NDArray[np.uint8]
    view: Box


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """Which parts of an image speak for a class, or why the image could not be read.

    Attributes
    ----------
    index : int
        The position of the image among the sources, counted from 0.
    source : ImageSource
    explained : Prediction or None
        The class that is explained, with its probability; None if the image could not be read.
    method : {"activation map", "occlusion"} or None
    values : ndarray of float32, shape (rows, columns), or None
        What each part of what the network sees adds to the score of the class: positive for it,
        negative against it. See `ActivationMaps` and `occlusion_map` for the scale.
    seen : Seen or None
        The image.
    features : ndarray of float32, shape (n_features,), or None
        The image's features; None where the network computes probabilities.
    error : ImageError or None
        Why the image could not be read.
    nearest : tuple of (Example, str)
        The training images that are most similar to the image, with their labels; empty unless
        the model carries its training images.
    """

    index: int
    source: ImageSource
    explained: Prediction | None = None
    method: Method | None = None
    values: NDArray[np.float32] | None = None
    seen: Seen | None = None
    features: NDArray[np.float32] | None = None
    error: ImageError | None = None
    nearest: tuple[tuple[Example, str], ...] = ()

    @property
    def heat(self) -> NDArray[np.float32]:
        """The values for each pixel of ``seen.image``, float32 (height, width).

        They are interpolated linearly between the parts. NaN where the network does not see the
        image, because the resize rule crops it.

        Raises
        ------
        ImageError
            If the image could not be read.
        """
        if self.values is None or self.seen is None:
            raise self.error or AssertionError("an explanation has values or an error")
        width, height = self.seen.image.size
        left, top, right, bottom = self.seen.view
        rows, columns = self.values.shape
        down = _interpolation(rows, height, top, bottom)
        across = _interpolation(columns, width, left, right)
        return (down @ self.values @ across.T).astype(np.float32, copy=False)

    def to_record(self) -> dict[str, Any]:
        """Return what ``explain --json`` prints for the image."""
        if self.explained is None:
            failure = {"type": type(self.error).__name__, "message": str(self.error)}
            return {"path": self.source.name, "error": failure}
        return {
            "path": self.source.name,
            "id": self.explained.id,
            "label": self.explained.label,
            "probability": self.explained.probability,
            "method": self.method,
            "nearest": [
                {"name": example.name, "label": label, "similarity": round(example.similarity, 4)}
                for example, label in self.nearest
            ],
            "values": [] if self.values is None else self.values.round(6).tolist(),
        }


def _interpolation(parts: int, length: int, first: float, last: float) -> NDArray[np.float32]:
    """Return the weights (length, parts) of parts that lie from `first` to `last` at each pixel.

    Beyond the middle of the outer parts their value stays; outside of them it is NaN.
    """
    at = (np.arange(length) + 0.5 - first) / (last - first) * parts - 0.5
    near = np.abs(at.clip(0, parts - 1)[:, None] - np.arange(parts))
    weights = (1 - near).clip(0).astype(np.float32)
    weights[(at < -0.5) | (at > parts - 0.5)] = np.nan
    return weights
