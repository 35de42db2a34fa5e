"""The batches of an epoch: the same ones for the same seed, from whichever batch one starts."""

from __future__ import annotations

import abc
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np

from headstart.augmentation.blending import blend
from headstart.training.views import ViewMaker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.random import Generator
    from numpy.typing import NDArray

    from headstart.augmentation.settings import Augmentation
    from headstart.training.subset import Indices, Subset

    Floats = NDArray[np.float32]
    Pixels = NDArray[np.uint8]

T = TypeVar("T")

_AHEAD = 4


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """What the network sees in one step.

    Attributes
    ----------
    inputs : ndarray of float32, shape (batch_size, ...), or list of them
        The inputs of the network. Images are RGB, 0 to 255.
    targets : list of ndarray of float32
        First the classes, as shares that add up to 1, shape (batch_size, n_classes). Then a
        teacher's targets, shape (batch_size, n_features), if there is a teacher.
    weights : ndarray of float32, shape (batch_size,), or None
        The weight of each sample in the loss, if they differ.
    """

    inputs: Floats | Pixels | list[Floats]
    targets: list[Floats]
    weights: Floats | None = None


class BatchSource(Protocol):
    """A training set, as `TrainingLoop` takes it."""

    def __len__(self) -> int:
        """Return the number of batches in an epoch."""

    def epoch(self, epoch: int, sizes: Sequence[int]) -> Iterator[Batch]:
        """Yield the last batches of an epoch.

        Parameters
        ----------
        epoch : int
            Counted from 0.
        sizes : sequence of int
            The image size of each batch that is wanted, up to `len` of this.
        """


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ShuffledBatches(abc.ABC):
    """A training set that is shuffled in each epoch, and may blend the samples of a batch.

    Parameters
    ----------
    subset : Subset
        The samples.
    batch_size : int
        The size of all batches; that of the whole training set if it is smaller. Samples left over
        at the end of an epoch are not used in it.
    mixup, cutmix : float
        See `headstart.augmentation.blending`. If both are above 0, each batch takes one of them.
        Blended samples have blended targets and weights.
    seed : int
        The seed of order, augmentation and blending.
    workers : int or None
        How many batches are made at the same time; None: see `headstart.training.views`.
    """

    subset: Subset
    batch_size: int
    mixup: float = 0.0
    cutmix: float = 0.0
    seed: int = 0
    workers: int | None = None

    def __len__(self) -> int:
        """Return the number of batches in an epoch."""
        return len(self.subset) // min(self.batch_size, len(self.subset))

    def epoch(self, epoch: int, sizes: Sequence[int]) -> Iterator[Batch]:
        """Yield the last batches of an epoch; see `BatchSource`."""
        order = np.random.default_rng((self.seed, epoch)).permutation(len(self.subset))
        first = len(self) - len(sizes)
        makers = (
            partial(self._make, order, epoch, number, size)
            for number, size in enumerate(sizes, first)
        )
        return made_ahead(makers, self._threads)

    def _make(self, order: Indices, epoch: int, number: int, size: int) -> Batch:
        random = np.random.default_rng((self.seed, epoch, number))
        chosen = order[number * self.batch_size : (number + 1) * self.batch_size]
        samples = self.subset.take(chosen)
        inputs = self._inputs(samples.rows, chosen, epoch, size, random)
        targets = self._targets(samples)
        if samples.weights is not None:
            targets.append(samples.weights)
        inputs, targets = blend(
            inputs, targets, random, mixup_alpha=self.mixup, cutmix_alpha=self.cutmix
        )
        weights = None if samples.weights is None else targets.pop()
        return Batch(inputs[0] if len(inputs) == 1 else inputs, targets, weights)

    @property
    def _threads(self) -> int:
        """From how many threads batches are made."""
        return self.workers or 1

    @abc.abstractmethod
    def _inputs(
        self, rows: Indices, chosen: Indices, epoch: int, size: int, random: Generator
    ) -> list[Any]:
        """Return the inputs for some samples: those at `rows`, `chosen` of the subset."""

    def _targets(self, samples: Subset) -> list[Floats]:
        return [np.eye(samples.n_classes, dtype=np.float32)[samples.labels]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ImageBatches(ShuffledBatches):
    """Images in batches, with new random views in each epoch.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (n_images, height, width, 3)
        RGB.
    augmentation : Augmentation
        Makes the views.
    teacher_targets : ndarray, shape (n_images, n_features), or None
        What the network learns from a teacher about each image.
    """

    pixels: NDArray[np.uint8]
    augmentation: Augmentation
    teacher_targets: NDArray[np.float16] | None = None
    _views: ViewMaker = field(init=False)

    def __post_init__(self) -> None:
        """Prepare what makes the views."""
        object.__setattr__(self, "_views", ViewMaker(self.pixels, self.workers))

    @property
    def _threads(self) -> int:
        return self._views.threads

    def _inputs(
        self, rows: Indices, chosen: Indices, epoch: int, size: int, random: Generator
    ) -> list[Any]:
        del chosen, epoch
        views = self._views(self.augmentation, rows.tolist(), size, random)
        # Whole numbers are a quarter of the bytes to upload. Blending makes fractions of some
        # batches: then all of them are, so that a step is compiled once.
        return [views.astype(np.float32) if self.mixup else views]

    def _targets(self, samples: Subset) -> list[Floats]:
        targets = ShuffledBatches._targets(self, samples)  # noqa: SLF001 - of its own base class
        if self.teacher_targets is not None:
            targets.append(self.teacher_targets[samples.rows].astype(np.float32))
        return targets


def made_ahead(makers: Iterable[Callable[[], T]], workers: int) -> Iterator[T]:
    """Call makers on threads, a few ahead of the result that is used; yield results in order."""
    waiting: deque[Future[T]] = deque()
    with ThreadPoolExecutor(workers, thread_name_prefix="headstart-batches") as pool:
        for make in makers:
            waiting.append(pool.submit(make))
            if len(waiting) >= _AHEAD + workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
