"""A running average of a network's weights: steadier, and usually better, than the last ones."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keras import Model
    from numpy.typing import NDArray

    Arrays = list[NDArray[np.float32]]


class WeightAverage:
    """An exponential average over the weights that a network had.

    Parameters
    ----------
    model : keras.Model
        Its weights are averaged, the statistics of batch normalisation among them.
    memory : float
        How many updates are remembered; the first ones weigh no more than the rest.

    References
    ----------
    Polyak and Juditsky 1992, doi:10.1137/0330046; Tarvainen and Valpola 2017, arXiv:1703.01780.
    """

    def __init__(self, model: Model, memory: float) -> None:
        self._model = model
        self._memory = memory
        self.updates = 0
        self.weights: Arrays = _weights(model)

    def update(self) -> None:
        """Take the network's present weights into account."""
        self.updates += 1
        share = np.float32(1 / min(self.updates, self._memory))
        for average, now in zip(self.weights, _weights(self._model), strict=True):
            np.add(average, share * (now - average), out=average)

    @contextlib.contextmanager
    def in_place(self) -> Iterator[None]:
        """Let the network have the average for its weights inside the block."""
        present = _weights(self._model)
        self._model.set_weights(self.weights)
        try:
            yield
        finally:
            self._model.set_weights(present)


def _weights(model: Model) -> Arrays:
    return [np.array(weight, np.float32) for weight in model.get_weights()]
