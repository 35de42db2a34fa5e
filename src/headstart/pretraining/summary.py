"""The summary of a pre-training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from headstart.display.displayed import Displayed
from headstart.display.text import counted, duration, percent

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from matplotlib.figure import Figure

    from headstart.backbones.row import Backbone
    from headstart.evaluation import Evaluation
    from headstart.images.notes import NoteCount
    from headstart.images.sources import UnreadableImage
    from headstart.training.history import Epoch

HISTORY, CURVES, CARD = "history.csv", "curves.png", "README.md"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class PretrainingSummary(Displayed):
    """What `pretrain` did, and how accurate the network is on the classes it was trained on.

    Attributes
    ----------
    folder : Path
        The folder of the backbone.
    backbone : Backbone
        The row that describes it.
    teacher : str or None
        The name of the teacher.
    precision : {"f32", "bf16"}
        What training computed in.
    n_train : int
        The number of training images.
    unreadable : tuple of UnreadableImage
        Training images that could not be read.
    notes : tuple of NoteCount
        How many training images were read by a rule that may surprise, with examples.
    evaluation : Evaluation
        Of the saved backbone, on all validation images.
    history : tuple of Epoch
    best_epoch : int
        The epoch whose weights the backbone has, counted from 1.
    seconds : float
        The time of training, over all processes that worked on it.
    sizes : dict of int to float
        The accuracy on a sample of the validation images at each size that was tried, in pixels.
        The backbone has the best size.
    """

    folder: Path
    backbone: Backbone
    teacher: str | None
    precision: str
    n_train: int
    unreadable: tuple[UnreadableImage, ...]
    notes: tuple[NoteCount, ...]
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
            "unreadable": [image.to_dict() for image in self.unreadable],
            "notes": [count.to_dict() for count in self.notes],
        }

    def plot_history(self, path: str | Path | None = None) -> Figure:
        """Draw the accuracy and the loss in each epoch, and write a file if `path` is given.

        See `headstart.evaluation.plots.plot_history`.
        """
        from headstart.evaluation.plots import plot_history

        return plot_history(self.history, path, best_epoch=self.best_epoch)

    def display_parts(self) -> Iterator[str]:
        """Yield the report."""
        low, high = self.evaluation.interval
        yield "\n".join(
            [
                (
                    f"Trained {self.backbone.builder} from scratch on {self.n_train:,} images of "
                    f"{len(self.evaluation.classes):,} classes, in {duration(self.seconds)}."
                ),
                (
                    f"Its accuracy on {self.evaluation.n:,} validation images is "
                    f"{percent(self.evaluation.accuracy)} "
                    f"(95 % interval: {percent(low)} to {percent(high)})."
                ),
                *(f"Unreadable: {image.error}" for image in self.unreadable),
                *(
                    f"Read by a rule: {counted(count.n, 'image')}, {count.note}"
                    for count in self.notes
                ),
                (
                    f"The backbone is in {self.folder}. See also {self.folder / CURVES} and "
                    f"{self.folder / CARD}."
                ),
                f"To build on it: headstart train IMAGES --out my-model --model {self.folder}",
            ]
        )
