"""Fine-tuning: the upper layers of a pre-trained network learn one's own problem, too."""

from headstart.finetuning.job import fine_tune
from headstart.finetuning.recipe import Recipe
from headstart.finetuning.summary import Tuning

__all__ = ["Recipe", "Tuning", "fine_tune"]
