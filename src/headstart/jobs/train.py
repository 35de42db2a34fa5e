"""Train: the whole job, from a dataset to a saved model that is tested."""

from __future__ import annotations

import contextlib
import json
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from headstart.arguments import Seed, checked
from headstart.classifier import ClassifierSettings, ImageClassifier
from headstart.data.inputs import dataset_at
from headstart.data.labelled_images import LabelledImages
from headstart.data.output_places import refuse_among_images
from headstart.data.settings import DatasetSettings
from headstart.data.splits import stratified_split
from headstart.display.displayed import Displayed
from headstart.evaluation import Evaluation, Tile, draw_sheet
from headstart.evaluation.drawing_check import check_drawing
from headstart.evaluation.report import note_table, reasons_table
from headstart.features.devices import check_device
from headstart.finetuning.job import fine_tuned
from headstart.heads.dense import DenseHead
from headstart.heads.table import head_name
from headstart.jobs.evaluate import draw_evaluation, evaluate
from headstart.jobs.preconditions import check_labels, check_out, work_place
from headstart.model import add_results
from headstart.model.replacing import check_place, own_place
from headstart.prediction.answer import Prediction
from headstart.progress import Bars
from headstart.storage.reservations import reserved
from headstart.storage.whole_folders import temporary_folder
from headstart.training.history import write_history
from headstart.training.late_failures import saved_first

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from headstart.backbones.network import Network
    from headstart.data.inputs import Dataset
    from headstart.display.table import Table
    from headstart.finetuning.settings import FineTuning
    from headstart.finetuning.summary import FineTuningSummary
    from headstart.heads.base import Head
    from headstart.images.notes import NoteCount
    from headstart.images.sources import UnreadableImage
    from headstart.model import SavedModel
    from headstart.progress import Progress

    Say = Callable[[str], object]

TEST_FRACTION = 0.2
_MISTAKES_DRAWN = 24


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class TrainingSummary(Displayed):
    """What `train` did, and how good the model is.

    ``print(summary)`` writes a report, a notebook shows it as HTML, and `to_dict` returns it for
    programs.

    Attributes
    ----------
    folder : Path
        The folder of the saved model.
    backbone, head, precision, resize : str
        What the model is made of.
    n_train : int
        How many images it was trained on.
    unreadable : tuple of UnreadableImage
        Training images that could not be read.
    notes : tuple of NoteCount
        How many training images were read by a rule that may surprise, with examples, for each
        rule. Those of the tested images are in `evaluation`.
    skipped : dict of str to int
        How many entries of the dataset were skipped, by reason.
    evaluation : Evaluation
        The result on images that were not used for training.
    tuning : FineTuningSummary or None
        The result of fine-tuning, if it was asked for.
    images : tuple of Path
        Plots and sheets that were drawn.
    seconds : float
        How long everything took.
    """

    folder: Path
    backbone: str
    head: str
    precision: str
    resize: str
    n_train: int
    unreadable: tuple[UnreadableImage, ...]
    notes: tuple[NoteCount, ...]
    skipped: dict[str, int]
    evaluation: Evaluation
    tuning: FineTuningSummary | None
    images: tuple[Path, ...]
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """Return what ``train --json`` prints."""
        return {
            "accuracy": self.evaluation.accuracy,
            "interval": list(self.evaluation.interval),
            "n_train": self.n_train,
            "n_test": self.evaluation.n,
            "backbone": self.backbone,
            "seconds": round(self.seconds, 3),
            "folder": str(self.folder),
            "head": self.head,
            "precision": self.precision,
            "resize": self.resize,
            "unreadable": [image.to_dict() for image in self.unreadable],
            "notes": [count.to_dict() for count in self.notes],
            "skipped": self.skipped,
            "images": [str(path) for path in self.images],
            "evaluation": self.evaluation.to_dict(),
            "tuning": None if self.tuning is None else self.tuning.to_dict(),
        }

    def __repr__(self) -> str:
        """Return how good the model is and where it is."""
        return f"<TrainingSummary: {self.evaluation.headline}, model in {str(self.folder)!r}>"

    def display_parts(self) -> Iterator[str | Table]:
        """Yield the parts of the report."""
        yield (
            f"Trained on {self.n_train:,} images with {self.backbone} and tested on "
            f"{self.evaluation.n:,} others in {self.seconds:.1f} s."
        )
        yield from self.evaluation.display_parts()
        yield note_table(self.notes, "training images")
        if self.tuning is not None:
            yield from self.tuning.display_parts()
        yield reasons_table(
            f"Unreadable training images: {len(self.unreadable):,}",
            [str(image.error) for image in self.unreadable],
        )
        skipped = ", ".join(f"{n:,} {reason}" for reason, n in sorted(self.skipped.items()))
        yield f"Skipped: {skipped}." if skipped else ""
        yield "\n".join(
            [
                f"The model is in {self.folder}. Plots: {', '.join(map(str, self.images))}.",
                f"To predict with it: headstart predict IMAGES --model {self.folder}",
            ]
        )


