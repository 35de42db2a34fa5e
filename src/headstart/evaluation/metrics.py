"""How good a classifier is, as numbers with intervals: arrays in, numbers out.

Classes are indices here: ``y_true`` int64 ``(n,)`` with values in ``[0, k)``, ``probabilities``
float ``(n, k)`` in ``[0, 1]``, ``confusion`` int64 ``(k, k)`` with a row for each true class and a
column for each predicted one.

Where there is no evidence there is no number (NaN), and means leave it out:

- a class without test images has no recall and no F1;
- a class that was never predicted has no precision, and its F1 is 0 if it has test images.
"""

import statistics
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]


class Interval(NamedTuple):
    """The two ends of a confidence interval."""

    low: float
    high: float


def wilson_interval(
    successes: npt.ArrayLike, n: npt.ArrayLike, confidence: float = 0.95
) -> tuple[Floats, Floats]:
    """Wilson's score interval for a proportion.

    It stays within [0, 1] and keeps its coverage for few images and for shares near 0 or 1,
    where the textbook's mean plus or minus 1.96 standard errors breaks down.

    Parameters
    ----------
    successes, n : array_like of int
        How many went well, of how many. They broadcast.
    confidence : float
        Share of such intervals that hold the true proportion.

    Returns
    -------
    low, high : float64 arrays
        NaN where `n` is 0.

    References
    ----------
    Wilson (1927), Probable inference, the law of succession, and statistical inference.
    Brown, Cai, DasGupta (2001), Interval estimation for a binomial proportion.

    Examples
    --------
    >>> low, high = wilson_interval(171, 192)
    >>> print(f"{low:.3f} {high:.3f}")
    0.838 0.927
    """
    right, total = np.broadcast_arrays(np.asarray(successes, float), np.asarray(n, float))
    z = statistics.NormalDist().inv_cdf((1 + confidence) / 2)
    middle = (right + z**2 / 2) / (total + z**2)
    reach = z * np.sqrt(_share(right * (total - right), total) + z**2 / 4) / (total + z**2)
    # Rounding must not leave 0.9999999 where every single one was right.
    low = np.where(right == 0, 0 * reach, np.clip(middle - reach, 0, 1))
    high = np.where(right == total, 1 + 0 * reach, np.clip(middle + reach, 0, 1))
    return low, high


def proportion_interval(successes: int, n: int, confidence: float = 0.95) -> Interval:
    """`wilson_interval` of a single proportion, as plain floats."""
    low, high = wilson_interval(successes, n, confidence)
    return Interval(float(low), float(high))


def confusion_matrix(y_true: npt.ArrayLike, y_pred: npt.ArrayLike, n_classes: int) -> Counts:
    """Count how often each true class (row) was taken for each predicted class (column).

    Parameters
    ----------
    y_true, y_pred : array_like of int, shape (n,)
        Indices of classes in ``[0, n_classes)``.

    Returns
    -------
    int64 array, shape (n_classes, n_classes)
    """
    cells = np.asarray(y_true, np.int64) * n_classes + np.asarray(y_pred, np.int64)
    counts = np.bincount(cells, minlength=n_classes**2)
    return counts.reshape(n_classes, n_classes).astype(np.int64)


def accuracy(confusion: Counts) -> float:
    """Share of images that were named rightly; NaN without images."""
    return float(_share(np.trace(confusion), confusion.sum()))


@dataclass(frozen=True, slots=True, eq=False)
class ClassScores:
    """What `class_scores` returns: one entry a class in each array.

    Attributes
    ----------
    n, n_predicted, n_right : int64, shape (k,)
        Images of the class; images given its name; both at once.
    recall, precision, f1 : float64, shape (k,)
        NaN where there is no evidence (see the module's rule).
    recall_interval, precision_interval, f1_interval : pair of float64 arrays of shape (k,)
        Low and high ends of the 95 % intervals.
    """

    n: Counts
    n_predicted: Counts
    n_right: Counts
    recall: Floats
    precision: Floats
    f1: Floats
    recall_interval: tuple[Floats, Floats]
    precision_interval: tuple[Floats, Floats]
    f1_interval: tuple[Floats, Floats]


def class_scores(confusion: Counts, confidence: float = 0.95) -> ClassScores:
    """Recall, precision and F1 of every class, each with its interval.

    Recall and precision are proportions and get Wilson intervals. F1 is not one, but
    ``F1 / (2 - F1) = tp / (tp + fp + fn)`` is, so its Wilson interval is carried over.

    References
    ----------
    Lam, Gopal, Qian (2023), Confidence intervals for the F1 score: a comparison of four methods,
    arXiv:2309.14621 (the 'Wilson indirect' method).
    """
    right, n, predicted = np.diag(confusion), confusion.sum(axis=1), confusion.sum(axis=0)
    # A class without images has no F1, however often its name was given.
    concerned = np.where(n > 0, n + predicted - right, 0)
    jaccard = _share(right, concerned)
    low, high = wilson_interval(np.where(n > 0, right, 0), concerned, confidence)
    return ClassScores(
        n=n,
        n_predicted=predicted,
        n_right=right,
        recall=_share(right, n),
        precision=_share(right, predicted),
        f1=2 * jaccard / (1 + jaccard),
        recall_interval=wilson_interval(right, n, confidence),
        precision_interval=wilson_interval(right, predicted, confidence),
        f1_interval=(2 * low / (1 + low), 2 * high / (1 + high)),
    )


