"""The validation set, which a network is measured on while it is trained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

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


@dataclass(frozen=True, slots=True, eq=False)
class Outcomes:
    """How well each of some samples was predicted. Two numbers a sample, however many classes.

    Attributes
    ----------
    losses : ndarray of float32, shape (n,)
        The cross-entropy of each sample: ``-ln p``, where `p` is the probability of its class.
    right : ndarray of bool, shape (n,)
        Whether its class was the most probable one.
    """

    losses: NDArray[np.float32]
    right: NDArray[np.bool_]

    @classmethod
    def of(cls, probabilities: Probabilities, labels: NDArray[np.int64]) -> Self:
        """Compare class probabilities (n, k) with the classes (n,)."""
        true = probabilities[np.arange(len(labels)), labels].astype(np.float64)
        losses = -np.log(np.maximum(true, np.finfo(np.float32).tiny))
        return cls(losses.astype(np.float32), probabilities.argmax(axis=1) == labels)

    @classmethod
    def joined(cls, parts: Sequence[Outcomes]) -> Self:
        """Return the outcomes of several sets of samples, one after the other."""
        return cls(
            np.concatenate([part.losses for part in parts]),
            np.concatenate([part.right for part in parts]),
        )

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.right)

    def take(self, rows: NDArray[Any]) -> Outcomes:
        """Return those of some samples: their indices, or a mask (n,)."""
        return Outcomes(self.losses[rows], self.right[rows])

    @property
    def accuracy(self) -> float:
        """The share of samples that were predicted right."""
        return float(self.right.mean())

    def mean_loss(self, weights: NDArray[Any] | None = None) -> float:
        """Return the mean cross-entropy, with weights (n,) if there are any."""
        return float(np.average(self.losses.astype(np.float64), weights=weights))
