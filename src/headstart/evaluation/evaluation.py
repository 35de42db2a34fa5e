"""What came out when a classifier answered images whose classes are known."""

import math
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from headstart.errors import DatasetError, MissingExtra, UsageError
from headstart.evaluation import metrics
from headstart.evaluation.metrics import Counts, Floats, Interval

if TYPE_CHECKING:
    from pandas import DataFrame

ROUNDING = 1e-4


@dataclass(frozen=True, slots=True)
class ClassResult:
    """How one class fared. A number without evidence is None, and so is its interval.

    Attributes
    ----------
    n, n_predicted, n_right : int
        Test images of the class; images that were given its name; both at once.
    recall : float or None
        ``n_right / n``: how many of its images were found.
    precision : float or None
        ``n_right / n_predicted``: how often its name was right when given.
    f1 : float or None
        Harmonic mean of the two; 0 for a class with images whose name was never given.
    recall_interval, precision_interval, f1_interval : Interval or None
        95 % intervals.
    """

    n: int
    n_predicted: int
    n_right: int
    recall: float | None
    recall_interval: Interval | None
    precision: float | None
    precision_interval: Interval | None
    f1: float | None
    f1_interval: Interval | None


@dataclass(frozen=True, slots=True)
class Mistake:
    """An image that was given a wrong name.

    Attributes
    ----------
    path : str
        The image's name.
    true, predicted : str
        Its class, and the class it was taken for.
    probability, true_probability : float
        What the classifier gave to the predicted class and to the true one.
    """

    path: str
    true: str
    predicted: str
    probability: float
    true_probability: float


