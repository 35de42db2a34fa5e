"""The confusion matrix of a report: a table of counts, whose cells lead to their images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from headstart.evaluation.report import cell_depths, frequent_confusions

if TYPE_CHECKING:
    from headstart.evaluation.evaluation import Evaluation
    from headstart.evaluation.metrics import Floats

#: More classes than this are too many for a table; the most frequent confusions are listed.
MOST_CLASSES = 30
_CONFUSIONS = 40
_IN_A_CELL = 12


@dataclass(frozen=True, slots=True)
class Cell:
    """Images of one class that were predicted as one class.

    Attributes
    ----------
    key : str
        Its place: "c-1-2".
    true, predicted : str
        The names of the classes.
    count : int
        How many images.
    names : tuple of str
        The names of those that are shown, the most confident first.
    depth : float
        The strength of its colour, from 0 to 1.
    """

    key: str
    true: str
    predicted: str
    count: int
    names: tuple[str, ...]
    depth: float

    @property
    def is_right(self) -> bool:
        """Whether the images were predicted right."""
        return self.true == self.predicted


def confusion_cells(evaluation: Evaluation) -> list[list[Cell]]:
    """Return the cells of the matrix row by row; without rows if there are too many classes."""
    k = len(evaluation.classes)
    if k > MOST_CLASSES:
        return []
    depths = cell_depths(evaluation.confusion)
    return [
        [_cell(evaluation, (true, predicted), depths) for predicted in range(k)]
        for true in range(k)
    ]


def frequent_cells(evaluation: Evaluation) -> list[Cell]:
    """Return the most frequent confusions, for more classes than a table can show."""
    pairs = frequent_confusions(evaluation.confusion, _CONFUSIONS)
    depths = cell_depths(evaluation.confusion)
    return [_cell(evaluation, pair, depths) for pair in pairs]


def _cell(evaluation: Evaluation, pair: tuple[int, int], depths: Floats) -> Cell:
    (true, predicted), outcomes = pair, evaluation.outcomes
    places = np.flatnonzero((outcomes.truth == true) & (outcomes.predicted == predicted))
    sure = outcomes.probabilities[places, predicted]
    shown = places[np.argsort(-sure, kind="stable")[:_IN_A_CELL]]
    return Cell(
        key=f"c-{true}-{predicted}",
        true=evaluation.classes[true],
        predicted=evaluation.classes[predicted],
        count=len(places),
        names=tuple(outcomes.names[place] for place in shown.tolist()),
        depth=float(depths[pair]),
    )
