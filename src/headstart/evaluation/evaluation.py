"""What comes out when a classifier predicts images whose classes are known."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Sized
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from headstart import records
from headstart.arguments import check
from headstart.data.labels import check_test_labels, match_labels
from headstart.display.displayed import Displayed
from headstart.display.table import Table
from headstart.display.text import counted, headline, percent
from headstart.errors import DatasetError, MissingExtra, UsageError
from headstart.evaluation import metrics, report
from headstart.evaluation.calibration import Calibration
from headstart.evaluation.comparison import Comparison, compare
from headstart.evaluation.decisions import DecisionFigures
from headstart.evaluation.design_effect import (
    CROSS_VALIDATED,
    NO_GROUPS,
    class_effects,
    design_effect,
)
from headstart.evaluation.learnt_from import LearntFrom
from headstart.evaluation.one_against_rest import OperatingPoints, check_goal, operating_points
from headstart.evaluation.outcomes import Outcomes
from headstart.evaluation.results import Unreadable, class_results, find_mistakes
from headstart.evaluation.subgroups import Subgroups, subgroups
from headstart.images.notes import NoteCounter
from headstart.progress import Bars, track

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import numpy.typing as npt
    from matplotlib.figure import Figure
    from pandas import DataFrame

    from headstart.evaluation.metrics import Counts, Floats, Interval
    from headstart.evaluation.results import ClassResult, Mistake
    from headstart.images.notes import NoteCount
    from headstart.images.sources import ImageSource
    from headstart.prediction.predictor import Predictor
    from headstart.progress import Progress

ROUNDING = 1e-4


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Evaluation(Displayed):
    """Accuracy with its interval, further metrics, each class by itself, and all mistakes.

    ``print(evaluation)`` gives a report to read, a notebook shows the same as HTML, and `to_dict`
    returns everything for programs.

    To add a metric, write its function in `headstart.evaluation.metrics`. Then add a field here,
    its value in `from_predictions` and its row in `_metric_rows`. `to_dict` returns every field.

    Attributes
    ----------
    accuracy : float
        Share of the `n` images whose predicted class is the true one.
    interval : Interval
        Its 95 % Wilson interval. Where images form groups, it counts groups: see
        `headstart.evaluation.design_effect`.
    n : int
        Number of images that were predicted. Unreadable images are in `errors` only.
    macro_f1, balanced_accuracy : float
        Mean F1 and mean recall of the classes that have test images.
    majority_share : float
        The accuracy of always predicting the most frequent class.
    top_5_accuracy : float or None
        Share of images whose class is among the five most probable; None for five classes or
        fewer, where it says nothing.
    log_loss : float
        Mean of ``-ln p``, where `p` is the probability given to the true class.
    classes : tuple of str
        Names of the classes; `per_class` and `confusion` have the same order.
    per_class : tuple of ClassResult
        One for each class.
    confusion : int64 array, shape (n_classes, n_classes)
        The confusion matrix: a row for each true class, a column for each predicted class.
    mistakes : tuple of Mistake
        All mistakes, the most confident first.
    errors : tuple of Unreadable
        Images that could not be read.
    calibration : Calibration
        How well the best probability of an image says how often the prediction is right.
    outcomes : Outcomes
        The true class and the probabilities of each image. `to_dict` leaves them out.
    notes : tuple of NoteCount
        How many images were read by a rule that may surprise, with examples, for each rule.
    how : str
        How the images were predicted, such as "cross-validated in 5 folds"; "" where they were
        not used for training.
    n_groups : int or None
        The number of groups of images that are not independent; None where images form none.
    against : Comparison or None
        The comparison with another model on the same images, if it was asked for.
    operating : OperatingPoints or None
        The thresholds that reach a recall or a precision, if they were asked for.
    subgroups : Subgroups or None
        The figures of parts of the images, if they were asked for.
    decisions : DecisionFigures or None
        How often the model is unsure, if it has a rule for that.
    learnt_from : LearntFrom or None
        How many of the images the model has learnt from, which are no test, and its accuracy on the
        others. None where that is not known: for a pre-trained network, and for a model that was
        saved without the hashes of its training images. `headstart.train` leaves it out: its
        ``without_shared`` is without near copies, too.
    """

    accuracy: float
    interval: Interval
    n: int
    macro_f1: float
    balanced_accuracy: float
    majority_share: float
    top_5_accuracy: float | None
    log_loss: float
    classes: tuple[str, ...]
    per_class: tuple[ClassResult, ...]
    confusion: Counts
    mistakes: tuple[Mistake, ...]
    errors: tuple[Unreadable, ...]
    calibration: Calibration
    outcomes: Outcomes
    notes: tuple[NoteCount, ...] = ()
    how: str = ""
    n_groups: int | None = None
    against: Comparison | None = None
    operating: OperatingPoints | None = None
    subgroups: Subgroups | None = None
    decisions: DecisionFigures | None = None
    learnt_from: LearntFrom | None = None

    @classmethod
    def from_predictions(  # noqa: PLR0913 - what may be known of predictions, each by name
        cls,
        names: Sequence[str],
        y_true: Sequence[Hashable],
        probabilities: npt.ArrayLike,
        classes: Sequence[Hashable],
        errors: Iterable[tuple[str, Exception]] = (),
        *,
        notes: tuple[NoteCount, ...] = (),
        groups: npt.ArrayLike | None = None,
        how: str = "",
        folds: int | None = None,
    ) -> Self:
        """Compare predictions with the true classes.

        Parameters
        ----------
        names : sequence of str, length n
            What reports call each image.
        y_true : sequence of hashable, length n
            The true class of each image, one of `classes`.
        probabilities : array_like of float, shape (n, n_classes)
            In [0, 1]. The predicted class is the first of the most probable ones.
        classes : sequence of hashable
            All classes the classifier knows, in the order of the columns.
        errors : iterable of (name, exception)
            Images that could not be read.
        notes : tuple of NoteCount
            What was done to read the others.
        groups : array_like of int, shape (n,), optional
            Images with the same number are not independent, such as copies, or the images of one
            patient. All intervals then count groups.
        how : str
            How the images were predicted, such as "by the teacher".
        folds : int, optional
            The number of folds, where the images were cross-validated. Intervals are then those of
            the model that learns from all of them: see `CROSS_VALIDATED`.

        Raises
        ------
        UsageError
            If lengths or shapes don't fit, a class is listed twice, or probabilities are not
            numbers from 0 to 1.
        DatasetError
            If there is no readable image, or the classifier does not know a label.
        """
        unreadable = tuple(Unreadable(name, type(why).__name__, str(why)) for name, why in errors)
        scores = _checked(names, y_true, probabilities, classes, unreadable)
        truth = _indices(y_true, classes)
        shown = display_names(classes)
        predicted = scores.argmax(axis=1)
        outcomes = Outcomes(
            names=tuple(map(str, names)),
            truth=truth,
            predicted=predicted,
            probabilities=scores.astype(np.float32),
            groups=_group_numbers(groups, len(names)),
            folds=folds,
        )
        effect, effects = 1.0, NO_GROUPS
        if outcomes.groups is not None:
            effect = design_effect(outcomes.right, outcomes.groups)
            effects = class_effects(truth, predicted, outcomes.groups, len(classes))
        if folds is not None:
            effect, effects = effect * CROSS_VALIDATED, effects.times(CROSS_VALIDATED)
        confusion = metrics.confusion_matrix(truth, predicted, len(classes))
        return cls(
            accuracy=metrics.accuracy(confusion),
            interval=metrics.proportion_interval(np.trace(confusion) / effect, len(names) / effect),
            n=len(names),
            macro_f1=metrics.macro_f1(confusion),
            balanced_accuracy=metrics.balanced_accuracy(confusion),
            majority_share=metrics.majority_share(confusion),
            top_5_accuracy=metrics.top_k_accuracy(truth, scores, 5) if len(classes) > 5 else None,
            log_loss=metrics.log_loss(truth, scores),
            classes=shown,
            per_class=class_results(confusion, effects),
            confusion=confusion,
            mistakes=find_mistakes(names, truth, scores, shown),
            errors=unreadable,
            calibration=Calibration.of(outcomes),
            outcomes=outcomes,
            notes=notes,
            how=how or (f"cross-validated in {folds} folds" if folds else ""),
            n_groups=outcomes.n_groups,
        )

    @property
    def headline(self) -> str:
        """How many images were right, and the accuracy with its interval, in one sentence."""
        return headline(self.n - len(self.mistakes), self.n, self.interval)

    @property
    def warning(self) -> str:
        """That images are no test, because the model has learnt from them; "" if there are none."""
        return "" if self.learnt_from is None else self.learnt_from.warning

    @property
    def _title(self) -> str:
        """The headline for a figure, which may be seen without the report."""
        said = "" if self.learnt_from is None else self.learnt_from.count
        return f"{self.headline}\n{said}" if said else self.headline

    @property
    def basis(self) -> str:
        """How the images were predicted and what the intervals count; "" where both are usual."""
        how = f"{self.how[0].upper()}{self.how[1:]}. " if self.how else ""
        grouped = (
            f"The intervals count {counted(self.n_groups, 'group')} of images, not "
            f"{counted(self.n, 'image')}."
            if self.n_groups is not None and self.n_groups < self.n
            else ""
        )
        return f"{how}{grouped}".rstrip()

    @property
    def beats_guessing(self) -> bool:
        """Whether the interval lies above the accuracy of always guessing the most frequent class.

        It can't where all images are of one class.
        """
        return self.interval.low > self.majority_share or self.majority_share == 1

    def display_parts(self) -> Iterator[str | Table]:
        """Yield the parts of the report."""
        yield self.headline
        yield self.warning
        yield self.basis
        if not self.beats_guessing:
            yield (
                "This is not clearly better than always guessing the most frequent class, which "
                f"is right\nfor {percent(self.majority_share)} of the images. Check the labels, or "
                "add images."
            )
        yield Table(align="<><", rows=list(self._metric_rows()))
        if self.decisions is not None:
            yield self.decisions.table()
        yield report.class_table(self.classes, self.per_class)
        yield report.confusion_table(self.classes, self.confusion)
        yield report.mistake_table(self.mistakes)
        yield report.unreadable_table(self.errors)
        yield report.note_table(self.notes)
        for section in (self.subgroups, self.operating, self.against):
            if section is not None:
                yield from section.display_parts()

    def _metric_rows(self) -> Iterator[tuple[str, str, str]]:
        """Yield the name of each metric, its value, and what it means."""
        if self.top_5_accuracy is not None:
            meaning = "the true class is among the five most probable classes"
            yield "top-5 accuracy", percent(self.top_5_accuracy), meaning
        meaning = "mean F1 of the classes; each class counts the same"
        yield "macro F1", f"{self.macro_f1:.2f}", meaning
        meaning = "mean recall of the classes; each class counts the same"
        yield "balanced accuracy", percent(self.balanced_accuracy), meaning
        meaning = "accuracy of always predicting the most frequent class"
        yield "majority class", percent(self.majority_share), meaning
        meaning = "mean of -ln(probability of the true class); lower is better"
        yield "log loss", f"{self.log_loss:.3f}", meaning
        yield "calibration error", percent(self.calibration.error), self.calibration.meaning

    def plot_confusion(self, path: str | Path | None = None) -> Figure:
        """Draw the confusion matrix: a row for each true class, a column for each predicted class.

        Colour is the share of the row's images. Up to 25 classes, each cell holds the number of
        images and their share; up to 60 classes, the share. Names are written up to 250 classes.
        With more than 25 classes, the most frequent confusions are listed beside the matrix.

        Parameters
        ----------
        path : str or Path, optional
            A ``.png``, ``.pdf`` or ``.svg`` file to write as well. It is written whole or not at
            all.

        Returns
        -------
        matplotlib.figure.Figure
            It is not registered with pyplot. A notebook shows it, ``figure.savefig`` writes it.

        Raises
        ------
        UsageError
            If `path` has another ending.
        StorageError
            If the file can't be written.
        """
        from headstart.evaluation import canvas, plots

        canvas.check_figure(path)
        figure = plots.confusion_figure(self.confusion, self.classes, self._title)
        return canvas.saved(figure, path)

    def plot_classes(self, path: str | Path | None = None) -> Figure:
        """Draw recall and precision of each class with their 95 % intervals, weakest class first.

        The weakest class has the lowest F1. Classes without images come last. With more than 200
        classes, the 200 weakest are drawn.

        Parameters
        ----------
        path : str or Path, optional
            As in `plot_confusion`, which names the return value and the errors, too.
        """
        from headstart.evaluation import canvas, plots

        canvas.check_figure(path)
        figure = plots.classes_figure(self.per_class, self.classes, self._title)
        return canvas.saved(figure, path)

    def plot_calibration(self, path: str | Path | None = None) -> Figure:
        """Draw how often images are right over their best probability: a reliability diagram.

        Parameters
        ----------
        path : str or Path, optional
            As in `plot_confusion`, which names the return value and the errors, too.
        """
        from headstart.evaluation import calibration_plot, canvas

        canvas.check_figure(path)
        return canvas.saved(calibration_plot.calibration_figure(self.calibration), path)

    def plot_roc(self, path: str | Path | None = None) -> Figure:
        """Draw the ROC curve and the precision-recall curve of each class against the rest.

        The legend gives the area under the ROC curve with its 95 % interval, and the average
        precision. With more than 8 classes, the 8 with the smallest area have colours and names.

        Parameters
        ----------
        path : str or Path, optional
            As in `plot_confusion`, which names the return value and the errors, too.
        """
        from headstart.evaluation import canvas, curve_plots

        canvas.check_figure(path)
        figure = curve_plots.curves_figure(self.outcomes, self.classes)
        return canvas.saved(figure, path)

    def operating_points(
        self, *, recall: float | None = None, precision: float | None = None
    ) -> OperatingPoints:
        """Return the threshold of each class that reaches a recall or a precision.

        Each class stands against the rest. Recall is also called sensitivity.

        Parameters
        ----------
        recall, precision : float
            What to reach, more than 0 and at most 1. One of both.

        Raises
        ------
        UsageError
            If not exactly one is given, or it is out of range.

        Examples
        --------
        >>> import headstart as hs
        >>> scores = [[0.9, 0.1], [0.6, 0.4], [0.3, 0.7], [0.2, 0.8]]
        >>> truth = ["healthy", "healthy", "ill", "ill"]
        >>> names = ["1.png", "2.png", "3.png", "4.png"]
        >>> found = hs.Evaluation.from_predictions(names, truth, scores, ["healthy", "ill"])
        >>> print(f"{found.operating_points(recall=0.9).points[1].threshold:.2f}")
        0.70
        """
        check_goal(recall, precision)
        if recall is not None:
            return operating_points(self.outcomes, self.classes, "recall", recall)
        if precision is not None:
            return operating_points(self.outcomes, self.classes, "precision", precision)
        raise UsageError(
            "An operating point is set by a recall or by a precision. Received: neither."
        )

    def compared_to(self, other: Evaluation) -> Comparison:
        """Compare with another model, whose evaluation is of the same images.

        Raises
        ------
        UsageError
            If the images or their labels are not the same.

        Examples
        --------
        >>> import headstart as hs
        >>> names, truth, classes = ["1", "2", "3"], ["cat", "cat", "dog"], ["cat", "dog"]
        >>> one = hs.Evaluation.from_predictions(
        ...     names, truth, [[0.9, 0.1], [0.8, 0.2], [0.3, 0.7]], classes
        ... )
        >>> two = hs.Evaluation.from_predictions(
        ...     names, truth, [[0.9, 0.1], [0.2, 0.8], [0.3, 0.7]], classes
        ... )
        >>> one.compared_to(two).verdict
        "These images don't tell which one is better (McNemar's test: p = 1.000)."
        """
        return compare(self.outcomes, self.classes, other.outcomes, other.classes)

    def to_dict(self) -> dict[str, Any]:
        """Return everything in JSON's types; None where there is no evidence.

        ``per_class`` is keyed by the name of the class; ``confusion`` is a list of rows.
        """
        results = zip(self.classes, self.per_class, strict=True)
        return {
            **records.to_json(self, without=("per_class", "confusion", "outcomes")),
            "per_class": {name: records.to_json(result) for name, result in results},
            "confusion": self.confusion.tolist(),
        }

    def to_frame(self) -> DataFrame:
        """Return the results of the classes as a pandas DataFrame, one row for each class.

        Each interval becomes two columns, such as ``recall_low`` and ``recall_high``. Values are
        NaN where there is no evidence.

        Raises
        ------
        MissingExtra
            If pandas is not installed.
        """
        try:
            import pandas as pd
        except ImportError as missing:
            raise MissingExtra("A table as a pandas DataFrame", "pandas") from missing
        rows = [_row(result) for result in self.per_class]
        return pd.DataFrame(rows, index=pd.Index(self.classes, name="class"))


def display_names(classes: Sequence[Hashable]) -> tuple[str, ...]:
    """Return a distinct name for each class: its ``str``, or its ``repr`` if 1 meets '1'."""
    names = tuple(str(label) for label in classes)
    return names if len(set(names)) == len(names) else tuple(repr(label) for label in classes)


def _checked(
    names: Sequence[str],
    y_true: Sequence[Hashable],
    probabilities: npt.ArrayLike,
    classes: Sequence[Hashable],
    unreadable: tuple[Unreadable, ...],
) -> Floats:
    for what, value in (("names", names), ("y_true", y_true), ("classes", classes)):
        check(what, value, Iterable[Any])
        check(what, value, Sized)
    hashable = all(isinstance(label, Hashable) for label in classes)
    if not hashable or len(set(classes)) != len(classes):
        raise UsageError(f"classes must differ from each other. Received: {list(classes)}.")
    if not len(names):
        first = unreadable[0].message if unreadable else ""
        reason = f" All {len(unreadable)} are unreadable, the first one: {first}" if first else ""
        raise DatasetError(
            f"An evaluation needs at least one labelled image that can be read.{reason}"
        )
    try:
        scores = np.asarray(probabilities, float)
    except (TypeError, ValueError):
        raise UsageError(
            f"probabilities must be numbers from 0 to 1. Received: {probabilities!r}."
        ) from None
    if len(y_true) != len(names) or scores.shape != (len(names), len(classes)):
        raise UsageError(
            "There must be one label and one row of probabilities for each image, and one column "
            f"for each class. Received: {len(names)} names, {len(y_true)} labels, {len(classes)} "
            f"classes, probabilities of shape {scores.shape}."
        )
    if not (np.isfinite(scores) & (scores >= 0) & (scores <= 1 + ROUNDING)).all():
        raise UsageError(
            "probabilities must be numbers from 0 to 1. Received: "
            f"{scores.min():g} to {scores.max():g}."
        )
    return scores


def _group_numbers(groups: npt.ArrayLike | None, n: int) -> Counts | None:
    if groups is None:
        return None
    numbers = np.asarray(groups)
    if numbers.shape != (n,) or not np.issubdtype(numbers.dtype, np.integer):
        raise UsageError(
            f"groups must be whole numbers, one for each of {counted(n, 'image')}. Received: "
            f"{numbers.dtype} of shape {numbers.shape}."
        )
    return numbers.astype(np.int64)


def _indices(y_true: Sequence[Hashable], classes: Sequence[Hashable]) -> Counts:
    check_test_labels(y_true, classes)
    position = {label: index for index, label in enumerate(classes)}
    return np.array([position[label] for label in y_true], np.int64)


def _row(result: ClassResult) -> dict[str, float]:
    row = {}
    for name, value in asdict(result).items():
        stem, is_interval, _ = name.partition("_interval")
        if is_interval:
            row[f"{stem}_low"], row[f"{stem}_high"] = value or (math.nan, math.nan)
        else:
            row[name] = math.nan if value is None else value
    return row


def measure(
    predictor: Predictor,
    sources: Sequence[ImageSource],
    labels: Sequence[Hashable],
    *,
    progress: Progress | None = None,
    what: str = "testing",
    groups: Counts | None = None,
    by: tuple[str, Sequence[Any]] | None = None,
) -> Evaluation:
    """Compare the answers of a predictor with the labels of the images.

    Parameters
    ----------
    predictor : Predictor
    sources : sequence of ImageSource, length n
    labels : sequence of hashable, length n
        The label of each image, or the identifier of its class. Labels that only look like a class
        are matched as `match_labels` does.
    progress : Progress, optional
        Shows how far it is.
    what : str
        What the progress bar says.
    groups : int64 array, shape (n,), optional
        Images with the same number are not independent.
    by : (str, sequence), optional
        The name of a property of images, and its value for each of the `n` images: the evaluation
        then has `subgroups`.

    Returns
    -------
    Evaluation
        Images that can't be read are in its ``errors`` and count in no figure.

    Raises
    ------
    DatasetError
        If no image can be read, or a label is not a class of the predictor; this is found before
        an image is read.
    """
    classes = _classes(predictor, labels)
    labels = match_labels(labels, classes, (progress or Bars()).say)
    names, truth, rows, errors, places = [], [], [], [], []
    marks: list[tuple[bool, bool]] = []
    known, learnt_from = predictor.training_hashes, []
    notes = NoteCounter()
    answers = predictor.stream(sources, hash_content=known is not None)
    for answer in track(progress, answers, what, len(sources)):
        if answer.error is not None:
            errors.append((answer.path, answer.error))
            continue
        names.append(answer.path)
        places.append(answer.index)
        truth.append(labels[answer.index])
        rows.append(answer.required())
        marks.append((answer.unsure, answer.unlike))
        learnt_from.append(bool(known and answer.content and known.has(answer.content)))
        notes.add(answer.path, answer.notes)
    found = Evaluation.from_predictions(
        names,
        truth,
        rows,
        classes,
        errors,
        notes=notes.counts(),
        groups=None if groups is None else groups[places],
    )
    parts = None
    if by is not None:
        values = [by[1][place] for place in places]
        parts = subgroups(found.outcomes, len(found.classes), by[0], values)
    decisions = _decided(predictor, found.outcomes, np.array(marks))
    seen = None if known is None else np.array(learnt_from)
    outcomes = replace(found.outcomes, learnt_from=seen)
    return replace(
        found,
        outcomes=outcomes,
        decisions=decisions,
        subgroups=parts,
        learnt_from=LearntFrom.of(outcomes),
    )


def _decided(
    predictor: Predictor, outcomes: Outcomes, marks: npt.NDArray[np.bool_]
) -> DecisionFigures | None:
    """Return what the rule of a model did to the images: `marks` (n, 2) are unsure and unlike."""
    rule, decision = predictor.rule, predictor.decision
    if decision is None:
        return None
    return DecisionFigures.of(
        outcomes.right,
        marks[:, 0],
        marks[:, 1],
        decision.error_target if rule.error_target is None else rule.error_target,
        decision.sets(outcomes.probabilities, rule.error_target, rule.sets),
        outcomes.truth,
    )


def _classes(predictor: Predictor, labels: Sequence[Hashable]) -> Sequence[Hashable]:
    """Return what `labels` call the classes: by their labels, or else by their identifiers."""
    identifiers = [name.id for name in predictor.classes]
    if identifiers == [str(label) for label in predictor.labels]:
        return predictor.labels
    by_identifier = set(labels) <= set(identifiers) and not set(labels) <= set(predictor.labels)
    return identifiers if by_identifier else predictor.labels
