"""The batches of an epoch, of activations that are kept: see `headstart.finetuning.activations`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from headstart.augmentation.blending import blend
from headstart.training.batches import Batch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from headstart.finetuning.activations import Activations


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class KeptBatches:
    """A training set, in batches; the counterpart of `headstart.training.batches.Batches`.

    Parameters
    ----------
    activations : Activations
    places : ndarray of int64, shape (n,)
        Which of its pictures are in the training set.
    labels : ndarray of int64, shape (n,)
    n_classes : int
    batch_size : int
        What is left over at the end of an epoch is left out of it; each epoch has its own order.
    mixup, cutmix : float
        See `headstart.augmentation.blending`; of what crosses the freeze point, not of the
        images.
    sample_weights : ndarray of float32, shape (n,), or None
        What each picture counts.
    seed : int
    """

    activations: Activations
    places: NDArray[np.int64]
    labels: NDArray[np.int64]
    n_classes: int
    batch_size: int
    mixup: float = 0.0
    cutmix: float = 0.0
    sample_weights: NDArray[np.float32] | None = None
    seed: int = 0

    def __len__(self) -> int:
        """Return the number of batches in an epoch."""
        return len(self.labels) // self.batch_size

    def epoch(self, epoch: int, sizes: Sequence[int]) -> Iterator[Batch]:
        """Yield the last ``len(sizes)`` batches of an epoch, counted from 0.

        Each picture is seen in one of its views, in as many epochs as there are views in each once.
        """
        order = np.random.default_rng((self.seed, epoch)).permutation(len(self.labels))
        for number in range(len(self) - len(sizes), len(self)):
            yield self._make(
                order[number * self.batch_size : (number + 1) * self.batch_size], epoch, number
            )

    def _make(self, chosen: NDArray[np.int64], epoch: int, number: int) -> Batch:
        n_views = self.activations.n_views
        first = np.random.default_rng(self.seed).integers(0, n_views, len(self.labels))
        images = self.activations.read(self.places[chosen], (first[chosen] + epoch) % n_views)
        classes = np.eye(self.n_classes, dtype=np.float32)[self.labels[chosen]]
        known = [classes] if self.sample_weights is None else [classes, self.sample_weights[chosen]]
        random = np.random.default_rng((self.seed, epoch, number))
        images, known = blend(
            images, known, random, mixup_alpha=self.mixup, cutmix_alpha=self.cutmix
        )
        return Batch(images, known[:1], None if len(known) == 1 else known[1])
