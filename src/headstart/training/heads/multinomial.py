"""Multinomial logistic regression with an L2 penalty, solved in principal coordinates."""

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from headstart.training.heads.coordinates import Coordinates

Array = npt.NDArray[Any]

_MAX_STEPS = 500


class LogisticProblem:
    """The loss of one data set, to be minimised for several weights and penalties.

    For sample weights w and strength C the loss is ``C * sum_i w_i * -log p(y_i) + |W|^2 / 2``, as
    in scikit-learn. L-BFGS minimises it. In principal coordinates the matrix of second derivatives
    is nearly diagonal with known entries, so each coordinate is divided by the root of its own:
    that brings all directions to one scale, and some twenty steps suffice whatever the penalty.

    Parameters
    ----------
    coordinates
        n samples with r coordinates.
    codes
        int64 array (n,) of classes 0 ... n_classes - 1.
    n_classes
        k.
    """

    def __init__(
        self, coordinates: Coordinates, codes: npt.NDArray[np.int64], n_classes: int
    ) -> None:
        self._values = coordinates.values
        self._spread = coordinates.spread
        self._codes = codes
        self._places = (np.arange(len(codes)), codes)
        self._n_classes = n_classes

    def nothing(self) -> Array:
        """Return the parameters (r + 1, k) to start from: weights, and the bias as the last row."""
        return np.zeros((len(self._spread) + 1, self._n_classes))

    def solve(
        self, sample_weights: Array, strength: float, start: Array, tolerance: float
    ) -> Array:
        """Return the parameters (r + 1, k) that minimise the loss.

        Parameters
        ----------
        sample_weights
            Float array (n,); a sample of weight 0 is left out.
        strength
            C: the larger, the closer the fit to the samples.
        start
            Parameters (r + 1, k), the nearer to the solution the fewer the steps.
        tolerance
            Stop once no scaled derivative exceeds this, in units of one step of full certainty.
        """
        total = sample_weights.sum()
        steps = self._steps(total, strength)
        unit = np.sqrt(total)

        def loss(scaled: Array) -> tuple[float, Array]:
            parameters = scaled.reshape(start.shape) * steps
            value, slope = self._loss(parameters, sample_weights, strength)
            return value, (slope * steps).ravel()

        found = minimize(
            loss,
            (start / steps).ravel(),
            jac=True,
            method="L-BFGS-B",
            options={"maxiter": _MAX_STEPS, "gtol": tolerance * unit, "ftol": 1e-12},
        )
        return found.x.reshape(start.shape) * steps

    def logits(self, parameters: Array) -> Array:
        """Return the logits (n, k) of every sample."""
        dtype = self._values.dtype
        return self._values @ parameters[:-1].astype(dtype) + parameters[-1].astype(dtype)

    def _steps(self, total: float, strength: float) -> Array:
        # p (1 - p) for equal probabilities: how much a sample curves the loss at the start.
        curvature = (1 - 1 / self._n_classes) / self._n_classes
        share = total / len(self._codes)
        weights = 1 / np.sqrt(curvature * share * self._spread**2 + 1 / strength)
        return np.append(weights, 1 / np.sqrt(curvature * total))[:, None]

    def _loss(
        self, parameters: Array, sample_weights: Array, strength: float
    ) -> tuple[float, Array]:
        excess = self.logits(parameters)
        excess -= excess.max(axis=1, keepdims=True)
        truth = excess[self._places]
        np.exp(excess, out=excess)
        sums = excess.sum(axis=1)
        fit = sample_weights @ (np.log(sums) - truth)
        excess /= sums[:, None]
        excess[self._places] -= 1
        excess *= sample_weights[:, None].astype(excess.dtype)
        slope = np.vstack([self._values.T @ excess, excess.sum(axis=0)]).astype(np.float64)
        slope[:-1] += parameters[:-1] / strength
        return float(fit + np.square(parameters[:-1]).sum() / (2 * strength)), slope
