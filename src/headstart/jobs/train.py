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
from headstart.backbones.resolving import AUTO
from headstart.classifier import ClassifierSettings, ImageClassifier
from headstart.comparing.settings import ComparisonSettings
from headstart.data.inputs import dataset_at
from headstart.data.output_places import refuse_among_images
from headstart.data.settings import DatasetSettings
from headstart.data.splits import ALWAYS_TRAINS
from headstart.display.displayed import Displayed
from headstart.display.text import counted
from headstart.evaluation import Evaluation, Tile, draw_sheet
from headstart.evaluation.decisions import DecisionFigures
from headstart.evaluation.design_effect import CROSS_VALIDATED, design_effect
from headstart.evaluation.drawing_check import check_drawing
from headstart.evaluation.report import note_table, reasons_table
from headstart.features.devices import check_device
from headstart.finetuning.job import Prepared, fine_tuned, prepare
from headstart.heads.dense import DenseHead
from headstart.heads.int8_choice import check_int8
from headstart.heads.out_of_fold import out_of_fold
from headstart.heads.table import head_name
from headstart.jobs.choosing import chosen
from headstart.jobs.evaluate import draw_evaluation, evaluate
from headstart.jobs.parts import check_parts, given_tests, parts_of, say_unused, uses_validation
from headstart.jobs.preconditions import check_out, work_place
from headstart.jobs.report import report_data, report_place
from headstart.jobs.split_files import write_split_file
from headstart.model import add_results
from headstart.model.examples import MOST, Examples
from headstart.model.replacing import check_place, own_place
from headstart.prediction.answer import Prediction
from headstart.progress import Bars
from headstart.reports.data import Further
from headstart.reports.writing import write_report
from headstart.storage.reservations import reserved
from headstart.storage.whole_folders import temporary_folder
from headstart.training.history import write_history
from headstart.training.late_failures import saved_first

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from headstart.comparing.comparison import Comparison
    from headstart.data.inputs import Dataset
    from headstart.data.labelled_images import LabelledImages
    from headstart.display.table import Table
    from headstart.features.extractor import ExtractedFeatures
    from headstart.finetuning.settings import FineTuning
    from headstart.finetuning.summary import FineTuningSummary
    from headstart.heads.base import Head
    from headstart.images.notes import NoteCount
    from headstart.images.sources import ImageSource, UnreadableImage
    from headstart.jobs.parts import Parts
    from headstart.model import SavedModel
    from headstart.networks.network import Network
    from headstart.progress import Progress

    #: Measures a fitted classifier.
    Test = Callable[[ImageClassifier], Evaluation]

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
        The result on images that were not used for training. If the images were cross-validated
        (``evaluation.outcomes.folds`` is not None), each was predicted by a head that had not
        learnt from it, nor from its group; the saved model has learnt from all of them.
    without_shared : Evaluation or None
        The result without the tested images that share a group with a training image, such as
        copies of one; None if there are none, or no others.
    tuning : FineTuningSummary or None
        The result of fine-tuning, if it was asked for.
    comparison : Comparison or None
        How backbone, resize rule and head were chosen, if a time budget was given for that.
    report : Path or None
        The report; None if none was wanted.
    drawings : tuple of Path
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
    without_shared: Evaluation | None = None
    tuning: FineTuningSummary | None
    comparison: Comparison | None = None
    report: Path | None = None
    drawings: tuple[Path, ...]
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
            "drawings": [str(path) for path in self.drawings],
            "evaluation": self.evaluation.to_dict(),
            "folds": self.evaluation.outcomes.folds,
            "without_shared": None if self.without_shared is None else _brief(self.without_shared),
            "tuning": None if self.tuning is None else self.tuning.to_dict(),
            "comparison": None if self.comparison is None else self.comparison.to_dict(),
            "report": None if self.report is None else str(self.report),
        }

    def __repr__(self) -> str:
        """Return how good the model is and where it is."""
        return f"<TrainingSummary: {self.evaluation.headline}, model in {str(self.folder)!r}>"

    def _done(self) -> str:
        """Return what was learnt from and what was tested, in a sentence or two."""
        trained = f"Trained on {self.n_train:,} images with {self.backbone}"
        if self.evaluation.outcomes.folds is None:
            return f"{trained} and tested on {self.evaluation.n:,} others in {self.seconds:.1f} s."
        return (
            f"{trained} in {self.seconds:.1f} s: the model has learnt from all of them. To test "
            "it,\neach image was predicted by a head that had not learnt from it. --test 0.2 "
            "tests on images that\nthe model never sees."
        )

    def display_parts(self) -> Iterator[str | Table]:
        """Yield the parts of the report."""
        yield self._done()
        yield from self.evaluation.display_parts()
        if self.without_shared is not None:
            n_shared = self.evaluation.n - self.without_shared.n
            yield (
                f"Without the {counted(n_shared, 'image')} that training images are copies of, or "
                f"in a group with: {self.without_shared.headline}"
            )
        yield note_table(self.notes, "training images")
        if self.comparison is not None:
            yield from self.comparison.display_parts()
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
                f"The model is in {self.folder}. Plots: {', '.join(map(str, self.drawings))}.",
                *([] if self.report is None else [f"The report for a browser: {self.report}"]),
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
    group_by: str | None = None,
    bursts: float | None = None,
    quick: bool = False,
    write_split: str | Path | None = None,
    keep_examples: bool = False,
    keep_hashes: bool = True,
    budget: float | None = None,
    report: bool = True,
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
        second dataset. The default is the test split of the dataset, or else its validation split.
        Without any, up to 2,000 images are cross-validated, in 5 stratified folds: the figures come
        from heads that had not learnt from the images, and the saved model learns from all of them.
        Of more images, or where training takes long (fine-tuning, and dense heads) or much is
        chosen on the training images (`budget`), a fifth is tested on. A validation
        split that is not tested on is the validation set of fine-tuning.
    group_by : str, optional
        What images have in common that must not be on both sides of a split, such as the patient: a
        column of the dataset's table, or a pattern that finds it in paths. See `values_by`.
    bursts : float, optional
        Images that one camera took within so many seconds of one another, by their EXIF data, are
        on the same side of every split. By default such images are only told of.
    quick : bool
        Whether to look for equal files only. By default all copies of an image, also smaller,
        mirrored or re-encoded ones, are found among up to 10,000 images, and are on the same side
        of every split. It also leaves out the decision rule (``error_target=None``) and the report.
    budget : float, optional
        Seconds for comparing the backbones on this computer, resize rules and heads on the training
        images, as `compare` does; the best ones are trained with. What is given is not compared: a
        backbone, a resize rule, a head. The default is to compare nothing.
    report : bool, default=True
        Whether to write a report beside the model: ``<out>.report.html``.
    dataset : DatasetSettings
        How `data`, and the dataset in `test`, are read, where that can't be seen from them.
    write_split : str or Path, optional
        A CSV file for the split: path, label, split, fold and group of each image, and why it is
        where it is, if that is not chance. As `data` with
        ``group_by="group"`` it gives the same split again.
    keep_examples : bool
        Whether the saved model carries up to 10,000 of the training images: their features, the
        names of their files and copies of at most 128 pixels. `explain` then shows those that are
        nearest to an image. Whoever gets the model gets them, too.
    keep_hashes : bool, default=True
        Whether the saved model carries a hash of each image that it learnt from. `evaluate` then
        says which of its images are no test. Whoever has the model and an image can tell whether
        the model learnt from it.
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
    if write_split is not None:
        refuse_among_images(Path(write_split), (data, test), "The split")
    check_out(out, backbone, overwrite=overwrite)
    check_drawing()
    check_device(settings.get("device", "auto"))
    if budget is not None:
        ComparisonSettings(budget=budget)  # refuses what is no time
    with reserved(own_place(out, "model")):
        check_place(out, overwrite=overwrite)  # another process may have saved one meanwhile
        images = dataset_at(data, dataset, progress=progress)
        if quick:
            settings["error_target"] = None
        classifier = ImageClassifier(backbone, random_state=seed, **settings)
        tests = given_tests(test, dataset, progress)
        # What is chosen among many on the images that are tested looks better than it is.
        cross_validate = fine_tuning is None and budget is None and not _is_dense(classifier.head)
        check_parts(images, tests, seed, seconds=bursts, cross_validate=cross_validate)
        # Before an image is read, too. With a time budget, the images decide what "auto" is.
        is_known = budget is None or backbone != AUTO
        network = _network(classifier, images, fine_tuning, progress) if is_known else None
        parts = parts_of(
            images,
            tests,
            seed,
            group_by=group_by,
            seconds=bursts,
            cross_validate=cross_validate,
            quick=quick,
            reading={
                "cache": classifier.cache,
                "workers": classifier.workers,
                "accept_truncated": classifier.accept_truncated,
            },
            progress=progress,
        )
        say_unused(images, parts, fine_tuning, progress.say)
        split_file = None if write_split is None else Path(write_split)
        if split_file is not None:
            # Before training: a file that can't be written is refused. Folds are added later.
            write_split_file(split_file, parts)
        comparison = None
        if budget is not None:
            classifier, comparison = chosen(
                classifier,
                parts,
                budget,
                settings,
                fine_tunes=fine_tuning is not None,
                progress=progress,
            )
        fitting = _fitted(
            classifier,
            network or _network(classifier, parts.training, fine_tuning, progress),
            parts,
            write_split=split_file,
            work=work_place(out),
            restart=restart,
            progress=progress,
        )
        with fitting as (fitted, test_it):
            # Before anything else can fail; and the checkpoints are deleted only after it.
            examples = _examples(fitted, parts, progress) if keep_examples else None
            saved = fitted.save(
                out, overwrite=overwrite, examples=examples, keep_hashes=keep_hashes
            )
        tested = parts.training if parts.tested is None else parts.tested
        evaluation, plots = _tested(saved, fitted, tested, test_it, progress)
        without, page = _without(evaluation, parts), None
        if report and not quick:
            with saved_first(f"The model is saved in {out}", "writing its report", progress, ""):
                split = _split_in_words(parts, evaluation, without)
                said = [*images.in_words().split("\n"), *split]
                page = _reported(saved, fitted, evaluation, tested.sources, said, comparison)
        return _summary(
            saved,
            fitted,
            comparison=comparison,
            report=page,
            skipped=dict(images.skipped),
            evaluation=evaluation,
            without_shared=without,
            drawings=plots,
            seconds=time.perf_counter() - began,
        )


