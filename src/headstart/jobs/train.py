"""Train: the whole job, from a dataset to a saved model that is tested."""

from __future__ import annotations

import json
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headstart.classifier import ImageClassifier
from headstart.data import LabelledImages, read_dataset, stratified_split
from headstart.evaluation import (
    Evaluation,
    Tile,
    draw_sheet,
)
from headstart.heads.table import head_name
from headstart.jobs.evaluate import draw_evaluation, evaluate
from headstart.model.replacing import check_place
from headstart.prediction.answer import Prediction
from headstart.training.history import write_history

if TYPE_CHECKING:
    from headstart.data.sources import UnreadableImage
    from headstart.finetuning.settings import FineTuning
    from headstart.finetuning.summary import FineTuningSummary
    from headstart.progress import Progress

TEST_FRACTION = 0.2
_MISTAKES_DRAWN = 24


@dataclass(frozen=True, slots=True, eq=False)
class TrainingSummary:
    """What `train` did, and how good the result is.

    Attributes
    ----------
    folder : Path
        Of the saved model.
    backbone, head, precision, resize : str
        What it is made of.
    n_train : int
        Pictures it was trained on.
    left_out : tuple of UnreadableImage
        Training pictures that could not be read.
    skipped : dict of str to int
        Entries of the folder that were passed over, by reason.
    evaluation : Evaluation
        On pictures that were kept out of training.
    tuning : FineTuningSummary or None
        What came of fine-tuning.
    pictures : tuple of Path
        Plots and sheets that were drawn.
    seconds : float
        From start to end.
    """

    folder: Path
    backbone: str
    head: str
    precision: str
    resize: str
    n_train: int
    left_out: tuple[UnreadableImage, ...]
    skipped: dict[str, int]
    evaluation: Evaluation
    tuning: FineTuningSummary | None
    pictures: tuple[Path, ...]
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
            "left_out": [
                {
                    "path": item.source.name,
                    "type": type(item.error).__name__,
                    "message": str(item.error),
                }
                for item in self.left_out
            ],
            "skipped": self.skipped,
            "pictures": [str(path) for path in self.pictures],
            "evaluation": self.evaluation.to_dict(),
            "tuning": None if self.tuning is None else self.tuning.to_dict(),
        }

    def __str__(self) -> str:
        """Return a report to read in a terminal."""
        lines = [
            (
                f"Learnt from {self.n_train:,} pictures with {self.backbone}, "
                f"tested on {self.evaluation.n:,} others, in {self.seconds:.1f} s."
            ),
            "",
            str(self.evaluation),
            "",
            *([] if self.tuning is None else [str(self.tuning), ""]),
            *(f"Left out: {item.error}" for item in self.left_out),
            *(f"Passed over: {n:,} {reason}" for reason, n in sorted(self.skipped.items())),
            f"The model is in {self.folder}. To look at: {', '.join(map(str, self.pictures))}.",
            f"Use it: headstart predict PICTURES --model {self.folder}",
        ]
        return "\n".join(lines)


def train(  # noqa: PLR0913 - all are named, and each has a default
    folder: str | Path | LabelledImages,
    out: str | Path,
    *,
    backbone: str | Path = "auto",
    test: float | str | Path | None = None,
    seed: int = 0,
    overwrite: bool = False,
    fine_tuning: FineTuning | None = None,
    restart: bool = False,
    progress: Progress | None = None,
    **settings: Any,  # noqa: ANN401 - see ImageClassifier
) -> TrainingSummary:
    """Train on a folder of labelled pictures, test on some kept out, and save.

    Parameters
    ----------
    folder : str, Path or LabelledImages
        As `headstart.data.read_dataset` takes it.
    out : str or Path
        Folder for the model; new or empty, or a saved model if `overwrite`.
    backbone : str or Path
        The pre-trained network; 'auto': see `headstart.backbones.choosing.choose_backbone`.
    test : float, str or Path, optional
        What to test on: a fraction of the pictures, or a second folder. If not given, the folder's
        own test part (then its valid part) where it has one, else 0.2.
    seed : int
        Of the split and of the head.
    overwrite : bool
        Whether a saved model in `out` may be replaced.
    fine_tuning : FineTuning, optional
        How to fine-tune the network. The default leaves it as it is. Checkpoints are kept in a
        folder beside `out`; after an interruption, the same call continues from the last one.
    restart : bool
        Whether to start again instead of continuing an interrupted fine-tuning.
    progress : Progress, optional
        Shows how far it is.
    **settings
        Of the `ImageClassifier`: head, weights, size, pooling, resize, precision, class_weight,
        workers, ...

    Raises
    ------
    DatasetError
        If the pictures do not suffice to learn from or to test on.
    UsageError
        If an argument is wrong, or something else is in `out`.
    """
    began = time.perf_counter()
    out = Path(out)
    check_place(out, overwrite=overwrite)
    images = folder if isinstance(folder, LabelledImages) else read_dataset(folder)
    learnt, tested = _divide(images, test, seed)
    classifier = ImageClassifier(backbone, random_state=seed, **settings)
    if fine_tuning is None:
        classifier.fit(learnt, skip_unreadable=True, progress=progress)
    else:
        classifier = _fine_tuned(classifier, learnt, out, fine_tuning, restart, progress)
    evaluation = evaluate(classifier, tested, progress=progress)
    plots = _save(classifier, evaluation, out, overwrite=overwrite)
    mistakes = _draw_mistakes(evaluation, tested, out.with_name(f"{out.name}.mistakes.png"))
    return TrainingSummary(
        folder=out,
        backbone=classifier.network_.name,
        head=head_name(classifier.head_),
        precision=classifier.precision_.precision,
        resize=classifier.resize_.rule,
        n_train=classifier.training_.n_images,
        left_out=classifier.unreadable_,
        skipped=dict(images.skipped),
        evaluation=evaluation,
        tuning=getattr(classifier, "fine_tuning_", None),
        pictures=(*plots, *mistakes),
        seconds=time.perf_counter() - began,
    )


