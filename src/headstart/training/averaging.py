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
    """An exponential average of the weights that a network has had.

    Parameters
    ----------
    model : keras.Model
        The network. The statistics of its batch normalisation are averaged, too.
    memory : float
        The number of updates that the average remembers. The first weights count no more than the
        others. With 1 it is the weights at the last update.
    anchor : float
        The share of the present weights in the result, 0 to 1. A network half-way between
        pre-trained and fine-tuned weights is often more accurate on other kinds of images than
        either, and hardly less accurate on those it was tuned on.

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
        """Take the network's present weights into the average."""
        self.updates += 1
        share = np.float32(1 / min(self.updates, self._memory))
        if share == 1:
            self.weights = _weights(self._model)
            return
        for average, now in zip(self.weights, _weights(self._model), strict=True):
            np.add(average, share * (now - average), out=average)

    def result(self) -> Arrays:
        """Return a copy of the average, mixed with the first weights as the anchor says."""
        if not self._anchor:
            return [average.copy() for average in self.weights]
        return [
            average + self._anchor * (first - average)
            for average, first in zip(self.weights, self.start, strict=True)
        ]

    @contextlib.contextmanager
    def applied(self) -> Iterator[None]:
        """Give the network the result as its weights while the context is open."""
        present = _weights(self._model)
        self._model.set_weights(self.result())
        try:
            yield
        finally:
            self._model.set_weights(present)


def _weights(model: Model) -> Arrays:
    return [np.array(weight, np.float32) for weight in model.get_weights()]
