"""How long a training goes on, how fast it learns, and what it counts as better."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin, get_type_hints

from headstart.errors import UsageError

if TYPE_CHECKING:
    from headstart.training.history import Epoch

OptimizerName = Literal["adam", "adamw", "rmsprop", "sgd"]
LossName = Literal["categorical_crossentropy", "binary_crossentropy"]
Monitor = Literal["val_accuracy", "val_loss"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """How long a training goes on, how fast it learns, and what it counts as better.

    Parameters
    ----------
    epochs : int
    learning_rate : float
        The highest.
    size, first_size : int
        Height and width of the images at the end and at the start, in pixels.
    warm_up : float
        Share of all steps in which the learning rate rises.
    patience : int or None
        Training ends after this many epochs in a row that were no better than the best one. None
        trains all epochs.
    monitor : {"val_accuracy", "val_loss"}
        What makes an epoch the best. Among equal accuracies the loss decides.
    average : bool
        Whether the weights of an epoch are a running average over some steps, or the last ones.
    anchor : float
        Share of the first weights in the result, 0 to 1 (see
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
        """Refuse values that nothing can be trained by."""
        require(self.epochs >= 1, "epochs must be at least 1", self.epochs)
        require(self.learning_rate > 0, "learning_rate must be above 0", self.learning_rate)
        require(0 <= self.warm_up < 1, "warm_up must be from 0 to below 1", self.warm_up)
        require(
            self.patience is None or self.patience >= 1,
            "patience must be at least 1",
            self.patience,
        )
        require(
            self.monitor in get_args(Monitor),
            f"monitor must be one of {', '.join(get_args(Monitor))}",
            self.monitor,
        )
        require(0 <= self.anchor <= 1, "anchor must be from 0 to 1", self.anchor)

    def worth(self, epoch: Epoch) -> tuple[float, ...]:
        """Return what is larger for a better epoch."""
        if self.monitor == "val_loss":
            return (-epoch.val_loss,)
        return (epoch.accuracy, -epoch.val_loss)


def require(holds: bool, what: str, received: object) -> None:
    """Raise a `UsageError` unless a setting holds."""
    if not holds:
        raise UsageError(f"{what}. Received: {received!r}.")


def check_choices(settings: Any) -> None:  # noqa: ANN401 - any dataclass
    """Raise a `UsageError` unless each field of a `Literal` type has one of its values."""
    for name, kind in get_type_hints(type(settings)).items():
        if get_origin(kind) is Literal:
            choices = ", ".join(map(str, get_args(kind)))
            value = getattr(settings, name)
            require(value in get_args(kind), f"{name} must be one of {choices}", value)
