"""What a pre-training starts from, looked up and checked before hours are spent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from headstart.backbones.finding import find_network
from headstart.backbones.spec import NetworkSpec
from headstart.data.labelled_images import LabelledImages, fingerprint
from headstart.data.labels import check_test_labels
from headstart.data.splits import stratified_split
from headstart.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from headstart.features.engine import Precision
    from headstart.networks.network import Network
    from headstart.pretraining.settings import Pretraining
    from headstart.progress import Progress

VALIDATION_FRACTION = 0.1
# This many validation images decide about epochs and sizes. All of them measure the result.
_SAMPLE = 2000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Job:
    """What a pre-training starts from.

    Attributes
    ----------
    settings : Pretraining
    train, validation : LabelledImages
    teacher : Network or None
    precision : {"f32", "bf16"}
        What training computes in.
    folder : Path
        The folder to work in.
    trained_on, license : str
        The name of the dataset, and the licence of the weights.
    progress : Progress or None
    """

    settings: Pretraining
    train: LabelledImages
    validation: LabelledImages
    teacher: Network | None
    precision: Precision
    folder: Path
    trained_on: str
    license: str
    progress: Progress | None

    def validation_sample(self) -> LabelledImages:
        """Return the validation images that decide about epochs and sizes."""
        order = np.random.default_rng(self.settings.seed).permutation(len(self.validation))
        return self.validation.subset(order[:_SAMPLE])

    def described(self) -> dict[str, Any]:
        """Return everything that the result depends on, in JSON's types."""
        return {
            "data": [_fingerprint(part) for part in (self.train, self.validation)],
            "teacher": None if self.teacher is None else self.teacher.key,
            **self.settings.described(),
            "precision": self.precision,
        }


def split_images(
    images: LabelledImages, settings: Pretraining
) -> tuple[LabelledImages, LabelledImages]:
    """Return the training and the validation images.

    Raises
    ------
    UsageError
        If there are too few training images.
    DatasetError
        If there are validation images of other classes.
    """
    if images.split is None:
        rows = stratified_split(images.labels, VALIDATION_FRACTION, settings.seed)
        train, validation = map(images.subset, rows)
    else:
        name = "valid" if "valid" in images.split else "test"
        train, validation = images.part("train"), images.part(name)
    if len(train) < settings.batch_size:
        raise UsageError(
            "There must be at least as many training images as in one batch, "
            f"{settings.batch_size}. Received: {len(train)}. Choose a smaller batch_size. But a "
            "network is trained from scratch on many thousands of images; for few, use `headstart "
            "train`, which builds on a pre-trained network."
        )
    check_test_labels(validation.labels, set(train.labels))
    return train, validation


def find_teacher(teacher: str | Path | NetworkSpec | None) -> Network | None:
    """Return the network to learn from; see `find_network` for errors."""
    if teacher is None:
        return None
    return find_network(NetworkSpec.of(teacher))


def _fingerprint(images: LabelledImages) -> str:
    names = [source.name for source in images.sources]
    return fingerprint(names, images.labels, ordered=True)
