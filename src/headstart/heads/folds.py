"""Cross-validation that no class is too small for."""

from typing import Any

import numpy as np
import numpy.typing as npt

ALWAYS_TRAINS = -1


def stratified_folds(
    codes: npt.NDArray[np.int64], n_folds: int, seed: int
) -> npt.NDArray[np.int64]:
    """Return the fold, 0 ... n_folds - 1, in which each row is held out.

    Each class is dealt out evenly, from a random fold on, so that a class with fewer rows than
    there are folds is held out in some of them. The row of a class that has no other always trains
    (-1).
    """
    rng = np.random.default_rng(seed)
    folds = np.full(len(codes), ALWAYS_TRAINS, np.int64)
    for code in range(codes.max() + 1):
        rows = rng.permutation(np.flatnonzero(codes == code))
        if len(rows) > 1:
            folds[rows] = (rng.integers(n_folds) + np.arange(len(rows))) % n_folds
    return folds


def stratified_sample(codes: npt.NDArray[np.int64], size: int, seed: int) -> npt.NDArray[np.int64]:
    """Return the sorted places of at most about `size` rows, the same share of each class.

    No class loses its last two rows.
    """
    if len(codes) <= size:
        return np.arange(len(codes))
    rng = np.random.default_rng(seed)
    kept: list[npt.NDArray[Any]] = []
    for code in range(codes.max() + 1):
        rows = rng.permutation(np.flatnonzero(codes == code))
        kept.append(rows[: max(2, round(len(rows) * size / len(codes)))])
    return np.sort(np.concatenate(kept))
