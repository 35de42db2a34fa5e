"""Some of the samples of a dataset, such as a training or a validation set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Indices = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Subset:
    """Some of the samples of a dataset, with their classes and weights.

    Attributes
    ----------
    rows : ndarray of int64, shape (n,)
        The positions of these samples in the dataset.
    labels : ndarray of int64, shape (n,)
        The class of each, 0 to n_classes - 1.
    n_classes : int
    weights : ndarray of float32, shape (n,), or None
        The weight of each in the loss, if they differ.
    """

    rows: Indices
    labels: Indices
    n_classes: int
    weights: NDArray[np.float32] | None = None

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.rows)

    def take(self, chosen: Indices) -> Subset:
        """Return some of these samples."""
        weights = None if self.weights is None else self.weights[chosen]
        return Subset(self.rows[chosen], self.labels[chosen], self.n_classes, weights)
