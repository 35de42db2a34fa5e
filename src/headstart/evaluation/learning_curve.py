"""How accuracy grows with the number of training images, and what more of them would bring."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from headstart import records
from headstart.data.splits import stratified_folds
from headstart.display.displayed import Displayed
from headstart.display.table import Table
from headstart.display.text import counted, percent
from headstart.errors import DatasetError
from headstart.evaluation.comparison import paired_interval
from headstart.evaluation.design_effect import CROSS_VALIDATED, design_effect
from headstart.evaluation.metrics import Interval, proportion_interval
from headstart.evaluation.results import CurvePoint
from headstart.heads.labels import encode_labels
from headstart.prediction.labels import class_array
from headstart.progress import track

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence
    from pathlib import Path

    import numpy.typing as npt
    from matplotlib.figure import Figure

    from headstart.evaluation.metrics import Counts, Floats
    from headstart.heads.base import Head
    from headstart.progress import Progress

    Bools = npt.NDArray[np.bool_]

FOLDS = 5
#: The shares of the training images that a head is fitted to.
SHARES = (0.125, 0.18, 0.25, 0.35, 0.5, 0.7, 1.0)
#: Up to so many images, each one is tested. Of more, a fifth is, which is many enough.
_ALL_TESTED = 2_000
#: For how many times as many images accuracy is forecast: farther, a curve says nothing.
TIMES = (1.5, 2, 4)
_RESAMPLED = 400
_RATES = np.linspace(0.1, 1.0, 10)
_AT_LEAST = 20
_AT_MOST_CLASSES = 20


@dataclass(frozen=True, slots=True)
class ClassGain:
    """What twice as many training images brought to one class.

    Attributes
    ----------
    label : str
    n : int
        Number of its images.
    recall_of_half, recall : float or None
        How many of its images are recognised by a head that learnt from half of the training
        images, and from all of them. None if none of them was tested.
    interval : Interval or None
        95 % interval of the difference, paired by image.
    """

    label: str
    n: int
    recall_of_half: float | None
    recall: float | None
    interval: Interval | None


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class LearningCurve(Displayed):
    """How accuracy grew with the training images, and how it would go on.

    Attributes
    ----------
    n : int
        Number of images.
    measured : tuple of CurvePoint
        The fewest images first.
    forecast : tuple of CurvePoint
        For 1.5, 2 and 4 times as many images as there are.
    now : CurvePoint
        The fitted curve at the number of images that there are.
    classes : tuple of ClassGain
        The class that gained most first.
    """

    n: int
    measured: tuple[CurvePoint, ...]
    now: CurvePoint
    forecast: tuple[CurvePoint, ...]
    classes: tuple[ClassGain, ...]

    @property
    def verdict(self) -> str:
        """Say whether twice as many images would help."""
        (twice,) = (point for point in self.forecast if point.n == 2 * self.n)
        low, high = (100 * end for end in twice.interval)
        gain = 100 * (twice.accuracy - self.now.accuracy)
        helps = "would help" if gain >= 1 else "would hardly help"
        return (
            f"Twice as many images {helps}: about {percent(twice.accuracy)} right with "
            f"{twice.n:,} ({low:.1f} to {high:.1f} %), against {percent(self.now.accuracy)} with "
            f"{self.n:,}."
        )

    @property
    def about_classes(self) -> str:
        """Say of which class more images would help."""
        known = [each for each in self.classes if each.interval is not None]
        rising = [each.label for each in known if each.interval and each.interval.low > 0]
        if rising:
            return f"Still rising with more images: {', '.join(rising[:5])}."
        return "No class stands out: for none the recall rose beyond chance with twice the images."

    def display_parts(self) -> Iterator[str | Table]:
        """Yield the parts of the report."""
        yield self.verdict
        yield self.about_classes
        yield Table(
            title="Accuracy by number of training images",
            headings=("images", "accuracy", "95 % interval", ""),
            align=">>><",
            rows=[
                *(_row(point, "cross-validated") for point in self.measured),
                *(_row(point, "forecast") for point in self.forecast),
            ],
            notes=("forecast: for images like these, by a fit of error = a + b / images ** c",),
        )
        shown = self.classes[:_AT_MOST_CLASSES]
        left_out = len(self.classes) - len(shown)
        yield Table(
            title="What the second half of the training images brought to each class",
            headings=("class", "images", "recall of half", "recall of all", "difference"),
            align="<>>>>",
            rows=[_class_row(each) for each in shown],
            notes=(
                *([f"... and {left_out:,} more classes; --json gives all"] if left_out else []),
                "difference: in percentage points; in brackets: the 95 % interval, paired by image",
            ),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return everything in JSON's types, with the classes by their labels."""
        record = records.to_json(self, without=("classes",))
        classes = [records.to_json(each) for each in self.classes]
        return {**record, "per_class": {each.pop("label"): each for each in classes}}

    def plot(self, path: str | Path | None = None) -> Figure:
        """Draw the curve with its forecast.

        Parameters
        ----------
        path : str or Path, optional
            A ``.png``, ``.pdf`` or ``.svg`` file to write as well.
        """
        from headstart.evaluation import canvas, curve_plots

        canvas.check_figure(path)
        going_on = (self.now, *self.forecast)
        figure = curve_plots.learning_figure(self.measured, going_on, self.verdict)
        return canvas.saved(figure, path)


