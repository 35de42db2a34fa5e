"""How good a classifier is: numbers with intervals, a report, figures, sheets of images."""

from headstart.evaluation.evaluation import Evaluation, measure
from headstart.evaluation.sheet import Tile, draw_sheet

__all__ = ["Evaluation", "Tile", "draw_sheet", "measure"]
