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
    anchor : float
        How much of the weights it has now is in the result, 0 to 1: a network half-way between the
        one that was pre-trained and the one that was fine-tuned often does better on pictures of
        another kind than either, and hardly worse on those it was tuned on.

    References
    ----------
    Polyak and Juditsky 1992, doi:10.1137/0330046; Tarvainen and Valpola 2017, arXiv:1703.01780;
    Wortsman et al. 2021, arXiv:2109.01903 (WiSE-FT, the anchor).
    """

    def __init__(self, model: Model, memory: float, *, anchor: float = 0.0) -> None:
        self._model = model
        self._memory = memory
        self._anchor = np.float32(anchor)
        self.updates = 0
        self.weights: Arrays = _weights(model)
        self.start: Arrays = _weights(model) if anchor else []

    def update(self) -> None:
        """Take the network's present weights into account."""
        self.updates += 1
        share = np.float32(1 / min(self.updates, self._memory))
        for average, now in zip(self.weights, _weights(self._model), strict=True):
            np.add(average, share * (now - average), out=average)

    def result(self) -> Arrays:
        """Return the average, with as much of the first weights as the anchor says."""
        if not self._anchor:
            return self.weights
        return [
            average + self._anchor * (first - average)
            for average, first in zip(self.weights, self.start, strict=True)
        ]

    @contextlib.contextmanager
    def in_place(self) -> Iterator[None]:
        """Let the network have the result for its weights inside the block."""
        present = _weights(self._model)
        self._model.set_weights(self.result())
        try:
            yield
        finally:
            self._model.set_weights(present)


def _weights(model: Model) -> Arrays:
    return [np.array(weight, np.float32) for weight in model.get_weights()]
