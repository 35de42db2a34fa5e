"""Fine-tuning: the upper layers of a pre-trained network learn one's own problem, too."""

from headstart.finetuning.job import fine_tune
from headstart.finetuning.settings import FineTuning
from headstart.finetuning.summary import FineTuningSummary

__all__ = ["FineTuning", "FineTuningSummary", "fine_tune"]
