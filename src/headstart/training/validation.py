"""The validation set, which a network is measured on while it is trained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    Probabilities = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class ValidationSet:
    """Labelled samples that are read in batches.

    Attributes
    ----------
    labels : ndarray of int64, shape (n,)
        The class of each sample.
    read : callable
        Takes indices (m,) of samples, 0 to n - 1. Returns the inputs of the network for them.
    weights : ndarray of float, shape (n,), optional
        The weight of each sample in the loss.
    batch_size : int
        The number of samples that are read at a time.
    """

    labels: NDArray[np.int64]
    read: Callable[[NDArray[np.int64]], Any]
    weights: NDArray[Any] | None = None
    batch_size: int = 256

    def batches(self) -> Iterator[Any]:
        """Yield the inputs of the network, batch by batch, in order."""
        for start in range(0, len(self.labels), self.batch_size):
            yield self.read(np.arange(start, min(start + self.batch_size, len(self.labels))))

    def measure(self, probabilities: Probabilities) -> tuple[float, float]:
        """Return accuracy and mean cross-entropy of probabilities (n, k)."""
        return accuracy_and_loss(probabilities, self.labels, self.weights)


def accuracy_and_loss(
    probabilities: Probabilities, labels: NDArray[np.int64], weights: NDArray[Any] | None = None
) -> tuple[float, float]:
    """Return accuracy and mean cross-entropy of probabilities (n, k) for classes (n,).

    Weights (n,), if there are any, apply to the loss only.
    """
    true = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    losses = -np.log(np.maximum(true, np.finfo(np.float32).tiny))
    accuracy = (probabilities.argmax(axis=1) == labels).mean()
    return float(accuracy), float(np.average(losses, weights=weights))
