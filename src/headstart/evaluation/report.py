"""The tables of an evaluation's report, for people who are not statisticians.

Up to 20 classes are shown in full. With more classes, the report shows the weakest classes and the
most frequent confusions.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from headstart.display.style import BLUE, VERMILION
from headstart.display.table import Table
from headstart.display.text import percent
from headstart.evaluation.metrics import Counts, Floats, Interval
from headstart.evaluation.results import ClassResult, Mistake, Unreadable, weakest_first
from headstart.images.notes import NoteCount

WIDTH = 100
AT_MOST_CLASSES = 20
AT_MOST_LINES = 10


def class_table(classes: Sequence[str], results: Sequence[ClassResult]) -> Table:
    """Return recall, precision and F1 of each class, or of the 20 weakest classes."""
    everything = len(classes) <= AT_MOST_CLASSES
    shown = range(len(classes)) if everything else weakest_first(results)[:AT_MOST_CLASSES]
    n_left_out = len(classes) - len(shown)
    left_out = f"... and {n_left_out:,} more classes; --json and to_frame() give all of them"
    return Table(
        title="Classes" if everything else f"The {len(shown)} weakest classes",
        headings=("class", "images", "recall", "precision", "F1"),
        align="<><<>",
        rows=[_class_row(classes[index], results[index]) for index in shown],
        notes=(
            *([left_out] if n_left_out else []),
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
    shades = np.rint(255 * cell_colours(cell_depths(confusion))).astype(np.uint8)
    return [
        [f"#{bytes(colour).hex()}" if count else "" for count, colour in zip(*row, strict=True)]
        for row in zip(confusion, shades, strict=True)
    ]


def cell_depths(confusion: Counts) -> Floats:
    """Return how dark each cell of the matrix is, from 0 to 1. A single mistake stays visible."""
    shares = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    depth = np.where(confusion > 0, wrong_depth(shares), 0)
    np.fill_diagonal(depth, np.diag(shares))
    return depth


def wrong_depth(share: Any) -> Any:
    """Return how dark a cell of mistakes is, if this share of the images of its row is in it."""
    return 0.12 + 0.88 * np.sqrt(share)


def cell_colours(depth: Floats) -> Floats:
    """Return the colour of each cell: RGB from 0 to 1, shape (k, k, 3).

    Right is blue, wrong is orange; `depth` says how dark.
    """
    right, wrong = (np.array([*bytes.fromhex(code[1:])]) / 255 for code in (BLUE, VERMILION))
    full = np.where(np.eye(len(depth), dtype=bool)[..., None], right, wrong)
    return 1 - depth[..., None] * (1 - full)


def frequent_confusions(confusion: Counts, at_most: int) -> list[tuple[int, int]]:
    """Return the indices of the true and the predicted class of the most frequent confusions."""
    wrong = confusion.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:at_most]
    return [divmod(int(cell), len(wrong)) for cell in order if wrong.flat[cell]]


def _frequent_confusions(classes: Sequence[str], confusion: Counts) -> Table:
    pairs = frequent_confusions(confusion, AT_MOST_LINES)
    return Table(
        title="Most frequent confusions",
        headings=("images", "true class", "predicted class"),
        align="><<",
        rows=[
            (
                f"{confusion[row, column]:,} of {confusion[row].sum():,}",
                classes[row],
                classes[column],
            )
            for row, column in pairs
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
        rows=[(percent(each.probability), each.predicted, each.true, each.path) for each in shown],
        ends_in_paths=True,
    )


def unreadable_table(images: Sequence[Unreadable]) -> Table:
    """Return the first unreadable images with the reasons."""
    return reasons_table(
        f"Unreadable images, not counted above: {len(images):,}",
        [_reason(image) for image in images],
    )


def reasons_table(title: str, reasons: Sequence[str]) -> Table:
    """Return the first of the reasons why images are unreadable."""
    left_out = len(reasons) - AT_MOST_LINES
    return Table(
        title=title,
        rows=[(reason,) for reason in reasons[:AT_MOST_LINES]],
        notes=[f"... and {left_out:,} more"] if left_out > 0 else (),
    )


def note_table(notes: Sequence[NoteCount], what: str = "images") -> Table:
    """Return by which rules images were read that a user may not expect, with examples."""
    return Table(
        title=f"How {what} were read (docs/images.md has the rules)" if notes else "",
        headings=("images", "rule, and some of the images") if notes else (),
        align="><",
        rows=[(f"{each.n:,}", f"{each.note} ({', '.join(each.examples)})") for each in notes],
    )


def _reason(image: Unreadable) -> str:
    return image.message if image.path in image.message else f"{image.path}: {image.message}"
