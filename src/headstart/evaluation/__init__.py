"""How good a classifier is: numbers with intervals, a report in words, pictures."""

from headstart.evaluation.evaluation import ClassResult, Evaluation, Mistake, Refused
from headstart.evaluation.metrics import (
    CrossValidation,
    Interval,
    summarise_cross_validation,
    wilson_interval,
)
from headstart.evaluation.plots import plot_classes, plot_confusion, plot_history
from headstart.evaluation.sheet import Answer, Tile, draw_sheet

__all__ = [
    "Answer",
    "ClassResult",
    "CrossValidation",
    "Evaluation",
    "Interval",
    "Mistake",
    "Refused",
    "Tile",
    "draw_sheet",
    "plot_classes",
    "plot_confusion",
    "plot_history",
    "summarise_cross_validation",
    "wilson_interval",
]
