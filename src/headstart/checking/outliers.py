"""Images that are unlike all others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from headstart.checking.base import NO_NETWORK, Check
from headstart.checking.finding import Finding
from headstart.display.text import counted

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from headstart.checking.evidence import Evidence

_NEIGHBOURS = 5
_FEWEST = 4 * _NEIGHBOURS
# Tukey's fence, in interquartile ranges above the third quartile.
_FENCE = 1.5
# How many pairs are compared at once: 16 MB.
_PAIRS_AT_ONCE = 2**22
# The product of all pairs takes n * n * d steps: many images are compared in fewer dimensions.
_MANY, _DIMENSIONS = 20_000, 128


class Outliers(Check):
    """Which images are far from all others in the features of a network.

    The distance of an image is the mean cosine distance to its 5 nearest neighbours that are no
    copies of it. Tukey's fence (third quartile plus 1.5 interquartile ranges) tells which distances
    are unusual.
    """

    name = "outliers"
    question = "Are there images that are unlike all others?"

    def unmet(self, evidence: Evidence) -> str:
        """Return why outliers can't be found."""
        if evidence.features is None:
            return NO_NETWORK
        few = len(evidence) < _FEWEST
        return f"It needs at least {_FEWEST} images that can be read." if few else ""

    def find(self, evidence: Evidence) -> Finding | None:
        """Return the images that are far from all others, the farthest first."""
        assert evidence.features is not None  # noqa: S101 - `unmet` has said so
        distances = neighbour_distances(evidence.features, evidence.groups)
        low, high = np.quantile(distances, [0.25, 0.75])
        fence = high + _FENCE * (high - low)
        far = np.flatnonzero(distances > fence)
        if not len(far):
            return None
        far = far[np.argsort(-distances[far], kind="stable")]
        usual = float(np.median(distances))
        whys = (_why(float(distances[number]), usual) for number in far)
        return Finding(
            check=self.name,
            severity="note",
            headline=f"{counted(len(far), 'image is', 'images are')} unlike all others.",
            advice=(
                f"Far from the {_NEIGHBOURS} nearest neighbours in the features of the network. "
                "Remove what shows none of the classes, and keep what is only rare."
            ),
            suspects=evidence.suspects(far.tolist(), whys),
            figures={"images": len(far), "share": len(far) / len(evidence), "fence": float(fence)},
        )


def _why(distance: float, usual: float) -> str:
    # Where most images are alike, the usual distance is 0.
    return f"{distance / usual:.1f} x as far" if usual > 0 else f"{distance:.3f} away, usually 0"


def neighbour_distances(
    features: NDArray[np.float32], groups: NDArray[np.int64], k: int = _NEIGHBOURS
) -> NDArray[np.float32]:
    """Return the mean cosine distance of each image to its nearest neighbours of other groups.

    Parameters
    ----------
    features : ndarray of float32, shape (n, n_features)
    groups : ndarray of int64, shape (n,)
    k : int
        How many neighbours; fewer than n.

    Returns
    -------
    ndarray of float32, shape (n,)
        From 0 to 2. Memory is that of 4 million pairs.
    """
    units = _units(features)
    distances = np.empty(len(units), np.float32)
    n_rows = max(1, _PAIRS_AT_ONCE // len(units))
    for start in range(0, len(units), n_rows):
        block = slice(start, start + n_rows)
        apart = 1 - units[block] @ units.T
        apart[groups[block, None] == groups[None, :]] = 2
        nearest = np.partition(apart, k - 1, axis=1)[:, :k]
        distances[block] = nearest.mean(axis=1)
    return np.maximum(distances, 0)


def _units(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return features of length 1, those of many images projected to fewer dimensions."""
    # Not centred: on the vehicles and the flowers, distances of centred features told less.
    if len(features) > _MANY and features.shape[1] > _DIMENSIONS:
        random = np.random.default_rng(0)
        shape = (features.shape[1], _DIMENSIONS)
        features = features @ random.standard_normal(shape, np.float32)
    length = np.linalg.norm(features, axis=1, keepdims=True)
    return features / np.maximum(length, np.finfo(np.float32).tiny)