def _examples(fitted: ImageClassifier, parts: Parts, progress: Progress) -> Examples:
    codes = {label: code for code, label in enumerate(fitted.classes_.tolist())}
    n, extractor = len(parts.training), fitted.predictor_.extractor
    training = parts.training.subset(np.linspace(0, n - 1, min(n, MOST)).round().astype(int))
    found = Examples.of(extractor, training.sources, [codes[each] for each in training.labels])
    progress.say(
        f"The model carries {len(found.codes):,} of {n:,} training images, with small copies: "
        f"{found.n_bytes / 1e6:.1f} MB. Whoever gets the model gets them, too."
    )
    return found


def _is_dense(head: str | Head) -> bool:
    return isinstance(head, DenseHead) or head == "dense"


def _network(
    classifier: ImageClassifier,
    images: LabelledImages,
    fine_tuning: FineTuning | None,
    progress: Progress,
) -> Network | Prepared:
    """Return the network of a classifier, ready to be fine-tuned if it shall be."""
    if fine_tuning is not None:
        return prepare(classifier, fine_tuning, progress)
    network = classifier.find_network(progress)
    if classifier.precision == "int8" and not network.quantised:
        check_int8(images.labels)
    return network


@contextlib.contextmanager
def _fitted(
    classifier: ImageClassifier,
    network: Network | Prepared,
    parts: Parts,
    *,
    write_split: Path | None,
    work: Path,
    restart: bool,
    progress: Progress,
) -> Iterator[tuple[ImageClassifier, Test]]:
    """Yield a fitted classifier, and what tests it.

    The checkpoints of a fine-tuning are kept until the context ends.
    """
    tested = parts.training if parts.tested is None else parts.tested

    def on_others(fitted: ImageClassifier) -> Evaluation:
        # Which images are no fair test is said of all copies: see `without_shared`.
        found = replace(evaluate(fitted, tested, progress=progress), learnt_from=None)
        return _grouped(found, tested, parts.tested_groups)

    if not isinstance(network, Prepared):
        extracted = classifier.fit_on(
            network,
            parts.training.sources,
            parts.training.labels,
            groups=parts.groups,
            skip_unreadable=True,
            progress=progress,
        )

        def in_folds(fitted: ImageClassifier) -> Evaluation:
            return _cross_validated(fitted, extracted, parts, write_split)

        yield classifier, in_folds if parts.tested is None else on_others
        return
    with fine_tuned(
        classifier,
        parts.training,
        settings=network.settings,
        validation=parts.validation if uses_validation(network.settings) else None,
        groups=parts.groups,
        folder=work,
        restart=restart,
        skip_unreadable=True,
        progress=progress,
        prepared=network,
    ) as tuned:
        yield tuned, on_others


