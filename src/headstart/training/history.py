"""What happened in each epoch of a training."""

from __future__ import annotations

import csv
import math
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING

from headstart.display.text import duration, percent
from headstart.storage.whole_files import whole_file

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Epoch:
    """One epoch of a training.

    Attributes
    ----------
    epoch : int
        Counted from 1.
    seconds : float
        How long it took, validation included, over all processes that worked on it.
    size : int
        Height and width of the images at its end, in pixels; 0 for inputs other than images.
    learning_rate : float
        The learning rate at its end.
    loss, accuracy : float
        Means over the training samples, as they were when the network saw them: augmented, and
        before the end of the epoch. The loss includes a teacher's part.
    val_loss, val_accuracy : float
        Mean cross-entropy and accuracy on the validation set after the epoch; NaN without one.
    """

    epoch: int
    seconds: float
    size: int
    learning_rate: float
    loss: float
    accuracy: float
    val_loss: float = math.nan
    val_accuracy: float = math.nan

    def described(self, seconds_left: float = 0.0) -> str:
        """Return the epoch in a line, with an estimate of the time that is left."""
        validated = "" if math.isnan(self.val_accuracy) else f"{percent(self.val_accuracy)} right, "
        left = f"; about {duration(seconds_left)} left" if seconds_left else ""
        return (
            f"epoch {self.epoch}: {validated}loss {self.loss:.3f}, {self.size} px, "
            f"{duration(self.seconds)}{left}"
        )


def write_history(epochs: Sequence[Epoch], path: Path) -> None:
    """Write a CSV file with a row for each epoch.

    Raises
    ------
    StorageError
        If the file can't be written.
    """
    names = [field.name for field in fields(Epoch)]
    with whole_file(path) as new, new.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names, lineterminator="\n")
        writer.writeheader()
        for epoch in epochs:
            row = asdict(epoch)
            writer.writerow({name: f"{row[name]:.6g}" for name in names})
