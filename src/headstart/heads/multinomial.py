"""Multinomial logistic regression with an L2 penalty, solved in principal coordinates."""

from typing import Any

import numpy as np
import numpy.typing as npt

from headstart.heads.coordinates import Coordinates
from headstart.heads.descent import minimise

Array = npt.NDArray[Any]

_MAX_EVALUATIONS = 500
# Exponentials below this vanish in any sum of probabilities. They are kept from becoming denormal
# numbers, with which processors multiply a hundred times slower.
_SMALLEST_EXPONENT = -60
# Logits that are computed together. Beyond that, a second problem only takes more memory.
_TOGETHER = 2**20


class LogisticProblem:
    """Logistic regressions on one dataset, f at a time, each with its own sample weights.

    For sample weights w and strength C the loss is ``C * sum_i w_i * -log p(y_i) + |W|^2 / 2``, as
    in scikit-learn. L-BFGS minimises it. In principal coordinates the matrix of second derivatives
    is nearly diagonal with known entries. Dividing each coordinate by the root of its entry brings
    all directions to one scale, so about twenty steps are enough, whatever the penalty. The folds
    of a cross-validation are solved together, because reading the samples takes most of the time.

    Parameters
    ----------
    coordinates : Coordinates
        n samples with r coordinates.
    codes : ndarray of int64, shape (n,)
        The class of each sample, 0 to n_classes - 1.
    n_classes : int
        Called k below.
    offset : ndarray of float, shape (n, k), optional
        What is added to the logits. The bias then has the penalty of the weights: a strong one
        leaves the offset as it is.
    """

    def __init__(
        self,
        coordinates: Coordinates,
        codes: npt.NDArray[np.int64],
        n_classes: int,
        offset: Array | None = None,
    ) -> None:
        self._values = coordinates.values
        self._spread = coordinates.spread
        self._codes = codes
        self._n_classes = n_classes
        self._offset = None if offset is None else offset.astype(self._values.dtype)
        # Rows of the parameters that have the penalty: without an offset, all but the bias.
        self._penalised = slice(None, -1 if offset is None else None)

    def zeros(self, problems: int = 1) -> Array:
        """Return parameters (f, r + 1, k) of zeros: the weights, and the bias as the last row."""
        return np.zeros((problems, *self.shape), self._values.dtype)

    @property
    def shape(self) -> tuple[int, int]:
        """The shape (r + 1, k) of one problem's parameters."""
        return len(self._spread) + 1, self._n_classes

    def solve(
        self, sample_weights: Array, strength: float, start: Array, tolerance: float
    ) -> Array:
        """Return the parameters (f, r + 1, k) that minimise the loss.

        Parameters
        ----------
        sample_weights : ndarray of float, shape (n, f)
            A sample with the weight 0 has no effect.
        strength : float
            C. A larger one fits the samples more closely.
        start : ndarray of float, shape (f, r + 1, k)
            Parameters to start from. Close to the solution, fewer steps are needed.
        tolerance : float
            The solver stops when no scaled derivative exceeds this, in units of one step of full
            certainty.
        """
        together = max(1, _TOGETHER // (len(self._codes) * self._n_classes))
        parts = [slice(at, at + together) for at in range(0, len(start), together)]
        found = [
            self._solve(sample_weights[:, part], strength, start[part], tolerance) for part in parts
        ]
        return np.concatenate(found)

    def _solve(
        self, sample_weights: Array, strength: float, start: Array, tolerance: float
    ) -> Array:
        totals = sample_weights.sum(axis=0)
        steps = self._steps(totals, strength)
        shape = (len(totals), *self.shape)

        def loss(scaled: Array) -> tuple[Array, Array]:
            values, slopes = self._loss(scaled.reshape(shape) * steps, sample_weights, strength)
            return values, (slopes * steps).reshape(scaled.shape)

        scaled = (start / steps).reshape(len(totals), -1)
        found = minimise(loss, scaled, tolerance * np.sqrt(totals), _MAX_EVALUATIONS)
        return found.reshape(shape) * steps

    def logits(self, parameters: Array) -> Array:
        """Return the logits (n, f, k) of every sample in every problem."""
        flat = parameters.transpose(1, 0, 2).reshape(parameters.shape[1], -1)
        logits = self._values @ flat[:-1]
        logits += flat[-1]
        logits = logits.reshape(-1, len(parameters), self._n_classes)
        if self._offset is not None:
            logits += self._offset[:, None]
        return logits

    def _steps(self, totals: Array, strength: float) -> Array:
        # p (1 - p) for equal probabilities: the curvature of a sample's loss at the start.
        curvature = (1 - 1 / self._n_classes) / self._n_classes
        shares = totals / len(self._codes)
        curved = curvature * np.outer(shares, self._spread**2) + 1 / strength
        bias = curvature * totals[:, None]
        if self._offset is not None:
            bias = bias + 1 / strength
        steps = 1 / np.sqrt(np.hstack([curved, bias]))
        return steps[:, :, None].astype(self._values.dtype)

    def _loss(
        self, parameters: Array, sample_weights: Array, strength: float
    ) -> tuple[Array, Array]:
        excess = self.logits(parameters)
        excess -= excess.max(axis=2, keepdims=True)
        rows = np.arange(len(excess))
        truth = excess[rows, :, self._codes]
        np.maximum(excess, _SMALLEST_EXPONENT, out=excess)
        np.exp(excess, out=excess)
        sums = excess.sum(axis=2)
        fit = np.sum(sample_weights * (np.log(sums) - truth), axis=0, dtype=np.float64)
        excess *= (sample_weights / sums)[:, :, None].astype(excess.dtype)
        excess[rows, :, self._codes] -= sample_weights.astype(excess.dtype)
        weights = parameters[:, self._penalised]
        penalty = np.einsum("frk,frk->f", weights, weights) / (2 * strength)
        slopes = self._slopes(excess)
        slopes[:, self._penalised] += weights / strength
        return fit + penalty, slopes

    def _slopes(self, excess: Array) -> Array:
        flat = excess.reshape(len(excess), -1)
        slopes = np.empty((len(self._spread) + 1, flat.shape[1]), flat.dtype)
        np.matmul(self._values.T, flat, out=slopes[:-1])
        flat.sum(axis=0, out=slopes[-1])
        return slopes.reshape(-1, *excess.shape[1:]).transpose(1, 0, 2)