def _cross_validated(
    classifier: ImageClassifier,
    extracted: ExtractedFeatures,
    parts: Parts,
    write_split: Path | None,
) -> Evaluation:
    """Return how good heads like that of the classifier are on images they had not learnt from."""
    places = extracted.places
    groups = None if parts.groups is None else parts.groups[places]
    labels = [parts.training.labels[place] for place in places]
    # The decision rule was fitted to the same probabilities.
    found = classifier.out_of_fold_ or out_of_fold(
        classifier.head_,
        extracted.features,
        labels,
        groups=groups,
        seed=classifier.random_state or 0,
    )
    if write_split is not None:
        fold = np.full(len(parts.training), ALWAYS_TRAINS)
        fold[places] = found.fold
        write_split_file(write_split, parts, fold)
    tested = found.tested
    evaluation = Evaluation.from_predictions(
        [parts.training.sources[places[row]].name for row in tested],
        [labels[row] for row in tested],
        found.probabilities[tested],
        found.classes.tolist(),
        groups=None if groups is None else groups[tested],
        folds=found.n_folds,
    )
    held_out, decision = classifier.held_out_, classifier.predictor_.decision
    if held_out is None or decision is None:
        return evaluation
    outcomes = evaluation.outcomes
    effect = CROSS_VALIDATED
    if outcomes.groups is not None:
        effect *= design_effect(outcomes.right, outcomes.groups)
    decisions = DecisionFigures.of(
        outcomes.right,
        held_out.unsure,
        held_out.unlike,
        decision.error_target,
        held_out.sets,
        outcomes.truth,
        effect,
    )
    return replace(evaluation, decisions=decisions)


