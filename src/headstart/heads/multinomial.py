"""Multinomial logistic regression with an L2 penalty, solved in principal coordinates."""

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from headstart.heads.coordinates import Coordinates

Array = npt.NDArray[Any]

_MAX_STEPS = 500


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
    """

    def __init__(
        self, coordinates: Coordinates, codes: npt.NDArray[np.int64], n_classes: int
    ) -> None:
        self._values = coordinates.values
        self._spread = coordinates.spread
        self._codes = codes
        self._n_classes = n_classes

    def zeros(self, problems: int = 1) -> Array:
        """Return parameters (r + 1, f, k) of zeros: the weights, and the bias as the last row."""
        return np.zeros((len(self._spread) + 1, problems, self._n_classes))

    def solve(
        self, sample_weights: Array, strength: float, start: Array, tolerance: float
    ) -> Array:
        """Return the parameters (r + 1, f, k) that minimise the loss.

        Parameters
        ----------
        sample_weights : ndarray of float, shape (n, f)
            A sample with the weight 0 is left out.
        strength : float
            C. A larger one fits the samples more closely.
        start : ndarray of float, shape (r + 1, f, k)
            Parameters to start from. Close to the solution, fewer steps are needed.
        tolerance : float
            The solver stops when no scaled derivative exceeds this, in units of one step of full
            certainty.
        """
        totals = sample_weights.sum(axis=0)
        steps = self._steps(totals, strength)

        def loss(scaled: Array) -> tuple[float, Array]:
            parameters = scaled.reshape(start.shape) * steps
            value, slope = self._loss(parameters, sample_weights, strength)
            return value, (slope * steps).ravel()

        found = minimize(
            loss,
            (start / steps).ravel(),
            jac=True,
            method="L-BFGS-B",
            options={
                "maxiter": _MAX_STEPS,
                "gtol": tolerance * np.sqrt(totals.min()),
                "ftol": 1e-12,
            },
        )
        return found.x.reshape(start.shape) * steps

    def logits(self, parameters: Array) -> Array:
        """Return the logits (n, f, k) of every sample in every problem."""
        flat = parameters.astype(self._values.dtype).reshape(len(parameters), -1)
        return (self._values @ flat[:-1] + flat[-1]).reshape(-1, *parameters.shape[1:])

    def _steps(self, totals: Array, strength: float) -> Array:
        # p (1 - p) for equal probabilities: the curvature of a sample's loss at the start.
        curvature = (1 - 1 / self._n_classes) / self._n_classes
        shares = totals / len(self._codes)
        curved = curvature * np.outer(self._spread**2, shares) + 1 / strength
        return 1 / np.sqrt(np.vstack([curved, curvature * totals]))[:, :, None]

    def _loss(
        self, parameters: Array, sample_weights: Array, strength: float
    ) -> tuple[float, Array]:
        excess = self.logits(parameters)
        excess -= excess.max(axis=2, keepdims=True)
        rows = np.arange(len(excess))
        truth = excess[rows, :, self._codes]
        np.exp(excess, out=excess)
        sums = excess.sum(axis=2)
        fit = np.sum(sample_weights * (np.log(sums) - truth))
        excess /= sums[:, :, None]
        excess[rows, :, self._codes] -= 1
        excess *= sample_weights[:, :, None].astype(excess.dtype)
        slope = self._slope(excess)
        slope[:-1] += parameters[:-1] / strength
        return float(fit + np.square(parameters[:-1]).sum() / (2 * strength)), slope

    def _slope(self, excess: Array) -> Array:
        flat = excess.reshape(len(excess), -1)
        slope = np.vstack([self._values.T @ flat, flat.sum(axis=0)])
        return slope.astype(np.float64).reshape(-1, *excess.shape[1:])