def _fine_tuned(
    classifier: ImageClassifier,
    learnt: LabelledImages,
    out: Path,
    settings: FineTuning,
    restart: bool,
    progress: Progress | None,
) -> ImageClassifier:
    from headstart.finetuning.job import fine_tune

    return fine_tune(
        classifier,
        learnt,
        settings=settings,
        folder=out.with_name(f"{out.name}.training"),
        restart=restart,
        skip_unreadable=True,
        progress=progress,
    )


def _save(
    classifier: ImageClassifier, evaluation: Evaluation, out: Path, *, overwrite: bool
) -> tuple[Path, ...]:
    """Save the model with its plots; return them."""
    with tempfile.TemporaryDirectory() as folder:
        plots = draw_evaluation(evaluation, Path(folder))
        told = _draw_tuning(getattr(classifier, "fine_tuning_", None), Path(folder))
        classifier.save(
            out,
            overwrite=overwrite,
            evaluation=_without_names(evaluation),
            extras={path.name: path.read_bytes() for path in (*plots, *told)},
        )
    return tuple(out / path.name for path in (*plots, *told) if path.suffix == ".png")


def _draw_tuning(tuning: FineTuningSummary | None, folder: Path) -> tuple[Path, ...]:
    """Write how a fine-tuning went: a table, the same with all that is known, curves."""
    if tuning is None:
        return ()
    table, known, curves = (folder / name for name in ("history.csv", "tuning.json", "curves.png"))
    write_history(tuning.history, table)
    known.write_text(json.dumps(tuning.to_dict(), indent=1) + "\n", "utf-8")
    tuning.plot_history(curves)
    return table, known, curves


def _without_names(evaluation: Evaluation) -> dict[str, Any]:
    # Names of pictures can be as private as pictures: they do not leave with the model.
    figures = evaluation.to_dict()
    return {key: figures[key] for key in figures if key not in ("mistakes", "errors")}


def _draw_mistakes(evaluation: Evaluation, tested: LabelledImages, path: Path) -> tuple[Path, ...]:
    """Draw the worst mistakes beside the model, not into it: they are the user's photos."""
    if not evaluation.mistakes:
        path.unlink(missing_ok=True)
        return ()
    sources = {source.name: source for source in tested.sources}
    draw_sheet(
        path,
        (
            Tile(
                sources[mistake.path],
                (
                    Prediction(mistake.predicted, mistake.predicted, mistake.probability),
                    Prediction(mistake.true, mistake.true, mistake.true_probability),
                ),
                truth=mistake.true,
            )
            for mistake in evaluation.mistakes
        ),
        at_most=_MISTAKES_DRAWN,
    )
    return (path,)


def _divide(
    images: LabelledImages, test: float | str | Path | None, seed: int
) -> tuple[LabelledImages, LabelledImages]:
    """Return the pictures to learn from and those to test on."""
    if isinstance(test, str | Path):
        return _part(images, "train"), _part(read_dataset(test, min_classes=1), "test")
    if test is None and images.split is not None:
        name = "test" if "test" in images.split else "valid"
        return _part(images, "train"), _part(images, name)
    whole = _part(images, "train")
    learnt, tested = stratified_split(whole.labels, test or TEST_FRACTION, seed)
    return whole.subset(learnt), whole.subset(tested)


def _part(images: LabelledImages, name: str) -> LabelledImages:
    """Return one part as a whole of its own; of what is not divided, everything."""
    return images if images.split is None else replace(images.part(name), split=None)
