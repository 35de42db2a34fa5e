"""Which images are unlike those that a model was trained on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from headstart.data.splits import ALWAYS_TRAINS, stratified_sample
from headstart.prediction.scoring import unit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Ints = NDArray[np.int64]

#: The share of images like the training images that are taken for unlike.
FALSE_ALARMS = 0.02
# The distance is that from the third nearest training image: a single odd one vouches for nothing.
_NEIGHBOUR = 3
# Each image is compared with so many examples, which takes half a millisecond and 2.5 MB on disk.
_MOST_EXAMPLES = 1000
# Fewer would let the threshold be that of the oddest of a handful.
_FEWEST = 20


@dataclass(frozen=True, slots=True, eq=False)
class Novelty:
    """Training images, and how far an image may be from them.

    The distance is one minus the cosine of the angle between features and those of the third
    nearest example (Sun et al. 2022, arXiv:2204.06507, with the angle at the origin).

    Attributes
    ----------
    examples : ndarray of float32, shape (m, d)
        The features of training images, each scaled to length 1 and rounded to float16.
    threshold : float
        An image that is farther away is unlike the training images.
    """

    examples: Floats
    threshold: float

    def __post_init__(self) -> None:
        """Check what may come from a damaged file."""
        if self.examples.ndim != 2 or len(self.examples) < _NEIGHBOUR:
            raise ValueError(f"examples must be (m, features). Received: {self.examples.shape}")

    @property
    def n_features(self) -> int:
        """The number of features."""
        return int(self.examples.shape[1])

    @classmethod
    def fit(cls, features: Floats, codes: Ints, fold: Ints, seed: int = 0) -> Self | None:
        """Choose the examples and the threshold.

        The threshold is such that 2 % of images like these are farther away: it is a quantile of
        the distances of training images from examples in other folds.

        Parameters
        ----------
        features : ndarray of float32, shape (n, d)
            Of the training images.
        codes : ndarray of int64, shape (n,)
            Their classes.
        fold : ndarray of int64, shape (n,)
            Which of them must not vouch for one another: each image is compared with those of
            other folds. Images in no fold (`ALWAYS_TRAINS`) are examples only.
        seed : int
            Of the sample that is taken of many images.

        Returns
        -------
        Novelty or None
            None if there are fewer than 20 images in folds.
        """
        rows = stratified_sample(codes, _MOST_EXAMPLES, seed)[:_MOST_EXAMPLES]
        held_out = rows[fold[rows] != ALWAYS_TRAINS]
        if len(held_out) < _FEWEST:
            return None
        examples = _rounded(unit(features[rows]))
        similar = unit(features[held_out]) @ examples.T
        similar[fold[held_out][:, None] == fold[rows]] = -1
        distances = np.sort(1 - _third_best(similar))
        place = math.ceil(round((len(distances) + 1) * (1 - FALSE_ALARMS), 9))
        return cls(examples, float(distances[min(place, len(distances)) - 1]))

    def distances(self, features: Floats) -> Floats:
        """Return the distance (n,) of images from the third nearest example, from 0 to 2."""
        return 1 - _third_best(unit(features) @ self.examples.T)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return ``examples`` and ``threshold``."""
        return {
            "examples": self.examples.astype(np.float16),
            "threshold": np.array(self.threshold),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Make the same from what `arrays` returned."""
        return cls(arrays["examples"].astype(np.float32), float(arrays["threshold"].item()))


def _third_best(similar: Floats) -> Floats:
    return np.partition(similar, -_NEIGHBOUR, axis=1)[:, -_NEIGHBOUR]


def _rounded(values: Floats) -> Floats:
    return values.astype(np.float16).astype(np.float32)
