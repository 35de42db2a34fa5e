"""Training steps: what computes a batch's gradients and moves the weights, on each backend.

Each backend has one of its own, because what makes a step fast differs; see docs/adr/0019.
"""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import SupportsFloat

    from keras import Model
    from keras.optimizers import Optimizer
    from numpy.typing import NDArray

    from headstart.training.batches import Batch

    Arrays = list[NDArray[np.float32]]
    #: Loss and accuracy of a batch. To turn them into numbers waits for the device.
    Figures = tuple[SupportsFloat, SupportsFloat]


class Steps(abc.ABC):
    """Trains a model, batch by batch.

    While it trains, a backend may hold the present state elsewhere than in Keras's variables. Call
    `settle` before you read or assign those of the model or its optimizer.

    Parameters
    ----------
    model : keras.Model
        What is trained. Its first output is class probabilities.
    network : keras.Model
        The part of it that is kept, from inputs to class probabilities.
    optimizer : keras.Optimizer
        Built with the model's trainable variables.
    """

    def __init__(self, model: Model, network: Model, optimizer: Optimizer) -> None:
        self.model = model
        self.network = network
        self.optimizer = optimizer

    @abc.abstractmethod
    def train(self, batch: Batch, rate: float) -> Figures:
        """Make a step with this learning rate; it may still run when this returns.

        Returns
        -------
        loss, accuracy : number
            Means over the batch, before the step.
        """

    @abc.abstractmethod
    def predict(self, inputs: Any) -> NDArray[np.float32]:
        """Return the network's class probabilities (n, k) for a batch."""

    @abc.abstractmethod
    def mixed(self, average: Sequence[Any] | None, share: float) -> Sequence[Any]:
        """Return an average of the network's weights, moved to its present ones by a share.

        Parameters
        ----------
        average : sequence of array
            What this returned before, which must not be used any more; or NumPy arrays. None with a
            share of 1.
        share : float
            1 for a copy of the present weights.
        """

    def arrays(self, average: Sequence[Any]) -> Arrays:
        """Return a copy of an average that `mixed` returned, for use outside of the device."""
        return [np.array(each, np.float32) for each in average]

    @abc.abstractmethod
    def settle(self) -> None:
        """Give Keras's variables the present state."""


def as_list(values: Any) -> list[Any]:
    """Return what Keras gives as one value or as a list of them as a list."""
    return list(values) if isinstance(values, list | tuple) else [values]
