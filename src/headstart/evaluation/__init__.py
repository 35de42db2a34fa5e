"""How good a classifier is: numbers with intervals, a report, figures, sheets of images."""

from headstart.evaluation.evaluation import Evaluation
from headstart.evaluation.history import plot_history
from headstart.evaluation.metrics import (
    CrossValidation,
    Interval,
    summarise_cross_validation,
    wilson_interval,
)
from headstart.evaluation.results import ClassResult, Mistake, Unreadable
from headstart.evaluation.sheet import Tile, draw_sheet

__all__ = [
    "ClassResult",
    "CrossValidation",
    "Evaluation",
    "Interval",
    "Mistake",
    "Tile",
    "Unreadable",
    "draw_sheet",
    "plot_history",
    "summarise_cross_validation",
    "wilson_interval",
]
