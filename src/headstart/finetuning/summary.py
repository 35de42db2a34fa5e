"""The summary of a fine-tuning."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from headstart.display.displayed import Displayed
from headstart.display.text import counted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from matplotlib.figure import Figure

    from headstart.finetuning.comparison import Comparison
    from headstart.training.history import Epoch


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class FineTuningSummary(Displayed):
    """What `fine_tune` did: ``fine_tuning_`` of the classifier that it returns.

    Attributes
    ----------
    comparison : Comparison
        The comparison with the frozen network. It tells which of them is kept.
    history : tuple of Epoch
        The epochs of the training; of several folds, their means.
    best_epoch : int
        The epoch whose weights are compared and kept, counted from 1.
    where : str
        The freeze point that was asked for.
    first_layer : str
        The first layer that was trained.
    n_learning : int
        The number of layers with weights that were trained.
    n_folds : int
        The number of folds; 1 if a share of the images was the validation set.
    n_views : int
        Views of each image that were kept at the freeze point; 0 if the whole network ran in every
        step.
    precision : {"f32", "bf16"}
        What training computed in.
    notes : tuple of str
        What was done differently from what was asked for, and why.
    seconds : float
        The time from start to end, in this process.
    """

    comparison: Comparison
    history: tuple[Epoch, ...]
    best_epoch: int
    where: str
    first_layer: str
    n_learning: int
    n_folds: int
    n_views: int
    precision: str
    notes: tuple[str, ...]
    seconds: float

    @property
    def kept(self) -> bool:
        """Whether the fine-tuned network is kept, instead of the frozen one."""
        return self.comparison.keeps_tuned

    @property
    def what_learnt(self) -> str:
        """The layers that were trained, in words."""
        return "all" if self.where == "all" else f"from {self.first_layer} on"

    def to_dict(self) -> dict[str, Any]:
        """Return everything in JSON's types."""
        return {
            "comparison": self.comparison.to_dict(),
            "best_epoch": self.best_epoch,
            "where": self.where,
            "first_layer": self.first_layer,
            "n_learning": self.n_learning,
            "n_folds": self.n_folds,
            "n_views": self.n_views,
            "precision": self.precision,
            "notes": list(self.notes),
            "seconds": round(self.seconds, 3),
            "history": [asdict(epoch) for epoch in self.history],
        }

    def plot_history(self, path: str | Path | None = None) -> Figure:
        """Draw the accuracy and the loss in each epoch, and write a file if `path` is given.

        A horizontal line shows the frozen network.
        See `headstart.evaluation.plots.plot_history`.
        """
        from headstart.evaluation.plots import Baseline, plot_history

        frozen = Baseline(self.comparison.frozen, self.comparison.frozen_loss, not self.kept)
        return plot_history(self.history, path, best_epoch=self.best_epoch, frozen=frozen)

    def display_parts(self) -> Iterator[str]:
        """Yield the report."""
        validated = f"{self.n_folds} folds" if self.n_folds > 1 else "one validation set"
        how = (
            f"The layers below ran once, on {counted(self.n_views, 'view')} of each image."
            if self.n_views
            else "The whole network ran in every step."
        )
        lines = [
            (
                f"Fine-tuned {counted(self.n_learning, 'layer')} ({self.what_learnt}) for "
                f"{counted(len(self.history), 'epoch')} with {validated}. {how} "
                f"Epoch {self.best_epoch} is the best."
            ),
            str(self.comparison),
            *self.notes,
        ]
        yield "\n".join(lines)
