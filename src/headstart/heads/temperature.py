"""One factor that turns scores into calibrated probabilities."""

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

# exp(-7) to exp(12): from equal probabilities to certainty, for scores with a spread of about 1.
_LOG_RANGE = (-7.0, 12.0)
# From a twentieth to twenty times, for logits that are probabilities' own.
_NARROW = (-3.0, 3.0)


def log_loss(logits: Array, codes: npt.NDArray[np.int64], weights: Array) -> float:
    """Return the weighted mean of minus the logarithm of the true class's softmax probability.

    Parameters
    ----------
    logits : ndarray of float, shape (n, k)
    codes : ndarray of int64, shape (n,)
        The true classes.
    weights : ndarray of float, shape (n,)
        With a sum above 0.
    """
    return float(np.average(sample_losses(logits, codes), weights=weights))


def sample_losses(logits: Array, codes: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Return minus the logarithm of the true class's softmax probability for each sample (n,)."""
    logits = logits.astype(np.float64)
    logits -= logits.max(axis=1, keepdims=True)
    return np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(len(codes)), codes]


def best_sharpness(
    scores: Array, codes: npt.NDArray[np.int64], weights: Array, prior: Array | float = 0.0
) -> tuple[float, float]:
    """Return the factor for which ``softmax(factor * scores + prior)`` fits best, and its log loss.

    The factor is the inverse of the temperature (Guo et al. 2017, arXiv:1706.04599). The score of
    each sample must come from a model that was not trained on it.
    """
    from scipy.optimize import minimize_scalar

    def loss(log_factor: float) -> float:
        return log_loss(np.exp(log_factor) * scores + prior, codes, weights)

    found = minimize_scalar(loss, bounds=_LOG_RANGE, method="bounded", options={"xatol": 1e-3})
    return float(np.exp(found.x)), float(found.fun)


def smoothed_sharpness(logits: Array, codes: npt.NDArray[np.int64], weights: Array) -> float:
    """Return the factor of `logits` that fits best, where no sample is quite certain of its class.

    Each of n samples has its own class with the probability ``1 - 1 / (n + 2)``, and any class with
    the rest, as in Platt's scaling (1999). So a few samples that are all predicted right do not
    make all later predictions certain.

    Parameters
    ----------
    logits : ndarray of float, shape (n, k)
        From a model that was not trained on the sample.
    codes : ndarray of int64, shape (n,)
        The true classes.
    weights : ndarray of float, shape (n,)
        With a sum above 0.
    """
    from scipy.optimize import minimize_scalar

    rest = 1 / (len(codes) + 2)
    scores = logits.astype(np.float64)
    scores -= scores.max(axis=1, keepdims=True)
    aim = (1 - rest) * scores[np.arange(len(codes)), codes] + rest * scores.mean(axis=1)

    def loss(log_factor: float) -> float:
        factor = np.exp(log_factor)
        sums = np.log(np.exp(factor * scores).sum(axis=1))
        return float(np.average(sums - factor * aim, weights=weights))

    found = minimize_scalar(loss, bounds=_NARROW, method="bounded", options={"xatol": 1e-3})
    return float(np.exp(found.x))
