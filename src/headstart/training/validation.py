"""Pictures that a network in training is judged by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

_AT_ONCE = 256


@dataclass(frozen=True, slots=True, eq=False)
class ValidationSet:
    """Pictures with their classes, read some at a time.

    Attributes
    ----------
    labels : ndarray of int64, shape (n,)
        Of each picture.
    read : callable
        Called with the numbers (m,) of some pictures, 0 to n - 1; returns what the network takes.
    at_once : int
        How many are read at a time.
    """

    labels: NDArray[np.int64]
    read: Callable[[NDArray[np.int64]], Any]
    at_once: int = _AT_ONCE

    def inputs(self) -> Iterator[Any]:
        """Yield what the network takes, some pictures at a time, in order."""
        for start in range(0, len(self.labels), self.at_once):
            yield self.read(np.arange(start, min(start + self.at_once, len(self.labels))))


def judged(answers: NDArray[np.float32], labels: NDArray[np.int64]) -> tuple[float, float]:
    """Return accuracy and mean cross-entropy of probabilities (n, k) for classes (n,)."""
    right = answers[np.arange(len(labels)), labels].astype(np.float64)
    losses = -np.log(np.maximum(right, np.finfo(np.float32).tiny))
    return float((answers.argmax(axis=1) == labels).mean()), float(losses.mean())
