"""The order in which a comparison takes the images of a dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]


def stratified_order(codes: Ints, seed: int) -> Ints:
    """Return all samples in a random order whose every beginning has its share of each class.

    Parameters
    ----------
    codes : ndarray of int64, shape (n,)
        The class of each sample, from 0.
    seed : int
        The same seed and codes give the same order.

    Returns
    -------
    ndarray of int64, shape (n,)
        Indices into `codes`. The first two samples of each class come before all others, for a
        class with one sample can't be cross-validated.
    """
    random = np.random.default_rng(seed)
    key = np.empty(len(codes))
    for code in range(codes.max() + 1):
        rows = random.permutation(np.flatnonzero(codes == code))
        # The samples of each class are spread evenly over the order, from a random place on.
        key[rows] = (np.arange(len(rows)) + random.random()) / len(rows)
        key[rows[:2]] -= 1
    return np.argsort(key, kind="stable")
