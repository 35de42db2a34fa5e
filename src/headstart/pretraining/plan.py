"""What a pretraining is to do: all looked up and checked before hours are spent."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from headstart.augmentation.settings import Augmentation
from headstart.backbones.architectures import ARCHITECTURES
from headstart.backbones.networks import find_network
from headstart.backbones.spec import NetworkSpec
from headstart.data import LabelledImages, stratified_split
from headstart.data.fingerprint import fingerprint
from headstart.errors import UsageError

if TYPE_CHECKING:
    from headstart.backbones.network import Network
    from headstart.pretraining.settings import Pretraining
    from headstart.progress import Progress

VALIDATION_FRACTION = 0.1
# So many validation pictures are looked at after each epoch; all of them at the end.
_LOOKED_AT = 2000
# The least and the largest height and width of the training pictures.
SIZES = (32, 256)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Job:
    """What is to be done, with everything that was asked for looked up and checked."""

    architecture: str
    recipe: Pretraining
    learnt: LabelledImages
    tested: LabelledImages
    teacher: Network | None
    precision: Literal["f32", "bf16"]
    seed: int
    folder: Path
    trained_on: str
    license: str
    workers: int
    progress: Progress | None

    def looked_at(self) -> LabelledImages:
        """Return the validation pictures by which an epoch and a size are judged."""
        order = np.random.default_rng(self.seed).permutation(len(self.tested))
        return self.tested.subset(order[:_LOOKED_AT])

    def settings(self) -> dict[str, Any]:
        """Return everything that the result depends on."""
        # Layers can't be copied as `asdict` does: they describe themselves.
        recipe = asdict(replace(self.recipe, augmentation=Augmentation.none()))
        recipe["augmentation"] = self.recipe.augmentation.described()
        return {
            "data": [_fingerprint(part) for part in (self.learnt, self.tested)],
            "architecture": self.architecture,
            "recipe": recipe,
            "teacher": None if self.teacher is None else self.teacher.key,
            "precision": self.precision,
            "seed": self.seed,
        }


def name_of(dataset: str | Path | LabelledImages) -> str:
    """Return what to call a data set: as its folder or file is called."""
    return "not stated" if isinstance(dataset, LabelledImages) else Path(dataset).resolve().name


def check_request(out: Path, architecture: str, size: int) -> None:
    """Refuse what can't be asked for, or has no place to go.

    Raises
    ------
    UsageError
    """
    if out.is_file() or (out.is_dir() and any(out.iterdir())):
        raise UsageError(
            f"A backbone is kept in a new or empty folder. {out} is something else: choose another "
            "name, or delete it."
        )
    if architecture not in ARCHITECTURES:
        raise UsageError(
            f"The architecture must be one of {', '.join(ARCHITECTURES)}. "
            f"Received: {architecture!r}."
        )
    if not SIZES[0] <= size <= SIZES[1]:
        raise UsageError(f"size must be from {SIZES[0]} to {SIZES[1]} pixels. Received: {size}.")


def check_amount(learnt: LabelledImages, tested: LabelledImages, batch_size: int) -> None:
    """Refuse pictures that a network can't be trained on.

    Raises
    ------
    UsageError
    """
    if len(learnt) < batch_size:
        raise UsageError(
            f"There must be as many pictures to train on as in one batch: {batch_size}. Received: "
            f"{len(learnt)}. Choose a smaller batch; but a network is trained from scratch on many "
            "thousands of pictures. For few, `headstart train` builds on what others trained."
        )
    unknown = set(tested.labels) - set(learnt.labels)
    if unknown:
        raise UsageError(
            "What the validation pictures show must be among the training pictures. "
            f"{len(unknown)} kinds are not: {', '.join(sorted(map(str, unknown))[:5])}."
        )


def divide(images: LabelledImages, seed: int) -> tuple[LabelledImages, LabelledImages]:
    """Return the pictures to train on and those to measure by."""
    if images.split is None:
        learnt, tested = stratified_split(images.labels, VALIDATION_FRACTION, seed)
        return images.subset(learnt), images.subset(tested)
    name = "valid" if "valid" in images.split else "test"
    return images.part("train"), images.part(name)


def find_teacher(
    teacher: str | Path | None, weights: str | Path | None, size: int | None
) -> Network | None:
    """Return the network to learn from; errors are those of `find_network`."""
    if teacher is None:
        return None
    square = None if size is None else (size, size)
    return find_network(NetworkSpec(teacher, weights=weights, size=square))


def _fingerprint(images: LabelledImages) -> str:
    names = [source.name for source in images.sources]
    return fingerprint(names, images.labels, ordered=True)
