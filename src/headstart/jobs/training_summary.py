"""What `train` did, and how good the model is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from headstart.display.displayed import Displayed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from headstart.data.sources import UnreadableImage
    from headstart.display.table import Table
    from headstart.evaluation import Evaluation
    from headstart.finetuning.summary import FineTuningSummary


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class TrainingSummary(Displayed):
    """What `train` did, and how good the model is.

    ``print(summary)`` writes a report, a notebook shows it as HTML, and `to_dict` returns it for
    programs.

    Attributes
    ----------
    folder : Path
        The folder of the saved model.
    backbone, head, precision, resize : str
        What the model is made of.
    n_train : int
        How many images it was trained on.
    unreadable : tuple of UnreadableImage
        Training images that could not be read.
    skipped : dict of str to int
        How many entries of the dataset were skipped, by reason.
    evaluation : Evaluation
        The result on images that were not used for training.
    tuning : FineTuningSummary or None
        The result of fine-tuning, if it was asked for.
    images : tuple of Path
        Plots and sheets that were drawn.
    seconds : float
        How long everything took.
    """

    folder: Path
    backbone: str
    head: str
    precision: str
    resize: str
    n_train: int
    unreadable: tuple[UnreadableImage, ...]
    skipped: dict[str, int]
    evaluation: Evaluation
    tuning: FineTuningSummary | None
    images: tuple[Path, ...]
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """Return what ``train --json`` prints."""
        return {
            "accuracy": self.evaluation.accuracy,
            "interval": list(self.evaluation.interval),
            "n_train": self.n_train,
            "n_test": self.evaluation.n,
            "backbone": self.backbone,
            "seconds": round(self.seconds, 3),
            "folder": str(self.folder),
            "head": self.head,
            "precision": self.precision,
            "resize": self.resize,
            "unreadable": [image.to_dict() for image in self.unreadable],
            "skipped": self.skipped,
            "images": [str(path) for path in self.images],
            "evaluation": self.evaluation.to_dict(),
            "tuning": None if self.tuning is None else self.tuning.to_dict(),
        }

    def __repr__(self) -> str:
        """Return how good the model is and where it is."""
        return f"<TrainingSummary: {self.evaluation.headline}, model in {str(self.folder)!r}>"

    def display_parts(self) -> Iterator[str | Table]:
        """Yield the parts of the report."""
        yield (
            f"Trained on {self.n_train:,} images with {self.backbone} and tested on "
            f"{self.evaluation.n:,} others in {self.seconds:.1f} s."
        )
        yield from self.evaluation.display_parts()
        if self.tuning is not None:
            yield from self.tuning.display_parts()
        yield "\n".join(
            [
                *(f"Unreadable: {image.error}" for image in self.unreadable),
                *(f"Skipped: {n:,} {reason}" for reason, n in sorted(self.skipped.items())),
            ]
        )
        yield "\n".join(
            [
                f"The model is in {self.folder}. Plots: {', '.join(map(str, self.images))}.",
                f"To predict with it: headstart predict IMAGES --model {self.folder}",
            ]
        )
