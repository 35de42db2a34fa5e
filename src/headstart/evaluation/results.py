"""The parts of an `Evaluation`: one class, one mistake, one unreadable image, one size of a set."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from headstart.evaluation import metrics
from headstart.evaluation.design_effect import NO_GROUPS, ClassEffects
from headstart.evaluation.metrics import Counts, Estimates, Floats, Interval


@dataclass(frozen=True, slots=True)
class ClassResult:
    """How well one class is recognised. A number without evidence is None, as is its interval.

    Attributes
    ----------
    n, n_predicted, n_right : int
        Number of test images of the class; of images predicted as the class; of both at once.
    recall : float or None
        ``n_right / n``: how many of the images of the class were recognised.
    precision : float or None
        ``n_right / n_predicted``: how many of the images predicted as the class belong to it.
    f1 : float or None
        Harmonic mean of recall and precision; 0 for a class with images that was never predicted.
    recall_interval, precision_interval, f1_interval : Interval or None
        95 % confidence intervals.
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
    """An image whose predicted class is wrong.

    Attributes
    ----------
    path : str
        The name of the image.
    true, predicted : str
        Its true class and the predicted class.
    probability, true_probability : float
        The probabilities that the classifier gave to the predicted and to the true class.
    """

    path: str
    true: str
    predicted: str
    probability: float
    true_probability: float


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An image that could not be read. No number counts it.

    Attributes
    ----------
    path : str
        The name of the image.
    type, message : str
        The name of the error's class and its message.
    """

    path: str
    type: str
    message: str


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """The accuracy with so many training images.

    Attributes
    ----------
    n : int
        Number of training images.
    accuracy : float
        Measured by cross-validation, or forecast.
    interval : Interval
        95 %.
    """

    n: int
    accuracy: float
    interval: Interval


def class_results(confusion: Counts, effects: ClassEffects = NO_GROUPS) -> tuple[ClassResult, ...]:
    """Return a result for each class. Where images form groups, `effects` are those of them."""
    recall = metrics.recall(confusion, effects.recall)
    precision = metrics.precision(confusion, effects.precision)
    f1 = metrics.f1(confusion, effects.f1)
    return tuple(
        ClassResult(
            int(confusion[index].sum()),
            int(confusion[:, index].sum()),
            int(confusion[index, index]),
            *_known(recall, index),
            *_known(precision, index),
            *_known(f1, index),
        )
        for index in range(len(confusion))
    )


def _known(estimates: Estimates, index: int) -> tuple[float, Interval] | tuple[None, None]:
    value, low, high = (float(values[index]) for values in estimates)
    return (None, None) if math.isnan(value) else (value, Interval(low, high))


def find_mistakes(
    names: Sequence[str], truth: Counts, probabilities: Floats, classes: Sequence[str]
) -> tuple[Mistake, ...]:
    """Return the images whose predicted class is wrong, the most confident mistakes first."""
    predicted = probabilities.argmax(axis=1)
    mistakes = (
        Mistake(
            path=str(names[image]),
            true=classes[truth[image]],
            predicted=classes[predicted[image]],
            probability=float(probabilities[image, predicted[image]]),
            true_probability=float(probabilities[image, truth[image]]),
        )
        for image in np.flatnonzero(truth != predicted).tolist()
    )
    return tuple(sorted(mistakes, key=lambda mistake: (-mistake.probability, mistake.path)))


def weakest_first(results: Sequence[ClassResult]) -> list[int]:
    """Return the indices of the classes by their F1. Classes without images come last."""
    f1 = [2.0 if result.f1 is None else result.f1 for result in results]
    return sorted(range(len(results)), key=lambda index: f1[index])
