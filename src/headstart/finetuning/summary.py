"""What came of a fine-tuning."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from headstart.display.displayed import Displayed
from headstart.evaluation import plot_history

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
        With the frozen network; says which of them is kept.
    history : tuple of Epoch
        Of the training that decided about the epochs: of several folds, their means.
    best_epoch : int
        Whose weights were compared, and kept; counted from 1.
    where : str
        The freeze point that was asked for.
    first_layer : str
        The first layer that learnt.
    n_learning : int
        Layers with weights that learnt.
    n_folds : int
        1 if a part of the pictures was kept out.
    n_views : int
        Views of each picture that were kept at the freeze point; 0 if the whole network was run.
    precision : {'f32', 'bf16'}
        What it was trained in.
    notes : tuple of str
        What went another way than asked for, and why.
    seconds : float
        Of training and what it needed, in this process.
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
        """Whether the fine-tuned network is kept, rather than the frozen one."""
        return self.comparison.keeps_tuned

    @property
    def what_learnt(self) -> str:
        """Which layers learnt, in words."""
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
        """Draw the accuracy and the loss in each epoch; write a ``.png`` file if `path` is given.

        See `headstart.evaluation.plot_history`.
        """
        return plot_history(self.history, path, best_epoch=self.best_epoch)

    def display_parts(self) -> Iterator[str]:
        """Yield the report."""
        how = (
            f"what lies below was computed once, {self.n_views} views of each picture"
            if self.n_views
            else "the whole network was run for every look"
        )
        judged = f"{self.n_folds} divisions" if self.n_folds > 1 else "one division"
        lines = [
            (
                f"Fine-tuned {self.n_learning} layers ({self.what_learnt}) for "
                f"{len(self.history)} epochs on {judged} of the pictures; {how}. "
                f"Epoch {self.best_epoch} is the best."
            ),
            str(self.comparison),
            *self.notes,
        ]
        yield "\n".join(lines)
