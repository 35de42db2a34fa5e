"""The batches of an epoch: the same ones for the same seed, from whichever batch one starts."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from headstart.augmentation.blending import blend

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from headstart.augmentation.settings import Augmentation

    Floats = NDArray[np.float32]

T = TypeVar("T")

_AHEAD = 4


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """What one step is computed from.

    Attributes
    ----------
    images : ndarray of float32, shape (batch_size, size, size, 3)
        RGB, 0 to 255. Or a list of what crosses the freeze point, each (batch_size, ...).
    targets : list of ndarray of float32
        First the classes, as shares that add up to 1, shape (batch_size, n_classes); then what the
        teacher says, shape (batch_size, n_features), if there is one.
    weights : ndarray of float32, shape (batch_size,), or None
        How much each image counts, where they don't count the same.
    """

    images: Floats | list[Floats]
    targets: list[Floats]
    weights: Floats | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Batches:
    """A training set, in batches.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (n, height, width, 3)
    labels : ndarray of int64, shape (n,)
    n_classes : int
    teacher_targets : ndarray, shape (n, n_features), or None
        What a teacher says about each picture.
    batch_size : int
        What is left over at the end of an epoch is left out of it; each epoch has its own order.
    augmentation : Augmentation
    mixup, cutmix : float
        See `headstart.augmentation.blending`; if both are above 0, each batch takes one of them.
    sample_weights : ndarray of float32, shape (n,), or None
        How much each picture counts. Blended pictures count as their blend.
    seed : int
    workers : int
        Threads that make batches.
    """

    pixels: NDArray[np.uint8]
    labels: NDArray[np.int64]
    n_classes: int
    teacher_targets: NDArray[np.float16] | None
    batch_size: int
    augmentation: Augmentation
    mixup: float
    cutmix: float = 0.0
    sample_weights: Floats | None = None
    seed: int
    workers: int = 1

    def __len__(self) -> int:
        """Return the number of batches in an epoch."""
        return len(self.labels) // self.batch_size

    def epoch(self, epoch: int, sizes: Sequence[int]) -> Iterator[Batch]:
        """Yield the last batches of an epoch.

        Parameters
        ----------
        epoch : int
            Counted from 0.
        sizes : sequence of int
            The image size of each batch that is wanted: as many as are to come. All of an epoch's
            batches are `len` of this.
        """
        order = np.random.default_rng((self.seed, epoch)).permutation(len(self.labels))
        start = len(self) - len(sizes)
        return made_ahead(
            (
                partial(self._make, order, epoch, start + place, size)
                for place, size in enumerate(sizes)
            ),
            self.workers,
        )

    def _make(self, order: NDArray[np.int64], epoch: int, number: int, size: int) -> Batch:
        random = np.random.default_rng((self.seed, epoch, number))
        chosen = order[number * self.batch_size : (number + 1) * self.batch_size]
        images = self.augmentation.batch([self.pixels[index] for index in chosen], size, random)
        targets = [np.eye(self.n_classes, dtype=np.float32)[self.labels[chosen]]]
        if self.teacher_targets is not None:
            targets.append(self.teacher_targets[chosen].astype(np.float32))
        if self.sample_weights is not None:
            targets.append(self.sample_weights[chosen].astype(np.float32))
        (images,), targets = blend(
            [images], targets, random, mixup_alpha=self.mixup, cutmix_alpha=self.cutmix
        )
        weights = None if self.sample_weights is None else targets.pop()
        return Batch(images, targets, weights)


def made_ahead(makers: Iterable[Callable[[], T]], workers: int) -> Iterator[T]:
    """Make batches on threads, a few ahead of the one that is used, in order."""
    waiting: deque[Future[T]] = deque()
    with ThreadPoolExecutor(workers, thread_name_prefix="headstart-batches") as pool:
        for make in makers:
            waiting.append(pool.submit(make))
            if len(waiting) > _AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