@checked
def train(  # noqa: PLR0913 - all are named, and each has a default
    data: Dataset,
    out: str | Path,
    *,
    backbone: str | Path | Network = "auto",
    dataset: DatasetSettings = DatasetSettings(),
    test: float | Dataset | None = None,
    fine_tuning: FineTuning | None = None,
    restart: bool = False,
    seed: Seed = 0,
    overwrite: bool = False,
    progress: Progress | None = None,
    **settings: Unpack[ClassifierSettings],
) -> TrainingSummary:
    """Train a classifier on labelled images, save it, and test it on others.

    What could be refused at the end is refused before training. The model is saved as soon as it is
    trained; then it is tested, and figures and plots are added to its folder.

    Parameters
    ----------
    data : str, Path, LabelledImages, DataFrame or tuple
        A labelled dataset: a path, as `read_dataset` takes it; a table of pandas or polars with a
        column of images and one of labels; or a tuple (images, labels).
    out : str or Path
        A new or empty folder for the model, or the folder of a saved model if `overwrite`.
    backbone : str, Path or Network, default="auto"
        The pre-trained network. See `NetworkSpec`.
    test : float, str, Path, LabelledImages, DataFrame or tuple, optional
        What to test on: a fraction of the training images between 0 and 1 or their number, or a
        second dataset. The default is the test split of the dataset, or else its validation split,
        or else a fifth of the images. A validation split that is not tested on is the validation
        set of fine-tuning.
    dataset : DatasetSettings
        How `data`, and the dataset in `test`, are read, where that can't be seen from them.
    fine_tuning : FineTuning, optional
        How to fine-tune the network. By default it stays as it is. Checkpoints are kept in a folder
        beside `out`; after an interruption, the same call continues from the last one.
    restart : bool
        Whether to start again instead of continuing an interrupted fine-tuning.
    seed : int
        Seed of the split and of the head.
    overwrite : bool
        Whether a saved model in `out` may be replaced.
    progress : Progress, optional
        Shows how far it is.
    **settings
        Parameters of the `ImageClassifier`, such as head, weights, size, pooling and resize.

    Returns
    -------
    TrainingSummary

    Raises
    ------
    DatasetError
        If there are too few images to train or to test on.
    UsageError
        If an argument is wrong, or there is something else in `out`, or it lies among the images,
        or another process trains a model for it.
    StorageError
        If a file can't be written, or there is no room for it.
    NotTested
        If the model is saved, but testing it or drawing its plots failed.

    Examples
    --------
    >>> import headstart as hs
    >>> print(hs.train("vehicles/", "my-model/"))  # doctest: +SKIP
    """
    began = time.perf_counter()
    out = Path(out)
    progress = progress or Bars()
    refuse_among_images(out, (data, test), "The model")
    check_out(out, backbone, overwrite=overwrite)
    check_drawing()
    check_device(settings.get("device", "auto"))
    with reserved(own_place(out, "model")):
        check_place(out, overwrite=overwrite)  # another process may have saved one meanwhile
        images = dataset_at(data, dataset, progress=progress)
        parts = _parts(images, _tests(test, dataset, progress), seed, progress.say)
        _say_unused(images, parts, fine_tuning, progress.say)
        classifier = ImageClassifier(backbone, random_state=seed, **settings)
        fitting = _fitted(
            classifier,
            parts,
            fine_tuning,
            work=work_place(out),
            restart=restart,
            progress=progress,
        )
        with fitting as fitted:
            # Before anything else can fail; and the checkpoints are deleted only after it.
            saved = fitted.save(out, overwrite=overwrite)
        evaluation, plots = _tested(saved, fitted, parts.tested, progress)
        return _summary(
            saved,
            fitted,
            skipped=dict(images.skipped),
            evaluation=evaluation,
            images=plots,
            seconds=time.perf_counter() - began,
        )


