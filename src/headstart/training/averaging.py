"""A running average of a network's weights: steadier, and usually better, than the last ones."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from headstart.training.steps import Arrays, Steps


class WeightAverage:
    """An exponential average of the weights that a network has had.

    Parameters
    ----------
    steps : Steps
        Train the network. The statistics of its batch normalisation are averaged, too.
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

    def __init__(self, steps: Steps, memory: float, *, anchor: float = 0.0) -> None:
        self._steps = steps
        self._memory = memory
        self._anchor = np.float32(anchor)
        self.updates = 0
        self._average = steps.mixed(None, 1)
        self.start: Arrays = self.weights if anchor else []

    @property
    def weights(self) -> Arrays:
        """A copy of the average."""
        return self._steps.arrays(self._average)

    def update(self) -> None:
        """Take the network's present weights into the average."""
        self.updates += 1
        self._average = self._steps.mixed(self._average, 1 / min(self.updates, self._memory))

    def resume(self, weights: Arrays, updates: int, start: Arrays) -> None:
        """Continue from an average of some updates, and the first weights if there is an anchor."""
        self._average, self.updates = weights, updates
        if self._anchor:
            self.start = start

    def result(self) -> Arrays:
        """Return a copy of the average, mixed with the first weights as the anchor says."""
        if not self._anchor:
            return self.weights
        return [
            average + self._anchor * (first - average)
            for average, first in zip(self.weights, self.start, strict=True)
        ]

    @contextlib.contextmanager
    def applied(self) -> Iterator[None]:
        """Give the network the result as its weights while the context is open."""
        self._steps.settle()
        network = self._steps.network
        present = [np.array(weight, np.float32) for weight in network.get_weights()]
        network.set_weights(self.result())
        try:
            yield
        finally:
            self._steps.settle()
            network.set_weights(present)
