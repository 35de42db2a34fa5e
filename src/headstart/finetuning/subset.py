"""Some of the images of a fine-tuning, such as a training or a validation set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Indices = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Subset:
    """Some of the images, with their classes and weights.

    Attributes
    ----------
    rows : ndarray of int64, shape (n,)
        Where these images stand among all.
    labels : ndarray of int64, shape (n,)
        The class of each, 0 to n_classes - 1.
    weights : ndarray of float32, shape (n,)
        The weight of each in the loss.
    n_classes : int
    """

    rows: Indices
    labels: Indices
    weights: NDArray[np.float32]
    n_classes: int

    def take(self, chosen: Indices) -> Subset:
        """Return some of these images."""
        return Subset(self.rows[chosen], self.labels[chosen], self.weights[chosen], self.n_classes)
