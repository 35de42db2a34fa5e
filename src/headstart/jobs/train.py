"""Train: the whole job, from a dataset to a saved model that is tested."""

from __future__ import annotations

import json
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from headstart.classifier import ClassifierSettings, ImageClassifier
from headstart.data.inputs import dataset_at
from headstart.data.labelled_images import LabelledImages
from headstart.data.settings import DatasetSettings
from headstart.data.splits import stratified_split
from headstart.display.displayed import Displayed
from headstart.evaluation import Evaluation, Tile, draw_sheet
from headstart.finetuning.job import fine_tune
from headstart.heads.table import head_name
from headstart.jobs.evaluate import draw_evaluation, evaluate
from headstart.model.replacing import check_place
from headstart.prediction.answer import Prediction
from headstart.training.history import write_history

if TYPE_CHECKING:
    from collections.abc import Iterator

    from headstart.backbones.network import Network
    from headstart.data.sources import UnreadableImage
    from headstart.display.table import Table
    from headstart.finetuning.settings import FineTuning
    from headstart.finetuning.summary import FineTuningSummary
    from headstart.progress import Progress

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
        if self.tuning is not None:
            yield from self.tuning.display_parts()
        yield "\n".join(
            [
                *(f"Unreadable: {image.error}" for image in self.unreadable),
                *(f"Skipped: {n:,} {reason}" for reason, n in sorted(self.skipped.items())),
            ]
        )
        yield "\n".join(
            [
                f"The model is in {self.folder}. Plots: {', '.join(map(str, self.images))}.",
                f"To predict with it: headstart predict IMAGES --model {self.folder}",
            ]
        )


def train(  # noqa: PLR0913 - all are named, and each has a default
    data: str | Path | LabelledImages,
    out: str | Path,
    *,
    backbone: str | Path | Network = "auto",
    dataset: DatasetSettings = DatasetSettings(),
    test: float | str | Path | None = None,
    fine_tuning: FineTuning | None = None,
    restart: bool = False,
    seed: int = 0,
    overwrite: bool = False,
    progress: Progress | None = None,
    **settings: Unpack[ClassifierSettings],
) -> TrainingSummary:
    """Train a classifier on labelled images, test it on others, and save it.

    Parameters
    ----------
    data : str, Path or LabelledImages
        A labelled dataset, as `read_dataset` takes it.
    out : str or Path
        A new or empty folder for the model, or the folder of a saved model if `overwrite`.
    backbone : str, Path or Network, default="auto"
        The pre-trained network. See `NetworkSpec`.
    test : float, str or Path, optional
        What to test on: a fraction of the images, or a second dataset. The default is the test
        split of the dataset, or else its validation split, or else a fifth of the images.
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
        If an argument is wrong, or there is something else in `out`.

    Examples
    --------
    >>> import headstart as hs
    >>> print(hs.train("vehicles/", "my-model/"))  # doctest: +SKIP
    """
    began = time.perf_counter()
    out = Path(out)
    check_place(out, overwrite=overwrite)
    images = dataset_at(data, dataset)
    tests = dataset_at(test, dataset, min_classes=1) if isinstance(test, str | Path) else test
    training, tested = _split(images, tests, seed)
    classifier = ImageClassifier(backbone, random_state=seed, **settings)
    if fine_tuning is None:
        classifier.fit(training, skip_unreadable=True, progress=progress)
    else:
        classifier = fine_tune(
            classifier,
            training,
            settings=fine_tuning,
            folder=out.with_name(f"{out.name}.training"),
            restart=restart,
            skip_unreadable=True,
            progress=progress,
        )
    evaluation = evaluate(classifier, tested, progress=progress)
    tuning: FineTuningSummary | None = getattr(classifier, "fine_tuning_", None)
    plots = _save(classifier, evaluation, tuning, out, overwrite=overwrite)
    mistakes = _draw_mistakes(evaluation, tested, out.with_name(f"{out.name}.mistakes.png"))
    return TrainingSummary(
        folder=out,
        backbone=classifier.network_.name,
        head=head_name(classifier.head_),
        precision=classifier.precision_.precision,
        resize=classifier.resize_.rule,
        n_train=classifier.training_.n_images,
        unreadable=classifier.unreadable_,
        skipped=dict(images.skipped),
        evaluation=evaluation,
        tuning=tuning,
        images=(*plots, *mistakes),
        seconds=time.perf_counter() - began,
    )


def _split(
    dataset: LabelledImages, test: float | LabelledImages | None, seed: int
) -> tuple[LabelledImages, LabelledImages]:
    """Return the images to train on and those to test on, as datasets without splits."""
    if isinstance(test, LabelledImages):
        return _part(dataset, "train"), _part(test, "test")
    if test is None and dataset.split is not None:
        name = "test" if "test" in dataset.split else "valid"
        return _part(dataset, "train"), _part(dataset, name)
    whole = _part(dataset, "train")
    training, tested = stratified_split(whole.labels, test or TEST_FRACTION, seed)
    return whole.subset(training), whole.subset(tested)


def _part(dataset: LabelledImages, name: str) -> LabelledImages:
    """Return one split as a dataset of its own, or everything where there are no splits."""
    return dataset if dataset.split is None else replace(dataset.part(name), split=None)


def _save(
    classifier: ImageClassifier,
    evaluation: Evaluation,
    tuning: FineTuningSummary | None,
    out: Path,
    *,
    overwrite: bool,
) -> tuple[Path, ...]:
    """Save the model with its plots, and return these."""
    with tempfile.TemporaryDirectory() as folder:
        # The names of images can be as private as the images: they do not leave with the model.
        figures = evaluation.to_dict()
        del figures["mistakes"], figures["errors"]
        files = draw_evaluation(evaluation, Path(folder))
        if tuning is not None:
            files += _write_tuning(tuning, Path(folder))
        classifier.save(
            out,
            overwrite=overwrite,
            evaluation=figures,
            extras={path.name: path.read_bytes() for path in files},
        )
    return tuple(out / path.name for path in files if path.suffix == ".png")


def _write_tuning(tuning: FineTuningSummary, folder: Path) -> tuple[Path, ...]:
    """Write the history of a fine-tuning as a table and as curves, and its summary."""
    names = ("history.csv", "tuning.json", "curves.png")
    table, summary, curves = (folder / name for name in names)
    write_history(tuning.history, table)
    summary.write_text(json.dumps(tuning.to_dict(), indent=1) + "\n", "utf-8")
    tuning.plot_history(curves)
    return table, summary, curves


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