@dataclass(frozen=True, slots=True)
class _Parts:
    """The images of a job, as datasets without splits."""

    training: LabelledImages
    tested: LabelledImages
    validation: LabelledImages | None = None


def _tests(
    test: float | Dataset | None, settings: DatasetSettings, progress: Progress | None
) -> float | LabelledImages | None:
    """Return the share of the images to test on, or the dataset that is given for that."""
    if test is None or isinstance(test, int | float | np.number):
        return test
    if isinstance(test, LabelledImages | tuple):
        settings = DatasetSettings()  # they say how others are read
    return dataset_at(test, settings, min_classes=1, progress=progress)


def _parts(
    dataset: LabelledImages, test: float | LabelledImages | None, seed: int, say: Say
) -> _Parts:
    """Return the parts of a dataset; the images to test on are labelled as the others."""
    parts = _split(dataset, test, seed)
    return replace(parts, tested=check_labels(parts.training, parts.tested, say))


def _split(dataset: LabelledImages, test: float | LabelledImages | None, seed: int) -> _Parts:
    splits = set(dataset.split or ())
    valid = _part(dataset, "valid") if "valid" in splits else None
    whole = _part(dataset, "train")
    if isinstance(test, LabelledImages):
        return _Parts(whole, _part(test, "test"), valid)
    if test is None and "test" in splits:
        return _Parts(whole, _part(dataset, "test"), valid)
    if test is None and valid is not None:
        return _Parts(whole, valid)
    share = TEST_FRACTION if test is None else test
    training, tested = stratified_split(whole.labels, share, seed)
    return _Parts(whole.subset(training), whole.subset(tested), valid)


def _part(dataset: LabelledImages, name: str) -> LabelledImages:
    """Return one split as a dataset of its own, or everything where there are no splits."""
    return dataset if dataset.split is None else replace(dataset.part(name), split=None)


def _say_unused(
    dataset: LabelledImages,
    parts: _Parts,
    fine_tuning: FineTuning | None,
    say: Say,
) -> None:
    """Tell which images of the dataset are not used, and why."""
    if parts.validation is not None and not _is_used(fine_tuning):
        why = "another one is asked for" if fine_tuning else "it serves fine-tuning only"
        say(f"The validation split of {len(parts.validation):,} images is not used: {why}.")
    tests = (dataset.split or []).count("test")
    if tests and len(parts.tested) != tests:
        say(f"The test split of {tests:,} images is not used: other images are tested on.")


def _is_used(fine_tuning: FineTuning | None) -> bool:
    """Tell whether fine-tuning takes the validation split of the dataset."""
    return fine_tuning is not None and fine_tuning.validation is None


@contextlib.contextmanager
def _fitted(
    classifier: ImageClassifier,
    parts: _Parts,
    fine_tuning: FineTuning | None,
    *,
    work: Path,
    restart: bool,
    progress: Progress | None,
) -> Iterator[ImageClassifier]:
    """Yield a fitted classifier; the checkpoints of its fine-tuning are kept until the end."""
    if fine_tuning is None:
        yield classifier.fit(parts.training, skip_unreadable=True, progress=progress)
        return
    with fine_tuned(
        classifier,
        parts.training,
        settings=fine_tuning,
        validation=parts.validation if _is_used(fine_tuning) else None,
        folder=work,
        restart=restart,
        skip_unreadable=True,
        progress=progress,
    ) as tuned:
        yield tuned


