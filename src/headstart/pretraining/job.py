"""The whole job of developing a source model: train a network from scratch, keep it as a backbone.

>>> import headstart as hs
>>> hs.pretrain("animals/", "animal-net")                   # doctest: +SKIP
>>> hs.ImageClassifier("animal-net").fit("my-birds/")       # doctest: +SKIP
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from headstart.augmentation.settings import Augmentation
from headstart.backbones.architectures import ARCHITECTURES
from headstart.data import LabelledImages, read_dataset
from headstart.data.resizing import Resize
from headstart.evaluation import plot_history
from headstart.pretraining.plan import (
    Job,
    check_amount,
    check_request,
    divide,
    find_teacher,
    name_of,
)
from headstart.pretraining.saving import Trained, keep
from headstart.pretraining.settings import Pretraining, trainable
from headstart.pretraining.summary import CURVES, HISTORY
from headstart.progress import Bars
from headstart.training.backend import start_keras
from headstart.training.batches import Batches
from headstart.training.history import write_history
from headstart.training.loop import TrainingLoop
from headstart.training.precision import built_in, training_precision
from headstart.training.prepared import Pixels, decode_all, teach, useful_side
from headstart.training.validation import ValidationSet
from headstart.training.work_folder import work_folder

if TYPE_CHECKING:
    from types import ModuleType

    from numpy.typing import NDArray

    from headstart.pretraining.summary import PretrainingSummary
    from headstart.progress import Progress


def pretrain(  # noqa: PLR0913 - a recipe has many ingredients, and each has a default
    dataset: str | Path | LabelledImages,
    out: str | Path,
    *,
    architecture: str = "mini",
    size: int = 64,
    epochs: int = 16,
    batch_size: int = 128,
    learning_rate: float = 0.2,
    label_smoothing: float = 0.1,
    mixup: float = 0.0,
    augmentation: Augmentation | None = None,
    teacher: str | Path | None = None,
    teacher_weights: str | Path | None = None,
    teacher_size: int | None = None,
    precision: Literal["auto", "f32", "bf16"] = "auto",
    trained_on: str | None = None,
    license: str = "not stated",  # noqa: A002 - the word everybody looks for
    seed: int = 0,
    restart: bool = False,
    workers: int = 1,
    progress: Progress | None = None,
) -> PretrainingSummary:
    """Train a network from scratch, for others to build on.

    While it is at work, checkpoints are in the folder ``OUT.training``. Called again after a kill
    or Ctrl-C with the same arguments, it goes on from the last one.

    Parameters
    ----------
    dataset : str, Path or LabelledImages
        As `headstart.data.read_dataset` takes it. Its valid part (else its test part; else a
        tenth of its pictures) is kept out of training, to measure by.
    out : str or Path
        Folder for the backbone; new or empty. Its name is the backbone's.
    architecture : {'mini'}
        What is trained.
    size : int
        Height and width of the pictures, in pixels, at the end of training; it begins with smaller
        ones, which is faster.
    epochs : int
        How often each picture is looked at.
    batch_size : int
        Pictures a step.
    learning_rate : float
        The highest; it rises at first and then falls to zero. In proportion to `batch_size`.
    label_smoothing : float
        0 to 1, see `Pretraining`.
    mixup : float
        See `headstart.augmentation.blending.mixup`.
    augmentation : Augmentation, optional
        What is done to a picture each time it is looked at.
    teacher : str or Path, optional
        A backbone whose features the network learns to imitate, beside its classes
        (Romero et al. 2014, arXiv:1412.6550).
    teacher_weights : str or Path, optional
        A weights file for the teacher.
    teacher_size : int, optional
        Height and width of the teacher's pictures, instead of what it was trained on.
    precision : {'auto', 'f32', 'bf16'}
        What is computed in; 'auto' takes bfloat16 where there is a GPU or TPU.
    trained_on : str, optional
        What the data set is called; the name of its folder if not given.
    license : str
        Of the weights.
    seed : int
        Of the split, the first weights, the order of the pictures and their augmentation.
    restart : bool
        Begin anew, whatever was begun before.
    workers : int
        Threads that augment pictures.
    progress : Progress, optional
        Shows how far it is.

    Returns
    -------
    PretrainingSummary

    Raises
    ------
    DatasetError
        If the pictures do not suffice.
    UsageError
        If an argument is wrong, or something is in `out`, or in its training folder.
    MissingExtra
        If nothing is installed that computes gradients.
    TrainingDiverged
        If the loss is no longer a number.
    StorageError
        If a file can't be written.
    """
    out = Path(out) if Path(out).name else Path(out).resolve()
    recipe = Pretraining(
        epochs=epochs,
        batch_size=batch_size,
        size=size,
        first_size=size // 2,
        learning_rate=learning_rate,
        label_smoothing=label_smoothing,
        mixup=mixup,
        augmentation=augmentation or Augmentation(),
    )
    check_request(out, architecture, size)
    images = dataset if isinstance(dataset, LabelledImages) else read_dataset(dataset)
    learnt, tested = divide(images, seed)
    check_amount(learnt, tested, batch_size)
    keras = start_keras()
    job = Job(
        architecture=architecture,
        recipe=recipe,
        learnt=learnt,
        tested=tested,
        teacher=find_teacher(teacher, teacher_weights, teacher_size),
        precision=training_precision(precision),
        seed=seed,
        folder=out.with_name(f"{out.name}.training"),
        trained_on=trained_on or name_of(dataset),
        license=license,
        workers=workers,
        progress=progress,
    )
    with work_folder(job.folder, job.settings(), restart=restart):
        return keep(job, _train(job, keras), out)


def _train(job: Job, keras: ModuleType) -> Trained:
    pixels = _decode(job, job.learnt, useful_side(job.learnt.sources, job.recipe.size), "learnt")
    readable = job.learnt.subset(pixels.places)
    shown = job.looked_at()
    seen = _decode(job, shown, job.recipe.size, "tested")
    teacher_targets = None
    if job.teacher is not None:
        teacher_targets = teach(
            readable.sources,
            job.teacher,
            job.folder / "teacher_targets.raw",
            workers=None,
            progress=job.progress,
        )
    batches = Batches(
        pixels=pixels.values,
        labels=_numbers(readable),
        n_classes=len(job.learnt.classes),
        teacher_targets=teacher_targets,
        batch_size=job.recipe.batch_size,
        augmentation=job.recipe.augmentation,
        mixup=job.recipe.mixup,
        seed=job.seed,
        workers=job.workers,
    )
    keras.utils.set_random_seed(job.seed)
    with built_in(job.precision, keras):
        network = ARCHITECTURES[job.architecture](
            input_shape=(None, None, 3), classes=batches.n_classes
        )
        training = TrainingLoop(
            trainable(keras, network, batches, job.recipe),
            network,
            batches,
            validation=ValidationSet(
                _numbers(shown.subset(seen.places)),
                lambda places: seen.values[places].astype(np.float32),
            ),
            schedule=job.recipe.schedule(),
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
