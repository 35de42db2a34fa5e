"""Batches of activations that are kept on disk, see `headstart.finetuning.activations`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from headstart.training.batches import ShuffledBatches

if TYPE_CHECKING:
    from numpy.random import Generator

    from headstart.finetuning.activations import Activations
    from headstart.training.batches import Floats
    from headstart.training.subset import Indices


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ActivationBatches(ShuffledBatches):
    """Activations in batches, with another view of each image in each epoch.

    Parameters
    ----------
    activations : Activations
    """

    activations: Activations

    def _inputs(
        self, rows: Indices, chosen: Indices, epoch: int, size: int, random: Generator
    ) -> list[Floats]:
        del size, random
        n_views = self.activations.n_views
        first = np.random.default_rng(self.seed).integers(0, n_views, len(self.subset))
        return self.activations.read(rows, (first[chosen] + epoch) % n_views)
