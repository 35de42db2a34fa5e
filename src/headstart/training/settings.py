"""How a training goes: for how long, how fast, and what it counts as better."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from headstart.errors import UsageError

if TYPE_CHECKING:
    from headstart.training.history import Epoch

Monitor = Literal["val_accuracy", "val_loss"]
MONITORS = ("val_accuracy", "val_loss")


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """How long a training goes on, how fast it learns, and what it counts as better.

    Attributes
    ----------
    epochs : int
    learning_rate : float
        The highest.
    warm_up : float
        Share of all steps in which the learning rate rises.
    size, first_size : int
        Height and width of the images at the end and at the start, in pixels.
    patience : int or None
        It ends when so many epochs in a row were no better than the best; None: never early.
    monitor : {'val_accuracy', 'val_loss'}
        By what an epoch is the best; among equal accuracies the loss decides.
    average : bool
        Whether an epoch's weights are the running average over some steps, or the last ones.
    anchor : float
        How much of the weights it began with is in the result: 0 none, 1 all (see
        `headstart.training.averaging.WeightAverage`).

    Raises
    ------
    UsageError
        If a value is out of its range.
    """

    epochs: int
    learning_rate: float
    size: int
    first_size: int
    warm_up: float = 0.05
    patience: int | None = None
    monitor: Monitor = "val_accuracy"
    average: bool = True
    anchor: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what can't be trained by."""
        require(self.epochs >= 1, "epochs must be at least 1", self.epochs)
        require(self.learning_rate > 0, "learning_rate must be above 0", self.learning_rate)
        require(0 <= self.warm_up < 1, "warm_up must be from 0 to below 1", self.warm_up)
        require(
            self.patience is None or self.patience >= 1,
            "patience must be at least 1",
            self.patience,
        )
        require(
            self.monitor in MONITORS, f"monitor must be one of {', '.join(MONITORS)}", self.monitor
        )
        require(0 <= self.anchor <= 1, "what is kept must be from 0 to 1", self.anchor)

    def worth(self, epoch: Epoch) -> tuple[float, ...]:
        """Return what is larger for a better epoch."""
        if self.monitor == "val_loss":
            return (-epoch.val_loss,)
        return (epoch.accuracy, -epoch.val_loss)


def require(holds: bool, what: str, received: object) -> None:
    """Raise a `UsageError` unless a setting holds."""
    if not holds:
        raise UsageError(f"{what}. Received: {received!r}.")
