"""The training of a network from scratch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from headstart.backbones.architectures import ARCHITECTURES
from headstart.errors import StorageError, UsageError
from headstart.images.resizing import Resize
from headstart.pretraining.summary import CURVES, HISTORY
from headstart.pretraining.teacher import compiled_with_teacher, teacher_targets
from headstart.storage.whole_files import whole_file
from headstart.training.batches import ImageBatches
from headstart.training.history import write_history
from headstart.training.loop import TrainingLoop
from headstart.training.pixels import decode_images, side_for_views
from headstart.training.precision import DTYPE_POLICIES, kept_dtype_policy
from headstart.training.seeding import seeded
from headstart.training.subset import Subset
from headstart.training.validation import ValidationSet
from headstart.training.whole_job import WholeJob

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from types import ModuleType

    from keras import Model
    from numpy.typing import NDArray

    from headstart.data.labelled_images import LabelledImages
    from headstart.images.notes import NoteCount
    from headstart.images.sources import UnreadableImage
    from headstart.pretraining.plan import Job
    from headstart.progress import Progress
    from headstart.training.history import Epoch
    from headstart.training.pixels import Pixels
    from headstart.training.steps import Steps


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """A network at the end of its training.

    Attributes
    ----------
    network : keras.Model
        With the weights of the best epoch.
    history : tuple of Epoch
    best_epoch : int
        Counted from 1.
    n_train : int
        The number of training images that could be read.
    unreadable : tuple of UnreadableImage
        The other training images.
    notes : tuple of NoteCount
        How many training images were read by a rule that may surprise, for each rule.
    """

    network: Model
    history: tuple[Epoch, ...]
    best_epoch: int
    n_train: int
    unreadable: tuple[UnreadableImage, ...]
    notes: tuple[NoteCount, ...]


def train_network(keras: ModuleType, job: Job) -> Trained:
    """Train a network, or continue from its last checkpoint."""
    whole = WholeJob("pre-training", job.progress)
    with whole.bar():
        return _train(keras, job, whole)


def _train(keras: ModuleType, job: Job, whole: WholeJob) -> Trained:
    settings, sample = job.settings, job.validation_sample()
    decoding = whole.part(len(job.train) + len(sample), 0.05)
    teaching = whole.part(0 if job.teacher is None else len(job.train), 0.1)
    training = whole.part(1, 0.85)
    side = side_for_views(job.train.sources, settings.size)
    pixels = _decode(job, job.train, side, "train", decoding)
    _check_same(job.folder, pixels)
    batches = _batches(job, pixels, teaching)
    validation = _validation_set(job, sample, decoding)
    with kept_dtype_policy(keras), seeded(settings.seed):
        steps = _compiled(keras, job)
    loop = TrainingLoop(
        steps,
        batches,
        validation=validation,
        schedule=settings.schedule(),
        folder=job.folder,
    )
    loop.resume()
    training.resize(loop.work())
    training.skip(loop.work_done)
    for epoch in loop.run(training):
        _write_epochs(loop.history, loop.best_epoch, job.folder, whole)
        whole.say(epoch.described(whole.seconds_left()))
    loop.finish()
    return Trained(
        steps.network,
        tuple(loop.history),
        loop.best_epoch,
        len(pixels.places),
        pixels.unreadable,
        pixels.notes,
    )


def _check_same(folder: Path, pixels: Pixels) -> None:
    """Refuse to continue a training whose images have other contents by now.

    The settings of the folder know only their names and labels.

    Raises
    ------
    UsageError
    """
    known = folder / "images.txt"
    if not known.exists():
        with whole_file(known) as new:
            new.write_text(pixels.digest, "utf-8")
    elif known.read_text("utf-8", "replace") != pixels.digest:
        raise UsageError(
            f"{folder} holds an unfinished training on images of the same names with other "
            "contents. Restore the images to continue it, start anew (--restart), or choose "
            "another folder for the result."
        )


def _write_epochs(
    history: Sequence[Epoch], best_epoch: int, folder: Path, progress: WholeJob
) -> None:
    """Write the epochs so far as a table and as curves, to look at while training goes on."""
    from headstart.evaluation.plots import plot_history

    try:
        write_history(history, folder / HISTORY)
        plot_history(history, folder / CURVES, best_epoch=best_epoch)
    except StorageError as error:
        # They are written again after the next epoch. A training must not end for them.
        progress.say(f"The epochs so far could not be written. {error}")


def _compiled(keras: ModuleType, job: Job) -> Steps:
    """Return what trains a new network."""
    keras.config.set_dtype_policy(DTYPE_POLICIES[job.precision])
    network = ARCHITECTURES[job.settings.architecture](
        input_shape=(None, None, 3), classes=len(job.train.classes)
    )
    n_features = None if job.teacher is None else job.teacher.outputs["features"][0]
    return compiled_with_teacher(keras, network, job.settings, n_features)


def _batches(job: Job, pixels: Pixels, progress: Progress) -> ImageBatches:
    images, settings = job.train.subset(pixels.places), job.settings
    targets = None
    if job.teacher is not None:
        file = job.folder / "teacher_targets.raw"
        targets = teacher_targets(
            images.sources, job.teacher, file, device=settings.device, progress=progress
        )
    return ImageBatches(
        pixels=pixels.values,
        augmentation=settings.augmentation,
        teacher_targets=targets,
        subset=Subset(np.arange(len(images)), _codes(images), len(images.classes)),
        batch_size=settings.batch_size,
        mixup=settings.mixup,
        seed=settings.seed,
        workers=settings.workers,
    )


def _validation_set(job: Job, sample: LabelledImages, progress: Progress) -> ValidationSet:
    pixels = _decode(job, sample, job.settings.size, "validation", progress)
    return ValidationSet(
        _codes(sample.subset(pixels.places)), lambda rows: pixels.values[rows].astype(np.float32)
    )


def _decode(job: Job, images: LabelledImages, side: int, name: str, progress: Progress) -> Pixels:
    resize = Resize("squash", side, side)
    return decode_images(images.sources, resize, job.folder / f"{name}.raw", progress=progress)


def _codes(images: LabelledImages) -> NDArray[np.int64]:
    code_of = {label: code for code, label in enumerate(images.classes)}
    return np.array([code_of[label] for label in images.labels])
