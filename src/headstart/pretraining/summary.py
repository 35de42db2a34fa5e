"""What came of a pretraining: for programs, for a terminal, and as the backbone's model card."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from headstart.display.displayed import Displayed
from headstart.display.text import duration
from headstart.evaluation import plot_history

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from matplotlib.figure import Figure

    from headstart.backbones.row import Backbone
    from headstart.data.sources import UnreadableImage
    from headstart.evaluation import Evaluation
    from headstart.training.history import Epoch

HISTORY, CURVES, CARD = "history.csv", "curves.png", "README.md"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class PretrainingSummary(Displayed):
    """What `pretrain` did, and how good the network is at what it was trained on.

    Attributes
    ----------
    folder : Path
        Of the backbone.
    backbone : Backbone
        Its row.
    teacher : str or None
    precision : {'f32', 'bf16'}
        What it was trained in.
    n_train : int
    left_out : tuple of UnreadableImage
        Pictures to train on that could not be read.
    evaluation : Evaluation
        Of the finished backbone, compiled, on the validation pictures.
    history : tuple of Epoch
    best_epoch : int
        The epoch whose weights the backbone has, counted from 1.
    seconds : float
        Of training, over all processes that had a part in it.
    sizes : dict of int to float
        Accuracy on the looked-at validation pictures at each size that was tried, in pixels; the
        backbone has the best.
    """

    folder: Path
    backbone: Backbone
    teacher: str | None
    precision: str
    n_train: int
    left_out: tuple[UnreadableImage, ...]
    evaluation: Evaluation
    history: tuple[Epoch, ...]
    best_epoch: int
    seconds: float
    sizes: dict[int, float]

    def to_dict(self) -> dict[str, Any]:
        """Return what ``pretrain --json`` prints."""
        return {
            "accuracy": self.evaluation.accuracy,
            "interval": list(self.evaluation.interval),
            "top5": self.backbone.top5,
            "n_train": self.n_train,
            "n_valid": self.evaluation.n,
            "backbone": self.backbone.name,
            "architecture": self.backbone.builder,
            "parameters": self.backbone.parameters,
            "macs": self.backbone.macs,
            "teacher": self.teacher,
            "precision": self.precision,
            "size": self.backbone.size[0],
            "accuracy_by_size": self.sizes,
            "epochs": len(self.history),
            "seconds": round(self.seconds, 3),
            "folder": str(self.folder),
            "left_out": [
                {
                    "path": item.source.name,
                    "type": type(item.error).__name__,
                    "message": str(item.error),
                }
                for item in self.left_out
            ],
        }

    def plot_history(self, path: str | Path | None = None) -> Figure:
        """Draw the accuracy and the loss in each epoch; write a ``.png`` file if `path` is given.

        See `headstart.evaluation.plot_history`.
        """
        return plot_history(self.history, path, best_epoch=self.best_epoch)

    def display_parts(self) -> Iterator[str]:
        """Yield the report."""
        low, high = self.evaluation.interval
        yield "\n".join(
            [
                (
                    f"Trained {self.backbone.builder} from scratch on {self.n_train:,} pictures of "
                    f"{len(self.evaluation.classes):,} kinds, in {duration(self.seconds)}."
                ),
                (
                    f"It is right on {self.evaluation.accuracy:.1%} of {self.evaluation.n:,} other "
                    f"pictures (95 % interval: {low:.1%} to {high:.1%})."
                ),
                *(f"Left out: {item.error}" for item in self.left_out),
                (
                    f"The backbone is in {self.folder}. To look at: {self.folder / CURVES}, "
                    f"{self.folder / CARD}."
                ),
                f"Build on it: headstart train PICTURES --out my-model --model {self.folder}",
            ]
        )
