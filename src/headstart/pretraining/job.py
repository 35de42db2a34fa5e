"""The whole job of developing a source model: train a network from scratch, keep it as a backbone.

>>> import headstart as hs
>>> hs.pretrain("animals/", "animal-net")                   # doctest: +SKIP
>>> hs.ImageClassifier("animal-net").fit("my-birds/")       # doctest: +SKIP
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from headstart.backbones.architectures import ARCHITECTURES
from headstart.data import LabelledImages, read_dataset
from headstart.data.resizing import Resize
from headstart.evaluation import plot_history
from headstart.pretraining.plan import (
    Job,
    check_amount,
    check_place,
    divide,
    find_teacher,
    name_of,
)
from headstart.pretraining.saving import Trained, keep
from headstart.pretraining.settings import Pretraining
from headstart.pretraining.summary import CURVES, HISTORY
from headstart.pretraining.teacher import trainable
from headstart.progress import Bars
from headstart.training.backend import start_keras
from headstart.training.batches import ImageBatches
from headstart.training.history import write_history
from headstart.training.loop import TrainingLoop
from headstart.training.precision import built_in, training_precision
from headstart.training.prepared import Pixels, decode_all, teach, useful_side
from headstart.training.validation import ValidationSet
from headstart.training.work_folder import work_folder

if TYPE_CHECKING:
    from types import ModuleType

    from numpy.typing import NDArray

    from headstart.backbones.spec import NetworkSpec
    from headstart.pretraining.summary import PretrainingSummary
    from headstart.progress import Progress


def pretrain(
    dataset: str | Path | LabelledImages,
    out: str | Path,
    settings: Pretraining = Pretraining(),
    *,
    teacher: str | Path | NetworkSpec | None = None,
    trained_on: str | None = None,
    license: str = "not stated",  # noqa: A002 - the word everybody looks for
    restart: bool = False,
    progress: Progress | None = None,
) -> PretrainingSummary:
    """Train a network from scratch, for others to build on.

    During training, checkpoints are kept in the folder ``OUT.training``. Called again with the same
    arguments after a kill or Ctrl-C, training continues from the last checkpoint.

    Parameters
    ----------
    dataset : str, Path or LabelledImages
        As `headstart.data.read_dataset` takes it. Its validation part (else its test part, else a
        tenth of its images) is kept out of training, to measure the network by.
    out : str or Path
        Folder for the backbone; new or empty. Its name is the backbone's.
    settings : Pretraining
        What is trained, for how long and how fast.
    teacher : str, Path or NetworkSpec, optional
        A backbone whose features the network learns to imitate, besides its classes
        (Romero et al. 2014, arXiv:1412.6550).
    trained_on : str, optional
        The name of the dataset. The default is the name of its folder.
    license : str
        The licence of the weights.
    restart : bool
        Whether to delete an unfinished training with other or the same settings, and start anew.
    progress : Progress, optional
        Shows how far training is.

    Returns
    -------
    PretrainingSummary

    Raises
    ------
    DatasetError
        If there are too few images.
    UsageError
        If an argument is wrong, or `out` or its training folder is in use.
    MissingExtra
        If no package that computes gradients is installed.
    TrainingDiverged
        If the loss is no longer a number.
    StorageError
        If a file can't be written.
    """
    out = Path(out) if Path(out).name else Path(out).resolve()
    check_place(out)
    images = dataset if isinstance(dataset, LabelledImages) else read_dataset(dataset)
    learnt, tested = divide(images, settings.seed)
    check_amount(learnt, tested, settings.batch_size)
    keras = start_keras()
    job = Job(
        settings=settings,
        learnt=learnt,
        tested=tested,
        teacher=find_teacher(teacher),
        precision=training_precision(settings.precision),
        folder=out.with_name(f"{out.name}.training"),
        trained_on=trained_on or name_of(dataset),
        license=license,
        progress=progress,
    )
    with work_folder(job.folder, job.described(), restart=restart):
        return keep(job, _train(job, keras), out)


def _train(job: Job, keras: ModuleType) -> Trained:
    pixels = _decode(job, job.learnt, useful_side(job.learnt.sources, job.settings.size), "learnt")
    readable = job.learnt.subset(pixels.places)
    shown = job.looked_at()
    seen = _decode(job, shown, job.settings.size, "tested")
    teacher_targets = None
    if job.teacher is not None:
        teacher_targets = teach(
            readable.sources,
            job.teacher,
            job.folder / "teacher_targets.raw",
            workers=None,
            progress=job.progress,
        )
    batches = ImageBatches(
        pixels=pixels.values,
        labels=_numbers(readable),
        n_classes=len(job.learnt.classes),
        teacher_targets=teacher_targets,
        batch_size=job.settings.batch_size,
        augmentation=job.settings.augmentation,
        mixup=job.settings.mixup,
        seed=job.settings.seed,
        workers=job.settings.workers,
    )
    keras.utils.set_random_seed(job.settings.seed)
    with built_in(job.precision, keras):
        network = ARCHITECTURES[job.settings.architecture](
            input_shape=(None, None, 3), classes=batches.n_classes
        )
        training = TrainingLoop(
            trainable(keras, network, batches, job.settings),
            network,
            batches,
            validation=ValidationSet(
                _numbers(shown.subset(seen.places)),
                lambda places: seen.values[places].astype(np.float32),
            ),
            schedule=job.settings.schedule(),
            folder=job.folder,
        )
    training.resume()
    for epoch in training.run(job.progress):
        write_history(training.history, job.folder / HISTORY)
        plot_history(training.history, job.folder / CURVES, best_epoch=training.best_epoch)
        (job.progress or Bars()).say(epoch.described(training.seconds_left()))
    training.finish()
    return Trained(
        network, tuple(training.history), training.best_epoch, len(readable), pixels.broken
    )


def _decode(job: Job, images: LabelledImages, side: int, name: str) -> Pixels:
    resize = Resize("squash", side, side)
    return decode_all(images.sources, resize, job.folder / f"{name}.raw", progress=job.progress)


def _numbers(images: LabelledImages) -> NDArray[np.int64]:
    number = {label: place for place, label in enumerate(images.classes)}
    return np.array([number[label] for label in images.labels])
