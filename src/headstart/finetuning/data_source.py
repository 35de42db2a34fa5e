"""What a network learns from: pictures, or what the frozen part of it makes of them."""

from __future__ import annotations

import abc
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from headstart.augmentation.settings import Augmentation
from headstart.finetuning.activation_batches import ActivationBatches
from headstart.finetuning.activations import (
    Activations,
    affordable_views,
    bytes_of_view,
    compute,
    frozen_part,
)
from headstart.storage import whole_file
from headstart.training.batches import BatchSource, ImageBatches
from headstart.training.validation import ValidationSet

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from headstart.finetuning.plan import Plan
    from headstart.finetuning.settings import FineTuning
    from headstart.progress import Progress
    from headstart.training.freezing import FreezePoint

    Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Subset:
    """Some of the pictures, with what is known of them.

    Attributes
    ----------
    places : ndarray of int64, shape (n,)
        Which they are.
    labels : ndarray of int64, shape (n,)
    weights : ndarray of float32, shape (n,)
        What each counts.
    n_classes : int
    """

    places: Places
    labels: Places
    weights: NDArray[np.float32]
    n_classes: int

    def of(self, numbers: Places) -> Subset:
        """Return some of them."""
        return Subset(
            self.places[numbers], self.labels[numbers], self.weights[numbers], self.n_classes
        )


class Material(abc.ABC):
    """What a network learns from, and is judged by.

    Attributes
    ----------
    n_views : int
        Views that are kept of each picture; 0 if each look is a new one.
    notes : tuple of str
        What went another way than asked for, and why.
    """

    n_views: int
    notes: tuple[str, ...]

    @abc.abstractmethod
    def batches(self, lot: Subset, recipe: FineTuning) -> BatchSource:
        """Return the training set."""

    @abc.abstractmethod
    def validation(self, lot: Subset) -> ValidationSet:
        """Return pictures to judge by, each as it is."""


@dataclass(frozen=True, slots=True, eq=False)
class Pictures(Material):
    """Pixels: the whole network is run on new views each time."""

    pixels: NDArray[np.uint8]
    size: int
    notes: tuple[str, ...] = ()
    n_views: int = 0

    def batches(self, lot: Subset, recipe: FineTuning) -> BatchSource:
        """Return the training set."""
        chosen: Any = _Chosen(self.pixels, lot.places)
        return ImageBatches(
            pixels=chosen,
            labels=lot.labels,
            n_classes=lot.n_classes,
            batch_size=min(recipe.batch_size, len(lot.labels)),
            augmentation=recipe.augmentation,
            mixup=recipe.mixup,
            cutmix=recipe.cutmix,
            sample_weights=lot.weights,
            seed=recipe.seed,
            workers=recipe.workers,
        )

    def validation(self, lot: Subset) -> ValidationSet:
        """Return pictures to judge by, each as it is."""
        same, random = Augmentation.none(), np.random.default_rng(0)

        def read(numbers: Places) -> NDArray[np.float32]:
            pictures = [self.pixels[place] for place in lot.places[numbers]]
            return same.batch(pictures, self.size, random)

        return ValidationSet(lot.labels, read)


@dataclass(frozen=True, slots=True, eq=False)
class Kept(Material):
    """What the frozen part makes of some views: only the part above it is run."""

    activations: Activations
    notes: tuple[str, ...] = ()

    @property
    def n_views(self) -> int:  # type: ignore[override]
        """Views of each picture."""
        return self.activations.n_views

    def batches(self, lot: Subset, recipe: FineTuning) -> BatchSource:
        """Return the training set."""
        return ActivationBatches(
            activations=self.activations,
            places=lot.places,
            labels=lot.labels,
            n_classes=lot.n_classes,
            batch_size=min(recipe.batch_size, len(lot.labels)),
            mixup=recipe.mixup,
            cutmix=recipe.cutmix,
            sample_weights=lot.weights,
            seed=recipe.seed,
        )

    def validation(self, lot: Subset) -> ValidationSet:
        """Return pictures to judge by, each as it is."""
        return ValidationSet(lot.labels, lambda numbers: self.activations.read(lot.places[numbers]))


@dataclass(frozen=True, slots=True, eq=False)
class _Chosen:
    """Some rows of an array, read when they are asked for."""

    values: NDArray[np.uint8]
    places: Places

    def __getitem__(self, chosen: Any) -> NDArray[np.uint8]:  # noqa: ANN401 - an index
        return self.values[self.places[chosen]]


def prepare(plan: Plan, point: FreezePoint, folder: Path, progress: Progress | None) -> Material:
    """Return what to learn from: activations where they can and are to be kept, else pictures.

    Raises
    ------
    StorageError
        If what there was room for can't be written after all.
    """
    pixels, recipe = plan.decode(folder, progress), plan.recipe
    if point.upper is None or not recipe.views:
        return Pictures(pixels, plan.size)
    n_views = _views(point, recipe, len(pixels), folder)
    if not n_views:
        return Pictures(pixels, plan.size, (_no_room(point, len(pixels)),))
    size = plan.frozen.network_.size
    kept = compute(
        frozen_part(plan.row, plan.weights, size, point.crossing, folder / "frozen"),
        pixels,
        augmentation=recipe.augmentation,
        n_views=n_views,
        seed=recipe.seed,
        folder=folder,
        progress=progress,
    )
    fewer = n_views < recipe.wanted_views
    return Kept(kept, (_fewer(n_views, recipe.wanted_views),) if fewer else ())


def _views(point: FreezePoint, recipe: FineTuning, n: int, folder: Path) -> int:
    """Return how many views to keep: what was decided before, since it took up the room then."""
    decided = folder / "views.json"
    if decided.exists():
        return int(json.loads(decided.read_text("utf-8")))
    n_views = affordable_views(point.shapes, n, recipe.wanted_views, recipe.store_limit, folder)
    with whole_file(decided) as new:
        new.write_text(json.dumps(n_views), "utf-8")
    return n_views


def _no_room(point: FreezePoint, n: int) -> str:
    return (
        f"What lies below the freeze point was computed anew for every look: keeping it for {n:,} "
        f"pictures takes {bytes_of_view(point.shapes, n) / 2**30:,.1f} GiB, for which there is no "
        "room (store_limit, or the disk)."
    )


def _fewer(n_views: int, wanted: int) -> str:
    return f"There was room for {n_views} views of each picture instead of {wanted}."