def macro_f1(confusion: Counts) -> float:
    """Mean F1 of the classes that have test images; every class weighs the same."""
    return _mean(class_scores(confusion).f1)


def balanced_accuracy(confusion: Counts) -> float:
    """Mean recall of the classes that have test images; every class weighs the same.

    References
    ----------
    Brodersen, Ong, Stephan, Buhmann (2010), The balanced accuracy and its posterior distribution.
    """
    return _mean(class_scores(confusion).recall)


def majority_share(confusion: Counts) -> float:
    """Accuracy of always answering the commonest class: what a classifier has to beat."""
    return float(_share(confusion.sum(axis=1).max(), confusion.sum()))


def top_k_accuracy(y_true: npt.ArrayLike, probabilities: npt.ArrayLike, k: int = 5) -> float:
    """Share of images whose true class is among the `k` most probable.

    Of equally probable classes the one listed first comes first, as in ``argmax``: an
    undecided classifier is not counted as right.
    """
    truth, scores = np.asarray(y_true, np.int64), np.asarray(probabilities)
    own = np.take_along_axis(scores, truth[:, None], axis=1)
    earlier = np.arange(scores.shape[1]) < truth[:, None]
    rank = (scores > own).sum(axis=1) + ((scores == own) & earlier).sum(axis=1)
    return _mean((rank < k).astype(float))


def log_loss(y_true: npt.ArrayLike, probabilities: npt.ArrayLike) -> float:
    """Mean of ``-ln p``, `p` being the probability given to the true class.

    Lower is better; always answering ``1 / k`` scores ``ln k``. Probabilities below the float32
    resolution (1.2e-7) count as that, so that one sure mistake does not make the loss infinite.

    References
    ----------
    Good (1952), Rational decisions (the logarithmic score).
    """
    truth = np.asarray(y_true, np.int64)[:, None]
    given = np.take_along_axis(np.asarray(probabilities, float), truth, axis=1)
    return _mean(-np.log(np.clip(given[:, 0], np.finfo(np.float32).eps, 1)))


@dataclass(frozen=True, slots=True)
class CrossValidation:
    """Accuracy by repeated cross-validation, with an interval that is not too narrow.

    Attributes
    ----------
    mean : float
        Mean accuracy over all folds and repeats.
    interval : Interval
        95 % interval of the accuracy.
    spread : float
        Standard deviation of the repeats' means: how much the luck of the split alone moves them.
    n, folds, repeats : int
        Images, folds a repeat, repeats.
    """

    mean: float
    interval: Interval
    spread: float
    n: int
    folds: int
    repeats: int

    def __str__(self) -> str:
        """Say it in a sentence."""
        low, high = self.interval
        return (
            f"{100 * self.mean:.1f} % right on average (95 % interval {100 * low:.1f} to "
            f"{100 * high:.1f} %), {self.folds}-fold cross-validation repeated {self.repeats} "
            f"times on {self.n} images"
        )


def summarise_cross_validation(
    scores: npt.ArrayLike, n: int, confidence: float = 0.95
) -> CrossValidation:
    """Mean and interval of the accuracies of repeated k-fold cross-validation.

    Folds share training images, so their scores are not independent, and the usual standard
    error shrinks with every repeat although nothing new is learnt. Two remedies, of which the
    wider one counts at each end: Nadeau and Bengio's corrected variance (``1/J + 1/(folds - 1)``
    in place of ``1/J``, Student's t with ``J - 1`` degrees of freedom, `J` scores), and the Wilson
    interval of `n` images, for `n` images cannot tell more than `n` images do.

    Parameters
    ----------
    scores : array_like of float, shape (repeats, folds)
        Accuracy of each fold, in [0, 1].
    n : int
        Images in the data set.

    Raises
    ------
    ValueError
        If `scores` is not two-dimensional with at least two folds.

    References
    ----------
    Nadeau, Bengio (2003), Inference for the generalization error. Bouckaert, Frank (2004),
    Evaluating the replicability of significance tests for comparing learning algorithms.
    """
    table = np.asarray(scores, float)
    if table.ndim != 2 or table.shape[1] < 2:
        raise ValueError(
            "scores must have the shape (repeats, folds) with two folds or more. "
            f"Received: shape {table.shape}."
        )
    mean = float(table.mean())
    corrected = _corrected_interval(table, confidence)
    counted = proportion_interval(round(mean * n), n, confidence)
    return CrossValidation(
        mean=mean,
        interval=Interval(min(corrected.low, counted.low), max(corrected.high, counted.high)),
        spread=float(table.mean(axis=1).std(ddof=1)) if len(table) > 1 else float("nan"),
        n=n,
        folds=table.shape[1],
        repeats=table.shape[0],
    )


def _corrected_interval(table: Floats, confidence: float) -> Interval:
    from scipy.special import stdtrit

    variance = table.var(ddof=1) * (1 / table.size + 1 / (table.shape[1] - 1))
    reach = float(stdtrit(table.size - 1, (1 + confidence) / 2) * np.sqrt(variance))
    return Interval(max(0.0, float(table.mean()) - reach), min(1.0, float(table.mean()) + reach))


def _share(part: npt.ArrayLike, whole: npt.ArrayLike) -> Floats:
    part, whole = np.broadcast_arrays(np.asarray(part, float), np.asarray(whole, float))
    return np.divide(part, whole, out=np.full(whole.shape, np.nan), where=whole > 0)


def _mean(values: Floats) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else float("nan")
