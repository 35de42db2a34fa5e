"""Pairs of images that may be copies: near in their hashes, or in the features of a network."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import numpy as np

from headstart.duplicates.profile import THUMBNAIL

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    Grey = NDArray[np.uint8]

# Bits of 64 in which the hashes of candidates may differ.
_MOST_BITS = 12
_HASH_SIDE = 8
# Neighbours of an image that are looked at, and the least cosine of their features.
_NEIGHBOURS, _LEAST_COSINE = 3, 0.6
#: How many pairs are compared at once: 32 MB of hashes.
_PAIRS_AT_ONCE = 2**22
# The product of all pairs takes n * n * d steps: many images are compared in fewer dimensions.
_MANY, _DIMENSIONS = 20_000, 256


def hash_candidates(thumbnails: Sequence[Grey]) -> Iterator[tuple[int, int]]:
    """Yield pairs of images whose DCT hashes are near in one of 8 orientations.

    Parameters
    ----------
    thumbnails : sequence of ndarray of uint8, shape (48, 48)

    Yields
    ------
    (int, int)
        Places, the smaller one first. Memory is that of 4 million pairs.
    """
    hashes = dct_hashes(thumbnails)
    block = _rows_at_once(len(hashes))
    for start in range(0, len(hashes), block):
        later = hashes[start:, 0]
        near = np.zeros((min(block, len(later)), len(later)), bool)
        for turned in hashes[start : start + block].T:
            near |= np.bitwise_count(turned[:, None] ^ later[None, :]) <= _MOST_BITS
        for one, other in np.argwhere(np.triu(near, 1)).tolist():
            yield start + one, start + other


def dct_hashes(thumbnails: Sequence[Grey]) -> NDArray[np.uint64]:
    """Return the 64-bit hashes of images in 8 orientations.

    Each bit says whether one of the 8 x 8 lowest frequencies of the discrete cosine transform is
    above their median. Mirroring changes the signs of odd frequencies, and turning swaps the axes.

    Parameters
    ----------
    thumbnails : sequence of ndarray of uint8, shape (48, 48)

    Returns
    -------
    ndarray of uint64, shape (n, 8)
        The first column is the hash of the image as it is.
    """
    basis = _dct_basis()
    grey = np.asarray(thumbnails, np.float32).reshape(-1, THUMBNAIL, THUMBNAIL)
    low = basis @ grey @ basis.T
    low[:, 0, 0] = 0
    odd = (1 - 2 * (np.arange(_HASH_SIDE) % 2)).astype(np.float32)
    turned = [
        each * vertical * horizontal
        for each in (low, low.transpose(0, 2, 1))
        for vertical in (1, odd[:, None])
        for horizontal in (1, odd[None, :])
    ]
    return np.stack([_bits(each.reshape(len(grey), -1)) for each in turned], axis=1)


def feature_candidates(features: NDArray[np.float32]) -> Iterator[tuple[int, int]]:
    """Yield pairs of an image and its nearest neighbours in features, if they are near at all.

    Parameters
    ----------
    features : ndarray of float32, shape (n, n_features)

    Yields
    ------
    (int, int)
        Places, the smaller one first. Memory is that of 4 million pairs.
    """
    units = _units(features)
    n_neighbours = min(_NEIGHBOURS, len(units) - 1)
    block = _rows_at_once(len(units))
    for start in range(0, len(units), block):
        cosines = units[start : start + block] @ units.T
        rows = np.arange(len(cosines))
        cosines[rows, start + rows] = -2
        nearest = np.argpartition(-cosines, n_neighbours, axis=1)[:, :n_neighbours]
        for row, columns in enumerate(nearest.tolist()):
            for column in columns:
                if cosines[row, column] >= _LEAST_COSINE:
                    yield min(start + row, column), max(start + row, column)


def _rows_at_once(n: int) -> int:
    return max(1, _PAIRS_AT_ONCE // max(n, 1))


@functools.cache
def _dct_basis() -> NDArray[np.float32]:
    frequencies = np.arange(_HASH_SIDE)[:, None]
    places = (np.arange(THUMBNAIL)[None, :] + 0.5) / THUMBNAIL
    return np.cos(np.pi * frequencies * places).astype(np.float32)


def _bits(values: NDArray[np.floating]) -> NDArray[np.uint64]:
    above = values > np.median(values, axis=1, keepdims=True)
    return np.packbits(above, axis=1).view(np.uint64).ravel()


def _units(features: NDArray[np.float32]) -> NDArray[np.float32]:
    if len(features) > _MANY and features.shape[1] > _DIMENSIONS:
        shape = (features.shape[1], _DIMENSIONS)
        features = features @ np.random.default_rng(0).standard_normal(shape, np.float32)
    length = np.linalg.norm(features, axis=1, keepdims=True)
    return features / np.maximum(length, np.finfo(np.float32).tiny)