@dataclass(frozen=True, slots=True)
class Refused:
    """An image that could not be read, and therefore is in no number."""

    path: str
    type: str
    message: str


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """Accuracy and its interval, every class by itself, and the worst mistakes.

    ``print(evaluation)`` gives a report to read, `to_dict` the same for machines.

    Attributes
    ----------
    accuracy : float
        Share of the `n` images that were named rightly.
    interval : Interval
        Its 95 % Wilson interval.
    n : int
        Images that were answered; refused ones are in `errors` only.
    macro_f1, balanced_accuracy : float
        Mean F1 and mean recall over the classes that have test images.
    majority_share : float
        What always answering the commonest class would score.
    top_5_accuracy : float or None
        Share of images whose class is among the five most probable; None for five classes or
        fewer, where it says nothing.
    log_loss : float
        Mean ``-ln`` of the probability given to the true class.
    classes : tuple of str
        Names of the classes; `per_class` and `confusion` have the same order.
    per_class : tuple of ClassResult
        One for each class.
    confusion : int64 array, shape (n_classes, n_classes)
        Rows are true classes, columns predicted ones.
    mistakes : tuple of Mistake
        All of them, confidently wrong first.
    errors : tuple of Refused
        Images that could not be read.
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
    errors: tuple[Refused, ...]

    @classmethod
    def from_predictions(
        cls,
        names: Sequence[str],
        y_true: Sequence[Hashable],
        probabilities: npt.ArrayLike,
        classes: Sequence[Hashable],
        errors: Iterable[tuple[str, Exception]] = (),
    ) -> "Evaluation":
        """Compare what was answered with what is known.

        Parameters
        ----------
        names : sequence of str, length n
            What each image is called in the report.
        y_true : sequence of hashable, length n
            Its class, one of `classes`.
        probabilities : array_like of float, shape (n, n_classes)
            In [0, 1]. The first of the highest is the answer.
        classes : sequence of hashable
            All classes the classifier knows, in the order of the columns.
        errors : iterable of (name, exception)
            Images that could not be read.

        Raises
        ------
        UsageError
            If lengths or shapes don't fit, a class is listed twice, or probabilities are not
            numbers from 0 to 1.
        DatasetError
            If there is no image to judge by, or a label the classifier does not know.
        """
        refused = tuple(Refused(name, type(why).__name__, str(why)) for name, why in errors)
        scores = _checked(names, y_true, probabilities, classes, refused)
        truth = _indices(y_true, classes)
        shown = display_names(classes)
        answer = scores.argmax(axis=1)
        confusion = metrics.confusion_matrix(truth, answer, len(classes))
        n_right = int(np.trace(confusion))
        return cls(
            accuracy=metrics.accuracy(confusion),
            interval=metrics.proportion_interval(n_right, len(names)),
            n=len(names),
            macro_f1=metrics.macro_f1(confusion),
            balanced_accuracy=metrics.balanced_accuracy(confusion),
            majority_share=metrics.majority_share(confusion),
            top_5_accuracy=metrics.top_k_accuracy(truth, scores) if len(classes) > 5 else None,
            log_loss=metrics.log_loss(truth, scores),
            classes=shown,
            per_class=_class_results(confusion),
            confusion=confusion,
            mistakes=_mistakes(names, truth, answer, scores, shown),
            errors=refused,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return what ``json.dumps`` takes; None where there is no evidence.

        ``per_class`` is keyed by the class's name; ``confusion`` is a list of rows (true classes).
        """
        return {
            "accuracy": self.accuracy,
            "interval": list(self.interval),
            "n": self.n,
            "macro_f1": self.macro_f1,
            "balanced_accuracy": self.balanced_accuracy,
            "majority_share": self.majority_share,
            "top_5_accuracy": self.top_5_accuracy,
            "log_loss": self.log_loss,
            "classes": list(self.classes),
            "per_class": {
                name: {key: _plain(value) for key, value in asdict(result).items()}
                for name, result in zip(self.classes, self.per_class, strict=True)
            },
            "confusion": self.confusion.tolist(),
            "mistakes": [asdict(mistake) for mistake in self.mistakes],
            "errors": [asdict(error) for error in self.errors],
        }

    def to_frame(self) -> "DataFrame":
        """Return the per-class results as a pandas table, one row a class.

        Intervals become two columns each, as in ``recall_low`` and ``recall_high``; NaN where there
        is no evidence.

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

    def __str__(self) -> str:
        """Return a report to read in a terminal."""
        from headstart.evaluation.report import report

        return report(self)


def display_names(classes: Sequence[Hashable]) -> tuple[str, ...]:
    """Return one distinct string a class: ``str``, or ``repr`` where 1 meets '1'."""
    names = tuple(str(label) for label in classes)
    return names if len(set(names)) == len(names) else tuple(repr(label) for label in classes)


def _checked(
    names: Sequence[str],
    y_true: Sequence[Hashable],
    probabilities: npt.ArrayLike,
    classes: Sequence[Hashable],
    refused: tuple[Refused, ...],
) -> Floats:
    if len(set(classes)) != len(classes):
        raise UsageError(f"classes must differ from each other. Received: {list(classes)}.")
    if not len(names):
        why = f" All {len(refused)} were refused, first: {refused[0].message}" if refused else ""
        raise DatasetError(f"An evaluation needs at least one labelled image.{why}")
    scores = np.asarray(probabilities, float)
    if len(y_true) != len(names) or scores.shape != (len(names), len(classes)):
        raise UsageError(
            "There must be one label and one row of probabilities an image, and one column a "
            f"class. Received: {len(names)} names, {len(y_true)} labels, {len(classes)} classes, "
            f"probabilities of shape {scores.shape}."
        )
    if not (np.isfinite(scores) & (scores >= 0) & (scores <= 1 + ROUNDING)).all():
        raise UsageError(
            "probabilities must be numbers from 0 to 1. Received: "
            f"{scores.min():g} to {scores.max():g}."
        )
    return scores


def _indices(y_true: Sequence[Hashable], classes: Sequence[Hashable]) -> Counts:
    position = {label: index for index, label in enumerate(classes)}
    unknown = {str(label): None for label in y_true if label not in position}
    if unknown:
        raise DatasetError(
            f"Every label must be one of the classes that were learnt: {_listed(classes)}. "
            f"Received: {_listed(list(unknown))}. Rename or leave out those images, or train again "
            "with them."
        )
    return np.array([position[label] for label in y_true], np.int64)


def _listed(labels: Sequence[Hashable], at_most: int = 10) -> str:
    more = f" and {len(labels) - at_most} more" if len(labels) > at_most else ""
    return ", ".join(str(label) for label in labels[:at_most]) + more


def _class_results(confusion: Counts) -> tuple[ClassResult, ...]:
    scores = metrics.class_scores(confusion)

    def measured(name: str, index: int) -> tuple[float | None, Interval | None]:
        value = float(getattr(scores, name)[index])
        low, high = getattr(scores, f"{name}_interval")
        return (
            (None, None)
            if math.isnan(value)
            else (value, Interval(*map(float, (low[index], high[index]))))
        )

    return tuple(
        ClassResult(
            int(scores.n[index]),
            int(scores.n_predicted[index]),
            int(scores.n_right[index]),
            *measured("recall", index),
            *measured("precision", index),
            *measured("f1", index),
        )
        for index in range(len(confusion))
    )


def _mistakes(
    names: Sequence[str], truth: Counts, answer: Counts, scores: Floats, shown: Sequence[str]
) -> tuple[Mistake, ...]:
    found = [
        Mistake(
            path=str(names[image]),
            true=shown[truth[image]],
            predicted=shown[answer[image]],
            probability=float(scores[image, answer[image]]),
            true_probability=float(scores[image, truth[image]]),
        )
        for image in map(int, np.flatnonzero(truth != answer))
    ]
    return tuple(sorted(found, key=lambda mistake: (-mistake.probability, mistake.path)))


def _plain(value: float | Interval | None) -> float | list[float] | None:
    return list(value) if isinstance(value, tuple) else value


def _row(result: ClassResult) -> dict[str, float | None]:
    row: dict[str, float | None] = {
        "n": result.n,
        "n_predicted": result.n_predicted,
        "n_right": result.n_right,
    }
    for name in ("recall", "precision", "f1"):
        interval = getattr(result, f"{name}_interval") or (math.nan, math.nan)
        value = getattr(result, name)
        row[name] = math.nan if value is None else value
        row[f"{name}_low"], row[f"{name}_high"] = interval
    return row
