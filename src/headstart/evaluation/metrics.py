"""How good a classifier is, in numbers with confidence intervals. Arrays in, numbers out.

Classes are indices here: ``y_true`` is int64 ``(n,)`` with values in ``[0, k)``, ``probabilities``
is float ``(n, k)`` in ``[0, 1]``, ``confusion`` is int64 ``(k, k)`` with a row for each true class
and a column for each predicted class.

A number without evidence is NaN, and means leave it out:

- A class without test images has no recall and no F1.
- A class that was never predicted has no precision. Its F1 is 0 if it has test images.

A metric of the whole classifier is a function here and a field of `Evaluation`; see there.
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

    It stays within [0, 1] and keeps its coverage for few images and for proportions near 0 or 1,
    where the usual interval (mean plus or minus 1.96 standard errors) breaks down.

    Parameters
    ----------
    successes, n : array_like of int
        Number of successes and of trials. They broadcast.
    confidence : float
        Share of such intervals that contain the true proportion.

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
    0.839 0.927
    """
    right, total = np.broadcast_arrays(np.asarray(successes, float), np.asarray(n, float))
    z = statistics.NormalDist().inv_cdf((1 + confidence) / 2)
    middle = (right + z**2 / 2) / (total + z**2)
    reach = z * np.sqrt(_share(right * (total - right), total) + z**2 / 4) / (total + z**2)
    # Rounding errors must not turn 1 into 0.9999999.
    low = np.where(right == 0, 0 * reach, np.clip(middle - reach, 0, 1))
    high = np.where(right == total, 1 + 0 * reach, np.clip(middle + reach, 0, 1))
    return low, high


def proportion_interval(successes: float, n: float) -> Interval:
    """Return the `wilson_interval` of a single proportion as plain floats."""
    return Interval(*map(float, wilson_interval(successes, n)))