def learning_curve(
    head: Head,
    features: npt.NDArray[np.float32],
    labels: Sequence[Hashable],
    *,
    groups: npt.ArrayLike | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> LearningCurve:
    """Measure how accuracy grows with the number of training images, and forecast it.

    In each of five folds, a head is fitted to an eighth of the other images, to a fifth, and so on
    to all of them; the smaller parts lie within the larger ones. Of more than 2,000 images, one
    fold is tested. The error is fitted by ``a + b / n ** c`` (Hestness et al.), and the interval of
    the forecast comes from fits to resampled images, or groups.

    Parameters
    ----------
    head : Head
        What is fitted; it stays as it is.
    features : float32 array, shape (n, d)
    labels : sequence of hashable, length n
    groups : array_like of int, shape (n,), optional
        Images with the same number are on one side of every split.
    seed : int
        The seed of folds and parts.
    progress : Progress, optional
        Shows how far it is.

    Raises
    ------
    DatasetError
        If there are fewer than 20 images, or no class has two groups.

    References
    ----------
    Figueroa et al. (2012), Predicting sample size required for classification performance. Hestness
    et al. (2017), Deep learning scaling is predictable, empirically.
    """
    names = class_array(labels)
    classes, codes = encode_labels(names)
    group = np.arange(len(codes)) if groups is None else _numbered(groups)
    _, first = np.unique(group, return_index=True)
    fold = stratified_folds(codes, FOLDS, seed, group)
    if len(codes) < _AT_LEAST or (fold < 0).all():
        raise DatasetError(
            f"A learning curve needs at least {_AT_LEAST} images, and a class with two of them. "
            f"Received: {counted(len(codes), 'image')} of {len(classes)} classes."
        )
    tested = range(FOLDS if len(codes) <= _ALL_TESTED else 1)
    rows = np.flatnonzero(np.isin(fold, tested))
    right = np.zeros((len(SHARES), len(codes)), bool)
    sizes = np.zeros(len(SHARES))
    fits = [(number, share) for number in tested for share in range(len(SHARES))]
    for number, share in track(progress, iter(fits), "fitting", len(fits)):
        rank = _ranks(codes[first], fold[first] != number, seed)[group]
        train = rank <= SHARES[share]
        test = fold == number
        own = None if groups is None else group[train]
        fitted = type(head)(**head.get_params()).fit(features[train], names[train], groups=own)
        right[share, test] = fitted.predict(features[test]) == names[test]
        sizes[share] += train.sum() / len(tested)
    right = right[:, rows]
    whose = None if groups is None else group[rows]
    half = SHARES.index(0.5)
    return LearningCurve(
        n=len(codes),
        measured=tuple(map(_measured, sizes, right, [whose] * len(right))),
        **_forecast(len(codes), sizes, right, group[rows], seed),
        classes=_gains(classes, codes, rows, right[half], right[-1], whose),
    )


def _numbered(groups: npt.ArrayLike) -> Counts:
    return np.unique(np.asarray(groups), return_inverse=True)[1].astype(np.int64)


def _ranks(codes: Counts, trains: Bools, seed: int) -> Floats:
    """Return the place of each group that trains within its class at random, from above 0 to 1.

    The first two of each class have 0: every part has them. Groups that don't train have infinity.
    """
    random = np.random.default_rng(seed)
    rank = np.full(len(codes), np.inf)
    for code in range(codes.max() + 1):
        own = random.permutation(np.flatnonzero(trains & (codes == code)))
        rank[own] = np.arange(1, len(own) + 1) / len(own)
        rank[own[:2]] = 0
    return rank


def _measured(size: float, right: Bools, groups: Counts | None) -> CurvePoint:
    effect = CROSS_VALIDATED * (1.0 if groups is None else design_effect(right, groups))
    interval = proportion_interval(right.sum() / effect, len(right) / effect)
    return CurvePoint(round(size), float(right.mean()), interval)


def _forecast(n: int, sizes: Floats, right: Bools, groups: Counts, seed: int) -> dict[str, Any]:
    """Return the curve at `n`, and at more images."""
    random = np.random.default_rng(seed)
    _, group = np.unique(groups, return_inverse=True)
    n_groups = int(group.max()) + 1
    size = np.bincount(group, minlength=n_groups)
    wrong = np.stack([np.bincount(group, ~each, n_groups) for each in right])
    draws = random.multinomial(n_groups, np.full(n_groups, 1 / n_groups), _RESAMPLED)
    resampled = (draws @ wrong.T) / (draws @ size)[:, None]
    targets = np.array([n, *(round(times * n) for times in TIMES)])
    fits = _extrapolated(sizes, resampled, targets)
    # The rate of one fit is badly known: the mean of many fits is steadier.
    best = fits.mean(axis=0)
    spread = best + (fits - best) * np.sqrt(CROSS_VALIDATED)
    ends = np.clip(1 - np.percentile(spread, (97.5, 2.5), axis=0), 0, 1)
    points = [
        CurvePoint(int(target), float(1 - error), Interval(float(low), float(high)))
        for target, error, low, high in zip(targets, best, *ends, strict=True)
    ]
    return {"now": points[0], "forecast": tuple(points[1:])}


def _extrapolated(sizes: Floats, errors: Floats, targets: Counts) -> Floats:
    """Fit ``a + b / n ** c`` to rows of errors (r, s) and return it at the targets (r, t)."""
    fits = [_fit_at_rate(sizes, errors, targets, rate) for rate in _RATES]
    losses = np.stack([loss for loss, _ in fits])
    best = losses.argmin(axis=0)
    return np.stack([values for _, values in fits])[best, np.arange(len(errors))]


def _fit_at_rate(
    sizes: Floats, errors: Floats, targets: Counts, rate: float
) -> tuple[Floats, Floats]:
    """Return the squared errors (r,) of the best fit with this rate, and its values (r, t)."""
    x = sizes**-rate
    middle, average = x.mean(), errors.mean(axis=1)
    slope = (errors - average[:, None]) @ (x - middle) / ((x - middle) ** 2).sum()
    # More images do no harm, and no error is negative.
    slope = np.maximum(slope, 0)
    level = average - slope * middle
    slope = np.where(level < 0, errors @ x / (x @ x), slope)
    level = np.maximum(level, 0)
    loss = ((errors - level[:, None] - slope[:, None] * x) ** 2).sum(axis=1)
    return loss, level[:, None] + slope[:, None] * targets.astype(float) ** -rate


def _gains(
    classes: npt.NDArray[Any],
    codes: Counts,
    rows: Counts,
    of_half: Bools,
    of_all: Bools,
    groups: Counts | None,
) -> tuple[ClassGain, ...]:
    found = []
    for code, label in enumerate(classes.tolist()):
        own = codes[rows] == code
        n = int((codes == code).sum())
        if not own.any():
            found.append(ClassGain(str(label), n, None, None, None))
            continue
        gained = of_all[own].astype(np.int64) - of_half[own]
        interval = paired_interval(gained, None if groups is None else groups[own])
        recall = float(of_half[own].mean()), float(of_all[own].mean())
        found.append(ClassGain(str(label), n, *recall, interval))
    return tuple(sorted(found, key=lambda each: -((each.recall or 0) - (each.recall_of_half or 0))))


def _row(point: CurvePoint, how: str) -> tuple[str, ...]:
    low, high = point.interval
    ends = f"{100 * low:.1f} to {100 * high:.1f} %"
    return f"{point.n:,}", percent(point.accuracy), ends, how


def _class_row(each: ClassGain) -> tuple[str, ...]:
    if each.recall is None or each.recall_of_half is None or each.interval is None:
        return each.label, f"{each.n:,}", "-", "-", "-"
    gain = 100 * (each.recall - each.recall_of_half)
    low, high = (100 * end for end in each.interval)
    return (
        each.label,
        f"{each.n:,}",
        percent(each.recall_of_half),
        percent(each.recall),
        f"{gain:+.1f} ({low:+.1f} to {high:+.1f})",
    )
