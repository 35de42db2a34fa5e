"""Ridge regression on the classes, with a penalty that is found by leaving out each sample."""

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np

from headstart.errors import UsageError
from headstart.heads.base import AffineHead, Array, ClassWeight, Codes
from headstart.heads.coordinates import Coordinates, principal_coordinates
from headstart.heads.temperature import best_sharpness
from headstart.prediction.scoring import AffineSoftmax

# In units of the mean squared length of a coordinate's column.
_PENALTIES = tuple(float(penalty) for penalty in 10.0 ** np.arange(-3, 3.5, 0.5))
_DETERMINED = 1e-6
# Numbers that are computed at a time: 128 MiB of float64.
_ENTRIES = 2**24


class RidgeHead(AffineHead):
    """Least squares on a column of 0 and 1 for each class, with an L2 penalty.

    The features are standardised. The prediction for a sample by a head trained without it has a
    closed form (Allen 1974, PRESS). A softmax of a fitted multiple turns these predictions into
    probabilities, and the penalty with the lowest log loss is used.

    Parameters
    ----------
    alpha : float or "auto", default="auto"
        The penalty, in units of the features' mean squared singular value. "auto" tries
        steps of half a power of ten.
    class_weight : "balanced", dict or None, default="balanced"
        The weight of each class. "balanced" gives every class the same weight, None every sample.

    Attributes
    ----------
    alpha_ : float
        The penalty that was used.
    """

    alpha_: float

    def __init__(
        self, alpha: float | Literal["auto"] = "auto", *, class_weight: ClassWeight = "balanced"
    ) -> None:
        self.alpha = alpha
        self.class_weight = class_weight

    def _learn(
        self, features: Array, codes: Codes, class_weights: Array, groups: Codes | None
    ) -> AffineSoftmax:
        weights = class_weights[codes]
        coordinates = principal_coordinates(features, weights)
        targets = np.eye(len(class_weights))[codes]
        mean = np.average(targets, axis=0, weights=weights)
        products = _products(coordinates, targets - mean, weights)
        blocks = _blocks(groups)

        def trial(penalty: float) -> tuple[float, float, float]:
            left_out = _leave_out(coordinates, products, targets, mean, weights, penalty, blocks)
            sharpness, loss = best_sharpness(left_out, codes, weights)
            return loss, penalty, sharpness

        penalties = _PENALTIES if self.alpha == "auto" else (_not_negative(self.alpha),)
        _, self.alpha_, sharpness = min(trial(penalty) for penalty in penalties)
        solution = products * _shrunk(coordinates, self.alpha_)[:, None]
        return AffineSoftmax(*coordinates.to_features(sharpness * solution, sharpness * mean))


def _products(coordinates: Coordinates, targets: Array, weights: Array) -> Array:
    weighted = (targets * weights[:, None]).astype(coordinates.values.dtype)
    return (coordinates.values.T @ weighted).astype(np.float64)


def _shrunk(coordinates: Coordinates, penalty: float) -> Array:
    squares = coordinates.spread**2
    typical = squares.mean() if len(squares) else 1.0
    return 1 / (squares + penalty * typical)


def _blocks(groups: Codes | None) -> list[Codes]:
    """Return the rows of groups of several samples, as one array (n_groups, size) for each size."""
    if groups is None:
        return []
    order, sizes = np.argsort(groups, kind="stable"), np.bincount(groups)
    ends = np.cumsum(sizes)
    return [
        order[(ends[sizes == size] - size)[:, None] + np.arange(size)]
        for size in np.unique(sizes[sizes > 1]).tolist()
    ]


def _leave_out(
    coordinates: Coordinates,
    products: Array,
    targets: Array,
    mean: Array,
    weights: Array,
    penalty: float,
    blocks: Sequence[Codes],
) -> Array:
    """Return what is predicted for each sample by a head trained without its group."""
    shrunk = _shrunk(coordinates, penalty)
    dtype = coordinates.values.dtype
    fitted = coordinates.values @ (products * shrunk[:, None]).astype(dtype) + mean
    leverage = np.einsum(
        "ij,ij,j->i", coordinates.values, coordinates.values, shrunk.astype(dtype), optimize=False
    )
    leverage = weights * (leverage + 1 / weights.sum())
    errors = targets - fitted
    # Without a penalty a sample may determine its own fit: leverage 1, up to rounding.
    left_out = errors / np.maximum(1 - leverage, _DETERMINED)[:, None]
    for rows in blocks:
        for some in np.array_split(rows, math.ceil(rows.size * len(shrunk) / _ENTRIES)):
            left_out[some] = _without_blocks(
                coordinates.values[some], shrunk, weights, some, errors
            )
    return targets - left_out


def _without_blocks(
    values: Array, shrunk: Array, weights: Array, rows: Codes, errors: Array
) -> Array:
    """Return the errors (n_groups, size, k) of groups for heads trained without them."""
    shared = (values * shrunk) @ values.transpose(0, 2, 1) + 1 / weights.sum()
    own = np.eye(rows.shape[1]) * (1 + _DETERMINED) - shared * weights[rows][:, None, :]
    found: Array = np.linalg.solve(own, errors[rows])
    return found


def _not_negative(penalty: float | str) -> float:
    if isinstance(penalty, str) or not (penalty >= 0 and math.isfinite(penalty)):
        raise UsageError(f"alpha must be 'auto' or a number of at least 0. Received: {penalty!r}.")
    return float(penalty)
