"""L-BFGS for several smooth convex problems at a time, which share each evaluation."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Float64 = npt.NDArray[np.float64]
# Takes points (f, p); returns the value (f,) and the slope (f, p) of each problem at its point.
Loss = Callable[[Array], tuple[Float64, Array]]

_PAIRS = 8
_SUFFICIENT = 1e-4
# A step this short changes nothing any more.
_SHORTEST = 2.0**-20


def minimise(loss: Loss, start: Array, tolerance: Float64, max_evaluations: int) -> Array:
    """Return the points (f, p) at which f problems, each of its own p variables, are lowest.

    Each problem has a direction, a step length and a memory of its own, but all are evaluated
    together, since an evaluation reads the whole dataset. Everything large has the type of
    `start`: in float32, a step costs half the memory and time of float64.

    Parameters
    ----------
    loss : callable
        Takes points (f, p); returns float64 values (f,) and slopes (f, p).
    start : ndarray of float32 or float64, shape (f, p)
        Points to start from. The variables should be scaled so that a step of minus the slope is
        about right.
    tolerance : ndarray of float64, shape (f,)
        A problem is solved when no derivative exceeds this.
    max_evaluations : int
        Stop after so many.

    References
    ----------
    Nocedal 1980, Mathematics of Computation 35:773. The products of the remembered vectors are kept
    (Chen, Wang & Zhou 2014, "Large-scale L-BFGS using MapReduce"), so that a step reads them twice.
    """
    points, noise = start, 8 * np.finfo(start.dtype).eps
    values, slopes = loss(points)
    memory = _Memory(slopes)
    directions, descents = memory.directions(slopes)
    lengths = np.ones(len(points))
    for _ in range(max_evaluations - 1):
        unsolved = np.abs(slopes).max(axis=1, initial=0) > tolerance
        if not np.any(unsolved & (lengths > _SHORTEST)):
            break
        trials = points + _each(lengths, points) * directions
        found, found_slopes = loss(trials)
        allowed = values + _SUFFICIENT * lengths * descents + noise * np.abs(values)
        taken = found <= allowed
        memory.add(trials - points, found_slopes, slopes, taken)
        points = _where(taken, trials, points)
        slopes = _where(taken, found_slopes, slopes)
        values = np.where(taken, found, values)
        following, following_descents = memory.directions(slopes)
        directions = _where(taken, following, directions)
        descents = np.where(taken, following_descents, descents)
        lengths = np.where(taken, 1.0, lengths / 2)
    return points


class _Memory:
    """The last steps of each problem, the changes of the slope along them, and their products."""

    def __init__(self, slopes: Array) -> None:
        problems, size = slopes.shape
        # The pair i of step and change is in the rows 2 i and 2 i + 1, the slope in the last row.
        self._vectors = np.zeros((problems, 2 * _PAIRS + 1, size), slopes.dtype)
        self._products = np.zeros((problems, 2 * _PAIRS + 1, 2 * _PAIRS + 1))
        self._order: list[int] = []
        self._remember([2 * _PAIRS], slopes[:, None])

    def add(self, steps: Array, new_slopes: Array, slopes: Array, taken: Array) -> None:
        """Remember a step, for the problems that have taken it."""
        pair = self._order.pop(0) if len(self._order) == _PAIRS else len(self._order)
        self._order.append(pair)
        fresh = np.stack([steps, new_slopes - slopes, new_slopes], axis=1)
        if not taken.all():
            fresh[~taken] = 0
            fresh[~taken, 2] = slopes[~taken]
        self._remember([2 * pair, 2 * pair + 1, 2 * _PAIRS], fresh)

    def _remember(self, rows: list[int], vectors: Array) -> None:
        self._vectors[:, rows] = vectors
        products = self._vectors @ vectors.transpose(0, 2, 1)
        self._products[:, :, rows] = products
        self._products[:, rows, :] = products.transpose(0, 2, 1)

    def directions(self, slopes: Array) -> tuple[Array, Float64]:
        """Return the direction (f, p) of each problem and its product (f,) with the slope."""
        shares = self._shares()
        directions = (shares[:, None].astype(slopes.dtype) @ self._vectors)[:, 0]
        return directions, np.einsum("fi,fi->f", shares, self._products[:, -1])

    def _shares(self) -> Float64:
        """Return how much (f, 2 m + 1) of each vector is in the direction: the two-loop recursion.

        A pair of zeros, which stands for a step that was not taken, has no part in it.
        """
        products = self._products
        shares = np.zeros(products.shape[:2])
        shares[:, -1] = -1
        scale = np.ones(len(shares))
        inverses, parts = np.zeros((2, _PAIRS, len(shares)))
        for pair in self._order:
            curvature, size = (
                products[:, 2 * pair, 2 * pair + 1],
                products[:, 2 * pair + 1, 2 * pair + 1],
            )
            known = curvature > 0
            np.divide(1, curvature, out=inverses[pair], where=known)
            np.divide(curvature, size, out=scale, where=known)
        for pair in reversed(self._order):
            parts[pair] = inverses[pair] * np.einsum("fi,fi->f", shares, products[:, 2 * pair])
            shares[:, 2 * pair + 1] -= parts[pair]
        shares *= scale[:, None]
        for pair in self._order:
            along = np.einsum("fi,fi->f", shares, products[:, 2 * pair + 1])
            shares[:, 2 * pair] += parts[pair] - inverses[pair] * along
        return shares


def _each(numbers: Float64, points: Array) -> Array:
    """Return one number for each problem (f, 1), of the points' type."""
    return numbers[:, None].astype(points.dtype)


def _where(taken: Array, new: Array, old: Array) -> Array:
    return new if taken.all() else np.where(taken[:, None], new, old)