def _tested(
    saved: SavedModel,
    classifier: ImageClassifier,
    tested: LabelledImages,
    progress: Progress | None,
) -> tuple[Evaluation, tuple[Path, ...]]:
    """Test a model that is saved, add figures and plots to it, and return them."""
    out = saved.folder
    place, advice = f"The model is saved in {out}", f"To test it: headstart evaluate {out} IMAGES"
    with saved_first(place, "testing it", progress, advice):
        evaluation = evaluate(classifier, tested, progress=progress)
    with saved_first(place, "adding its plots", progress, advice):
        plots = _add_results(saved, evaluation, _tuning(classifier), classifier.head_)
        sheet = out.with_name(f"{out.name}.mistakes.png")
        return evaluation, (*plots, *_draw_mistakes(evaluation, tested, sheet))


def _tuning(classifier: ImageClassifier) -> FineTuningSummary | None:
    return getattr(classifier, "fine_tuning_", None)


def _add_results(
    saved: SavedModel, evaluation: Evaluation, tuning: FineTuningSummary | None, head: Head
) -> tuple[Path, ...]:
    """Add figures and plots to a saved model, and return the plots."""
    # The names of images can be as private as the images: they do not leave with the model.
    figures = evaluation.to_dict()
    del figures["mistakes"], figures["errors"]
    for count in figures["notes"]:
        del count["examples"]
    with temporary_folder() as folder:
        try:
            if tuning is not None:
                _write_tuning(tuning, folder)
            _draw_head(head, folder)
            draw_evaluation(evaluation, folder)
        finally:
            # If a plot can't be drawn, the figures and the other plots are kept all the same.
            files = {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
            add_results(saved, figures, files)
    return tuple(saved.folder / name for name in files if name.endswith(".png"))


def _write_tuning(tuning: FineTuningSummary, folder: Path) -> None:
    """Write the history of a fine-tuning as a table and as curves, and its summary."""
    names = ("history.csv", "tuning.json", "curves.png")
    table, summary, curves = (folder / name for name in names)
    write_history(tuning.history, table)
    summary.write_text(json.dumps(tuning.to_dict(), indent=1) + "\n", "utf-8")
    tuning.plot_history(curves)


def _draw_head(head: Head, folder: Path) -> None:
    """Draw the training of a dense head. The other heads have no epochs."""
    history = getattr(head, "history_", None)
    if isinstance(head, DenseHead) and history:
        from headstart.evaluation.plots import plot_history

        plot_history(history, folder / "head.png", best_epoch=head.best_epoch_)


def _draw_mistakes(evaluation: Evaluation, tested: LabelledImages, path: Path) -> tuple[Path, ...]:
    """Draw the worst mistakes beside the model, not into it: they are the user's own images."""
    if not evaluation.mistakes:
        path.unlink(missing_ok=True)
        return ()
    sources = {source.name: source for source in tested.sources}
    tiles = (
        Tile(
            sources[mistake.path],
            (
                Prediction(mistake.predicted, mistake.predicted, mistake.probability),
                Prediction(mistake.true, mistake.true, mistake.true_probability),
            ),
            truth=mistake.true,
        )
        for mistake in evaluation.mistakes
    )
    draw_sheet(path, tiles, at_most=_MISTAKES_DRAWN)
    return (path,)


def _summary(saved: SavedModel, classifier: ImageClassifier, **results: Any) -> TrainingSummary:
    """Return the results with what the classifier is made of and was trained on."""
    return TrainingSummary(
        folder=saved.folder,
        backbone=classifier.network_.name,
        head=head_name(classifier.head_),
        precision=classifier.precision_.precision,
        resize=classifier.resize_.rule,
        n_train=classifier.training_.n_images,
        unreadable=classifier.unreadable_,
        notes=classifier.notes_,
        tuning=_tuning(classifier),
        **results,
    )