def confusion_matrix(y_true: npt.ArrayLike, y_pred: npt.ArrayLike, n_classes: int) -> Counts:
    """Count how often each true class (row) was predicted as each class (column).

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
    """Return the share of images whose predicted class is the true one; NaN without images."""
    return float(_share(np.trace(confusion), confusion.sum()))


class Estimates(NamedTuple):
    """A proportion for each class with its confidence interval; NaN where there is no evidence.

    Attributes
    ----------
    value, low, high : float64 arrays, shape (k,)
    """

    value: Floats
    low: Floats
    high: Floats


def recall(confusion: Counts, effect: npt.ArrayLike = 1.0) -> Estimates:
    """Return for each class how many of its images were recognised.

    `effect`, here and below, is the `design_effect` of each class, where images form groups.
    """
    return _estimates(np.diag(confusion), confusion.sum(axis=1), effect)


def precision(confusion: Counts, effect: npt.ArrayLike = 1.0) -> Estimates:
    """Return for each class how many of the images predicted as this class belong to it."""
    return _estimates(np.diag(confusion), confusion.sum(axis=0), effect)


def f1(confusion: Counts, effect: npt.ArrayLike = 1.0) -> Estimates:
    """Return for each class the harmonic mean of recall and precision.

    F1 is no proportion, but ``F1 / (2 - F1) = tp / (tp + fp + fn)`` is. Its Wilson interval is
    converted.

    References
    ----------
    Lam, Gopal, Qian (2023), Confidence intervals for the F1 score: a comparison of four methods,
    arXiv:2309.14621 (the 'Wilson indirect' method).
    """
    right, n, predicted = np.diag(confusion), confusion.sum(axis=1), confusion.sum(axis=0)
    # A class without images has no F1, however often it was predicted.
    concerned = np.where(n > 0, n + predicted - right, 0)
    jaccard = _estimates(np.where(n > 0, right, 0), concerned, effect)
    return Estimates(*(2 * values / (1 + values) for values in jaccard))


def _estimates(successes: Counts, n: Counts, effect: npt.ArrayLike) -> Estimates:
    effect = np.asarray(effect)
    return Estimates(_share(successes, n), *wilson_interval(successes / effect, n / effect))


def macro_f1(confusion: Counts) -> float:
    """Return the mean F1 of the classes that have test images. Each class counts the same."""
    return _mean(f1(confusion).value)


def balanced_accuracy(confusion: Counts) -> float:
    """Return the mean recall of the classes that have test images. Each class counts the same.

    References
    ----------
    Brodersen, Ong, Stephan, Buhmann (2010), The balanced accuracy and its posterior distribution.
    """
    return _mean(recall(confusion).value)


def majority_share(confusion: Counts) -> float:
    """Return the accuracy of always predicting the most frequent class.

    A classifier that is worth anything does better.
    """
    return float(_share(confusion.sum(axis=1).max(), confusion.sum()))


def top_k_accuracy(y_true: npt.ArrayLike, probabilities: npt.ArrayLike, k: int = 5) -> float:
    """Return the share of images whose true class is among the `k` most probable.

    The first of equally probable classes ranks first, as in ``argmax``. A classifier that gives all
    classes the same probability is not counted as right.
    """
    truth, scores = np.asarray(y_true, np.int64), np.asarray(probabilities)
    own = np.take_along_axis(scores, truth[:, None], axis=1)
    earlier = np.arange(scores.shape[1]) < truth[:, None]
    rank = (scores > own).sum(axis=1) + ((scores == own) & earlier).sum(axis=1)
    return _mean((rank < k).astype(float))


def log_loss(y_true: npt.ArrayLike, probabilities: npt.ArrayLike) -> float:
    """Return the mean of ``-ln p``, where `p` is the probability given to the true class.

    Lower is better. Giving each of `k` classes the same probability scores ``ln k``. Probabilities
    below the resolution of float32 (1.2e-7) are raised to it, so that one confident mistake does
    not make the loss infinite.

    References
    ----------
    Good (1952), Rational decisions (the logarithmic score).
    """
    truth = np.asarray(y_true, np.int64)[:, None]
    given = np.take_along_axis(np.asarray(probabilities, float), truth, axis=1)
    return _mean(-np.log(np.clip(given[:, 0], np.finfo(np.float32).eps, 1)))


@dataclass(frozen=True, slots=True)
class CrossValidation:
    """The accuracy from repeated cross-validation, with an interval that is not too narrow.

    Attributes
    ----------
    mean : float
        Mean accuracy over all folds and repeats.
    interval : Interval
        95 % interval of the accuracy.
    spread : float
        Standard deviation of the means of the repeats: how much the choice of the folds matters.
    n, folds, repeats : int
        Number of images, of folds in each repeat, and of repeats.
    """

    mean: float
    interval: Interval
    spread: float
    n: int
    folds: int
    repeats: int

    def __str__(self) -> str:
        """Return a sentence."""
        low, high = self.interval
        return (
            f"Mean accuracy {100 * self.mean:.1f} % (95 % interval {100 * low:.1f} to "
            f"{100 * high:.1f} %), {self.folds}-fold cross-validation repeated {self.repeats} "
            f"times on {self.n} images"
        )


def summarise_cross_validation(scores: npt.ArrayLike, n: int) -> CrossValidation:
    """Return the mean accuracy of repeated k-fold cross-validation and its 95 % interval.

    Folds share training images, so their scores are not independent. The usual standard error
    shrinks with every repeat, although repeats add no images. Two intervals allow for that, and
    each end is taken from the wider one: Nadeau and Bengio's corrected variance
    (``1/J + 1/(folds - 1)`` in place of ``1/J``, Student's t with ``J - 1`` degrees of freedom, for
    `J` scores), and the Wilson interval of `n` images.

    Parameters
    ----------
    scores : array_like of float, shape (repeats, folds)
        Accuracy of each fold, in [0, 1].
    n : int
        Number of images in the dataset.

    Raises
    ------
    ValueError
        If `scores` is not two-dimensional with at least two folds.

    References
    ----------
    Nadeau, Bengio (2003), Inference for the generalization error. Bouckaert, Frank (2004),
    Evaluating the replicability of significance tests for comparing learning algorithms.
    """
    from scipy.special import stdtrit

    table = np.asarray(scores, float)
    if table.ndim != 2 or table.shape[1] < 2:
        raise ValueError(
            "scores must have the shape (repeats, folds) with two folds or more. "
            f"Received: shape {table.shape}."
        )
    mean = float(table.mean())
    variance = table.var(ddof=1) * (1 / table.size + 1 / (table.shape[1] - 1))
    reach = float(stdtrit(table.size - 1, 0.975) * np.sqrt(variance))
    low, high = proportion_interval(round(mean * n), n)
    return CrossValidation(
        mean=mean,
        interval=Interval(min(max(0.0, mean - reach), low), max(min(1.0, mean + reach), high)),
        spread=float(table.mean(axis=1).std(ddof=1)) if len(table) > 1 else float("nan"),
        n=n,
        folds=table.shape[1],
        repeats=table.shape[0],
    )


def _share(part: npt.ArrayLike, whole: npt.ArrayLike) -> Floats:
    part, whole = np.broadcast_arrays(np.asarray(part, float), np.asarray(whole, float))
    return np.divide(part, whole, out=np.full(whole.shape, np.nan), where=whole > 0)


def _mean(values: Floats) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else float("nan")
