"""The tables of an evaluation's report, for people who are not statisticians.

Up to 20 classes are shown in full. With more classes, the report shows the weakest classes and the
most frequent confusions.
"""

from collections.abc import Sequence

import numpy as np

from headstart.display.table import Table
from headstart.display.text import percent
from headstart.evaluation.metrics import Counts, Interval
from headstart.evaluation.results import ClassResult, Mistake, Unreadable, weakest_first
from headstart.evaluation.shading import colours, depths

WIDTH = 100
AT_MOST_CLASSES = 20
AT_MOST_LINES = 10


def class_table(classes: Sequence[str], results: Sequence[ClassResult]) -> Table:
    """Return recall, precision and F1 of each class, or of the 20 weakest classes."""
    everything = len(classes) <= AT_MOST_CLASSES
    shown = range(len(classes)) if everything else weakest_first(results)[:AT_MOST_CLASSES]
    left_out = [] if everything else [f"... and {len(classes) - len(shown):,} more classes"]
    return Table(
        title="Classes" if everything else f"The {len(shown)} weakest classes",
        headings=("class", "images", "recall", "precision", "F1"),
        align="<><<>",
        rows=[_class_row(classes[index], results[index]) for index in shown],
        notes=(
            *left_out,
            "recall: how many of the images of this class were recognised",
            "precision: how many of the images predicted as this class belong to it",
            "F1: the harmonic mean of recall and precision, from 0 to 1",
            "in brackets: the 95 % confidence interval",
        ),
    )


def _class_row(name: str, result: ClassResult) -> tuple[str, ...]:
    return (
        name,
        f"{result.n:,}",
        _share(result.recall, result.recall_interval),
        _share(result.precision, result.precision_interval),
        "-" if result.f1 is None else f"{result.f1:.2f}",
    )


def _share(value: float | None, interval: Interval | None) -> str:
    if value is None or interval is None:
        return "      -"
    low, high = interval
    return f"{percent(value):>7} ({100 * low:.1f} to {100 * high:.1f})"


def confusion_table(classes: Sequence[str], confusion: Counts) -> Table:
    """Return the confusion matrix, or the most frequent confusions where it would be too wide."""
    if len(classes) <= AT_MOST_CLASSES:
        numbers = tuple(map(str, range(1, len(classes) + 1)))
        numbered = [f"{number:>2} {name}" for number, name in enumerate(classes, 1)]
        for rows, columns in ((classes, classes), (numbered, numbers)):
            table = _matrix(rows, columns, confusion)
            if table.width() <= WIDTH:
                return table
    return _frequent_confusions(classes, confusion)


def _matrix(rows: Sequence[str], columns: Sequence[str], confusion: Counts) -> Table:
    return Table(
        title="Confusion matrix (a row for each true class, a column for each predicted class)",
        headings=("", *columns),
        align="<" + ">" * len(columns),
        rows=[
            (name, *(f"{count:,}" if count else "." for count in counts))
            for name, counts in zip(rows, confusion.tolist(), strict=True)
        ],
        colours=[("", *row) for row in _css(confusion)],
    )


def _css(confusion: Counts) -> list[list[str]]:
    shades = np.rint(255 * colours(depths(confusion))).astype(int).tolist()
    return [
        [f"#{red:02x}{green:02x}{blue:02x}" if count else "" for count, (red, green, blue) in cells]
        for cells in (zip(*row, strict=True) for row in zip(confusion, shades, strict=True))
    ]


def _frequent_confusions(classes: Sequence[str], confusion: Counts) -> Table:
    wrong = confusion.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:AT_MOST_LINES]
    pairs = [divmod(int(cell), len(wrong)) for cell in order if wrong.flat[cell]]
    return Table(
        title="Most frequent confusions",
        headings=("images", "true class", "predicted class"),
        align="><<",
        rows=[
            (
                f"{wrong[true, predicted]:,} of {confusion[true].sum():,}",
                classes[true],
                classes[predicted],
            )
            for true, predicted in pairs
        ],
    )


def mistake_table(mistakes: Sequence[Mistake]) -> Table:
    """Return the first mistakes."""
    shown = mistakes[:AT_MOST_LINES]
    which = f"the first {len(shown)} of {len(mistakes):,}" if len(mistakes) > len(shown) else "all"
    return Table(
        title=f"Mistakes, the most confident first ({which})",
        headings=("probability", "predicted class", "true class", "image"),
        align="><<<",
        rows=[
            (percent(mistake.probability), mistake.predicted, mistake.true, mistake.path)
            for mistake in shown
        ],
    )


def unreadable_table(images: Sequence[Unreadable]) -> Table:
    """Return the first unreadable images with the reasons."""
    left_out = len(images) - AT_MOST_LINES
    return Table(
        title=f"Unreadable images, not counted above: {len(images):,}",
        rows=[(_reason(image),) for image in images[:AT_MOST_LINES]],
        notes=[f"... and {left_out:,} more"] if left_out > 0 else (),
    )


def _reason(image: Unreadable) -> str:
    return image.message if image.path in image.message else f"{image.path}: {image.message}"
