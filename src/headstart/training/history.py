"""What happened in each epoch."""

from __future__ import annotations

import csv
import math
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING

from headstart.display.text import duration
from headstart.storage import whole_file

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Epoch:
    """One epoch.

    Attributes
    ----------
    epoch : int
        Counted from 1.
    seconds : float
        It took, with its test, over all processes that had a part in it.
    size : int
        Height and width of the images at its end, in pixels.
    learning_rate : float
        At its end.
    loss : float
        Mean over its batches, on augmented images; includes the teacher's part.
    accuracy : float
        Of the averaged weights on the validation images, one view each; NaN without any.
    val_loss : float
        Mean cross-entropy of the averaged weights on them.
    """

    epoch: int
    seconds: float
    size: int
    learning_rate: float
    loss: float
    accuracy: float
    val_loss: float = math.nan

    def described(self, seconds_left: float = 0.0) -> str:
        """Return the epoch in a line, with about how long the training still takes."""
        judged = "" if math.isnan(self.accuracy) else f"{self.accuracy:.1%} right, "
        left = f"; about {duration(seconds_left)} left" if seconds_left else ""
        return (
            f"epoch {self.epoch}: {judged}loss {self.loss:.3f}, {self.size} px, "
            f"{duration(self.seconds)}{left}"
        )


def write_history(epochs: Sequence[Epoch], path: Path) -> None:
    """Write a CSV file with a row for each epoch.

    Raises
    ------
    StorageError
    """
    names = [field.name for field in fields(Epoch)]
    with whole_file(path) as new, new.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names, lineterminator="\n")
        writer.writeheader()
        for epoch in epochs:
            row = asdict(epoch)
            writer.writerow({name: _short(row[name]) for name in names})


def _short(value: float) -> str:
    return f"{value:.6g}"
