"""What a pretraining is to do: all looked up and checked before hours are spent."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Job:
    """What is to be done, with everything that was asked for looked up and checked."""

    settings: Pretraining
    learnt: LabelledImages
    tested: LabelledImages
    teacher: Network | None
    precision: Literal["f32", "bf16"]
    folder: Path
    trained_on: str
    license: str
    progress: Progress | None

    def looked_at(self) -> LabelledImages:
        """Return the validation images by which an epoch and a size are judged."""
        order = np.random.default_rng(self.settings.seed).permutation(len(self.tested))
        return self.tested.subset(order[:_LOOKED_AT])

    def described(self) -> dict[str, Any]:
        """Return everything that the result depends on, in JSON's types."""
        return {
            "data": [_fingerprint(part) for part in (self.learnt, self.tested)],
            "teacher": None if self.teacher is None else self.teacher.key,
            **self.settings.described(),
            "precision": self.precision,
        }


def name_of(dataset: str | Path | LabelledImages) -> str:
    """Return what to call a data set: as its folder or file is called."""
    return "not stated" if isinstance(dataset, LabelledImages) else Path(dataset).resolve().name


def check_place(out: Path) -> None:
    """Refuse a place that is in use.

    Raises
    ------
    UsageError
    """
    if out.is_file() or (out.is_dir() and any(out.iterdir())):
        raise UsageError(
            f"A backbone must be saved in a new or empty folder. Received: {out}, which holds "
            "something else. Choose another folder, or delete it."
        )


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


def find_teacher(named: str | Path | NetworkSpec | None) -> Network | None:
    """Return the network to learn from; errors are those of `find_network`."""
    if named is None:
        return None
    return find_network(named if isinstance(named, NetworkSpec) else NetworkSpec(named))


def _fingerprint(images: LabelledImages) -> str:
    names = [source.name for source in images.sources]
    return fingerprint(names, images.labels, ordered=True)
