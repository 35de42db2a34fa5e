"""Pre-training from start to end: train a network from scratch, and save it as a backbone.

>>> import headstart as hs
>>> hs.pretrain("animals/", "animal-net")                   # doctest: +SKIP
>>> hs.ImageClassifier("animal-net").fit("my-birds/")       # doctest: +SKIP
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from headstart.arguments import checked
from headstart.data.inputs import dataset_at
from headstart.data.output_places import refuse_among_images
from headstart.data.settings import DatasetSettings
from headstart.evaluation.drawing_check import check_drawing
from headstart.model.replacing import own_place
from headstart.networks.keras_settings import standard_settings
from headstart.pretraining.place import check_place
from headstart.pretraining.plan import Job, find_teacher, split_images
from headstart.pretraining.saving import measure_backbone, save_backbone
from headstart.pretraining.settings import UNNAMED, Pretraining
from headstart.pretraining.training import train_network
from headstart.storage.disk import check_room, folder_size
from headstart.training.backend import computing_on, start_keras, training_gpu
from headstart.training.late_failures import saved_first
from headstart.training.precision import training_precision
from headstart.training.work_folder import work_folder

if TYPE_CHECKING:
    from headstart.backbones.spec import NetworkSpec
    from headstart.data.inputs import Dataset
    from headstart.pretraining.summary import PretrainingSummary
    from headstart.progress import Progress

# A checkpoint, or the weights of the architectures that are trained from scratch.
_BYTES = 20_000_000


@checked
def pretrain(  # noqa: PLR0913 - all but three are named, and have defaults
    dataset: Dataset,
    out: str | Path,
    settings: Pretraining = Pretraining(),
    *,
    reading: DatasetSettings = DatasetSettings(),
    teacher: str | Path | NetworkSpec | None = None,
    trained_on: str = UNNAMED,
    license: str = "not stated",  # noqa: A002 - the word everybody looks for
    restart: bool = False,
    progress: Progress | None = None,
) -> PretrainingSummary:
    """Train a backbone from scratch, and save it.

    During training, checkpoints are kept in the folder ``OUT.training``. Called again with the same
    arguments after a kill or Ctrl-C, training continues from the last checkpoint; and the backbone
    is measured if that came after it was saved.

    Parameters
    ----------
    dataset : str, Path, LabelledImages, DataFrame or tuple
        As `headstart.train` takes it. Its validation part (else its test part, else a
        tenth of its images) is the validation set, which measures the network.
    out : str or Path
        Folder for the backbone; new or empty, or as the same training has saved it before it was
        measured. Its name is the backbone's.
    settings : Pretraining
        What is trained, for how long and how fast.
    reading : DatasetSettings
        How the dataset is read, where that can't be seen from it.
    teacher : str, Path or NetworkSpec, optional
        A backbone whose features the network learns to imitate, besides its classes
        (Romero et al. 2014, arXiv:1412.6550).
    trained_on : str
        The name of the dataset, for the card. That of its folder is not told: it may be private.
    license : str
        The licence of the weights.
    restart : bool
        Whether to delete the checkpoints of an unfinished training, and start anew.
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
        If a file can't be written, or there is no room for it.
    NotTested
        If the backbone is saved, but measuring it failed.
    """
    out = own_place(Path(out), "backbone")
    work = out.with_name(f"{out.name}.training")
    refuse_among_images(out, [dataset], "The backbone")
    check_place(out, work, restart=restart)
    check_room(out.parent, _BYTES, f"the backbone {out.name!r}")
    check_drawing()
    images = dataset_at(dataset, reading, progress=progress)
    train, validation = split_images(images, settings)
    keras = start_keras(settings.device)
    gpu = training_gpu(keras, settings.device)
    job = Job(
        settings=settings,
        train=train,
        validation=validation,
        teacher=find_teacher(teacher),
        precision=training_precision(settings.precision, gpu),
        folder=work,
        trained_on=trained_on,
        license=license,
        progress=progress,
    )
    check_room(work, max(0, _bytes_needed(job) - folder_size(work)), "the training")
    kept = work_folder(work, job.described(), restart=restart, progress=progress)
    with kept, standard_settings(keras), computing_on(keras, gpu):
        # Another process may have saved one meanwhile.
        check_place(out, work, restart=restart)
        trained = train_network(keras, job)
        save_backbone(job, trained, out)
        with saved_first(
            f"The backbone is saved in {out}",
            "measuring it",
            progress,
            f"The same command measures it. Or delete {work}.",
        ):
            return measure_backbone(job, trained, out)


def _bytes_needed(job: Job) -> int:
    """Return how many bytes the decoded images and the teacher targets take at least."""
    pixels = 3 * job.settings.size**2 * (len(job.train) + len(job.validation_sample()))
    targets = 0 if job.teacher is None else 2 * job.teacher.outputs["features"][0] * len(job.train)
    return int(pixels + targets + _BYTES)