def _grouped(
    evaluation: Evaluation, tested: LabelledImages, groups: NDArray[np.int64] | None
) -> Evaluation:
    """Return an evaluation whose intervals count the groups of the tested images."""
    if groups is None:
        return evaluation
    known = dict(zip((source.name for source in tested.sources), groups.tolist(), strict=True))
    regrouped = _of_rows(evaluation, np.arange(evaluation.n), known)
    return replace(regrouped, errors=evaluation.errors, decisions=evaluation.decisions)


def _without(evaluation: Evaluation, parts: Parts) -> Evaluation | None:
    """Return the evaluation without the images that share a group with a training image."""
    if parts.tested is None or parts.shared is None or not len(parts.shared):
        return None
    shared = {parts.tested.sources[place].name for place in parts.shared}
    rows = [row for row, name in enumerate(evaluation.outcomes.names) if name not in shared]
    return _of_rows(evaluation, np.array(rows, np.int64), None) if rows else None


def _of_rows(
    evaluation: Evaluation, rows: NDArray[np.int64], groups: Mapping[str, int] | None
) -> Evaluation:
    """Return the evaluation of some of its images; `groups` are by their names."""
    outcomes = evaluation.outcomes
    names = [outcomes.names[row] for row in rows]
    numbers = outcomes.groups
    if groups is not None:
        numbers = np.array([groups[name] for name in outcomes.names], np.int64)
    return Evaluation.from_predictions(
        names,
        [evaluation.classes[code] for code in outcomes.truth[rows]],
        outcomes.probabilities[rows],
        evaluation.classes,
        notes=evaluation.notes,
        groups=None if numbers is None else numbers[rows],
    )


def _brief(evaluation: Evaluation) -> dict[str, Any]:
    return {
        "accuracy": evaluation.accuracy,
        "interval": list(evaluation.interval),
        "n": evaluation.n,
    }


def _tested(
    saved: SavedModel,
    classifier: ImageClassifier,
    tested: LabelledImages,
    test: Test,
    progress: Progress | None,
) -> tuple[Evaluation, tuple[Path, ...]]:
    """Test a model that is saved, add figures and plots to it, and return them."""
    out = saved.folder
    place, advice = f"The model is saved in {out}", f"To test it: headstart evaluate {out} IMAGES"
    with saved_first(place, "testing it", progress, advice):
        evaluation = test(classifier)
    with saved_first(place, "adding its plots", progress, advice):
        plots = _add_results(saved, evaluation, _tuning(classifier), classifier.head_)
        sheet = out.with_name(f"{out.name}.mistakes.png")
        return evaluation, (*plots, *_draw_mistakes(evaluation, tested, sheet))


def _reported(
    saved: SavedModel,
    classifier: ImageClassifier,
    evaluation: Evaluation,
    tested: Sequence[ImageSource],
    said: Sequence[str],
    comparison: Comparison | None,
) -> Path:
    """Write the report of a training beside the model; return the file."""
    tuning = _tuning(classifier)
    history = tuning.history if tuning else getattr(classifier.head_, "history_", ())
    page = report_place(saved.folder)
    data = report_data(
        saved,
        evaluation,
        tested,
        data=said,
        history=history,
        further=[] if comparison is None else [Further("Comparison of backbones", comparison)],
    )
    write_report(data, page)
    return page


def _split_in_words(
    parts: Parts, evaluation: Evaluation, without: Evaluation | None
) -> Iterator[str]:
    """Yield what a report says of the split."""
    yield from parts.found
    n = counted(len(parts.training), "image")
    if parts.tested is None:
        yield (
            f"The model learns from {n}. Its figures come from {evaluation.outcomes.folds} folds: "
            "each image was predicted by a model that had not learnt from it, nor from its copies."
        )
    else:
        yield f"The model learns from {n} and is tested on {len(parts.tested):,} others."
    if without is not None:
        yield f"Without the images that are no fair test: {without.headline}"
    yield (
        "headstart check tells of wrong labels, shortcuts and images that are unlike all others; "
        "headstart curve tells how many more images would help."
    )


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
