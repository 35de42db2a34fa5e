"""What a network is fine-tuned on: images, or the activations of its frozen part."""

from __future__ import annotations

import abc
import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np

from headstart.augmentation.settings import Augmentation
from headstart.descriptions import DescriptionFile
from headstart.errors import DamagedModel, HeadstartError
from headstart.finetuning.activation_batches import ActivationBatches
from headstart.finetuning.activations import (
    Activations,
    affordable_views,
    bytes_of_view,
    compute_activations,
    frozen_part,
)
from headstart.finetuning.rebuilt_network import frozen_graph
from headstart.storage.whole_files import whole_file
from headstart.training.batches import ImageBatches
from headstart.training.pixels import decode_images
from headstart.training.validation import ValidationSet
from headstart.untrusted.json_text import read_json

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from headstart.backbones.row import Backbone
    from headstart.backbones.weights import WeightsFile
    from headstart.finetuning.plan import Plan
    from headstart.finetuning.settings import FineTuning
    from headstart.finetuning.split_network import SplitNetwork
    from headstart.networks.network import Network
    from headstart.progress import Progress
    from headstart.training.batches import ShuffledBatches
    from headstart.training.freezing import FreezePoint
    from headstart.training.subset import Indices, Subset

# How many views of each image are kept.
_VIEWS = DescriptionFile("views.json", "fine-tuning", newest=1)


class DataSource(abc.ABC):
    """What a network is fine-tuned on and validated with."""

    @abc.abstractmethod
    def batches(self, subset: Subset, settings: FineTuning) -> ShuffledBatches:
        """Return some of the images as training set."""

    @abc.abstractmethod
    def validation(self, subset: Subset) -> ValidationSet:
        """Return some of the images, without augmentation, as validation set."""


@dataclass(frozen=True, slots=True, eq=False)
class ImageData(DataSource):
    """Images. The whole network runs on a new view of each in every epoch.

    Attributes
    ----------
    pixels : ndarray of uint8, shape (n, side, side, 3)
    size : int
        Height and width of the images that the network takes.
    """

    pixels: NDArray[np.uint8]
    size: int

    def batches(self, subset: Subset, settings: FineTuning) -> ImageBatches:
        """Return some of the images as training set."""
        return ImageBatches(
            pixels=self.pixels,
            augmentation=settings.augmentation,
            subset=subset,
            batch_size=settings.batch_size,
            mixup=settings.mixup,
            cutmix=settings.cutmix,
            seed=settings.seed,
            workers=settings.workers,
        )

    def validation(self, subset: Subset) -> ValidationSet:
        """Return some of the images, without augmentation, as validation set."""
        whole, random = Augmentation.none(), np.random.default_rng(0)

        def read(numbers: Indices) -> NDArray[np.float32] | NDArray[np.uint8]:
            images = [self.pixels[row] for row in subset.rows[numbers]]
            return whole.batch(images, self.size, random)

        return ValidationSet(subset.labels, read)


@dataclass(frozen=True, slots=True, eq=False)
class ActivationData(DataSource):
    """Activations at the freeze point. Only the part of the network above it runs."""

    activations: Activations

    def batches(self, subset: Subset, settings: FineTuning) -> ActivationBatches:
        """Return some of the images as training set."""
        return ActivationBatches(
            activations=self.activations,
            subset=subset,
            batch_size=settings.batch_size,
            mixup=settings.mixup,
            cutmix=settings.cutmix,
            seed=settings.seed,
            workers=settings.workers,
        )

    def validation(self, subset: Subset) -> ValidationSet:
        """Return some of the images, without augmentation, as validation set."""
        return ValidationSet(
            subset.labels, lambda numbers: self.activations.read(subset.rows[numbers])
        )


def prepare_data(
    plan: Plan, split: SplitNetwork, n_views: int, folder: Path, progress: Progress | None
) -> DataSource:
    """Decode the images, and compute their activations at the freeze point if views are kept.

    Parameters
    ----------
    plan : Plan
    split : SplitNetwork
    n_views : int
        Views of each image to keep at the freeze point, see `views_to_keep`.
    folder : Path
        Where to keep images and activations.
    progress : Progress, optional

    Raises
    ------
    ImageError
        If an image can't be read any more.
    StorageError
        If there is not enough room after all.
    """
    pixels = decode_images(
        plan.sources,
        plan.frozen.resize_,
        folder / "pixels.raw",
        enlarge=False,
        accept_truncated=plan.frozen.accept_truncated,
        progress=progress,
    )
    if pixels.unreadable:
        raise pixels.unreadable[0].error
    if not n_views:
        return ImageData(pixels.values, plan.size)
    activations = compute_activations(
        _frozen(plan, split, folder / "frozen"),
        pixels.values,
        augmentation=plan.settings.augmentation,
        n_views=n_views,
        seed=plan.settings.seed,
        folder=folder,
        device=plan.frozen.device,
        progress=progress,
    )
    return ActivationData(activations)


def _frozen(plan: Plan, split: SplitNetwork, folder: Path) -> Network:
    """Return the part of the network below the freeze point."""
    origin, layers = plan.origin, split.point.crossing
    if split.rebuilt is not None:
        return frozen_graph(split.rebuilt, origin.plain, layers, folder)
    row, weights = cast("tuple[Backbone, WeightsFile]", origin.built)
    return frozen_part(row, weights, plan.size, layers, folder)


def views_to_keep(
    point: FreezePoint, settings: FineTuning, n_images: int, folder: Path
) -> tuple[int, tuple[str, ...]]:
    """Return how many views of each image to keep at the freeze point, and a note if few fit.

    The number is written into the folder: a training that continues keeps as many as before, since
    those take up the room now.
    """
    if point.upper is None or not settings.views:
        return 0, ()
    decided = folder / _VIEWS.name
    if not decided.exists():
        n_views = affordable_views(
            point.shapes, n_images, settings.wanted_views, settings.store_limit, folder
        )
        with whole_file(decided) as new:
            new.write_text(_VIEWS.text({"views": n_views}), "utf-8")
    n_views = _read_views(decided, settings.wanted_views)
    return n_views, _notes(point, n_images, n_views, settings.wanted_views)


def _read_views(decided: Path, wanted: int) -> int:
    with contextlib.suppress(HeadstartError, LookupError, OSError, TypeError, ValueError):
        written = read_json(decided)
        # headstart 0.1 wrote the number alone.
        n_views = written if type(written) is int else _VIEWS.read(decided.parent)["views"]
        if 0 <= n_views <= wanted:
            return int(n_views)
    raise DamagedModel(
        f"{decided} must hold a number of views as headstart wrote it, but it was altered. Start "
        "anew (--restart)."
    )


def _notes(point: FreezePoint, n_images: int, n_views: int, wanted: int) -> tuple[str, ...]:
    if n_views == wanted:
        return ()
    if n_views:
        return (f"There was room for {n_views} views of each image instead of {wanted}.",)
    gibibytes = bytes_of_view(point.shapes, n_images) / 2**30
    return (
        (
            "The layers below the freeze point ran in every step, on a new view each time. Keeping "
            f"their output for {n_images:,} images takes {gibibytes:,.1f} GiB, for which there is "
            "no room (store_limit, or the disk)."
        ),
    )
