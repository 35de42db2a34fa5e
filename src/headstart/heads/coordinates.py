"""Coordinates of the features in which linear heads are cheap, without any approximation."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from headstart.heads.threads import suitable_threads

Array = npt.NDArray[Any]

# Directions in which the features vary less than this share of the most are rounding noise.
_NEGLIGIBLE = 1e-10
_ROWS = 4096


@dataclass(frozen=True, slots=True, eq=False)
class Coordinates:
    """Samples along the principal axes of their standardised features.

    A head with an L2 penalty is the same in any rotated coordinates, and its weights lie in the
    space that the samples span. So n samples of d features need only r = min(n - 1, d) coordinates:
    191 instead of 1280 for 192 images. In these coordinates the problem is diagonal to first order,
    so the solver takes few steps.

    Attributes
    ----------
    values : ndarray of float, shape (n, r)
        The samples.
    spread : ndarray of float64, shape (r,)
        The length of each column of `values`, weighted by the samples' weights.
    axes : ndarray of float, shape (d, r)
        ``(features - centre) @ axes`` are the coordinates.
    centre : ndarray of float, shape (d,)
        The weighted mean of the features.
    """

    values: Array
    spread: npt.NDArray[np.float64]
    axes: Array
    centre: Array

    def to_features(self, weights: Array, bias: Array) -> tuple[Array, Array]:
        """Turn an affine map of the coordinates into one of the features.

        Parameters
        ----------
        weights, bias : ndarray of float, shapes (r, k) and (k,)

        Returns
        -------
        weights, bias : ndarray of the features' type, shapes (d, k) and (k,)
        """
        unrolled = self.axes @ weights
        dtype = self.values.dtype
        return unrolled.astype(dtype), (bias - self.centre @ unrolled).astype(dtype)


def principal_coordinates(features: Array, weights: Array) -> Coordinates:
    """Return the `Coordinates` of `features` (n, d), whose samples have `weights` (n,).

    Besides the features and the coordinates this needs memory for one d x d or n x n matrix.
    """
    n, d = features.shape
    with suitable_threads(n * d * min(n, d)):
        return _principal_coordinates(features, weights)


def _principal_coordinates(features: Array, weights: Array) -> Coordinates:
    n, d = features.shape
    centre = np.average(features, axis=0, weights=weights).astype(features.dtype)
    scale = _scale(features, centre, weights)
    find = _from_samples if n <= d else _from_features
    axes, spread = find(features, centre, scale, weights)
    axes = (axes / scale[:, None]).astype(features.dtype)
    values = np.empty((n, len(spread)), features.dtype)
    for rows in _blocks(n):
        values[rows] = (features[rows] - centre) @ axes
    return Coordinates(values, spread, axes, centre)


def _scale(features: Array, centre: Array, weights: Array) -> npt.NDArray[np.float64]:
    variance = np.zeros(features.shape[1])
    for rows in _blocks(len(features)):
        variance += weights[rows] @ np.square(features[rows] - centre)
    variance /= weights.sum()
    typical = variance.mean()
    # A hundredth of the typical variance is added, since a feature that hardly varies is noise.
    return np.sqrt(variance + 0.01 * typical) if typical > 0 else np.ones_like(variance)


def _from_samples(
    features: Array, centre: Array, scale: Array, weights: Array
) -> tuple[Array, npt.NDArray[np.float64]]:
    rows = (features - centre) / scale * np.sqrt(weights)[:, None]
    spread, sides = _directions(rows @ rows.T)
    return rows.T @ sides / spread, spread


def _from_features(
    features: Array, centre: Array, scale: Array, weights: Array
) -> tuple[Array, npt.NDArray[np.float64]]:
    products = np.zeros((features.shape[1],) * 2)
    for rows in _blocks(len(features)):
        block = (features[rows] - centre) * np.sqrt(weights[rows])[:, None].astype(features.dtype)
        products += block.T @ block
    spread, axes = _directions(products / np.outer(scale, scale))
    return axes, spread


def _directions(products: Array) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    squares, vectors = np.linalg.eigh(products)
    kept = squares > max(_NEGLIGIBLE * squares[-1], np.finfo(np.float64).tiny)
    return np.sqrt(squares[kept]), vectors[:, kept]


def _blocks(n: int) -> Iterator[slice]:
    for start in range(0, n, _ROWS):
        yield slice(start, start + _ROWS)
