"""How long a training goes on, how fast it learns, and which epoch is the best."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from headstart.arguments import check_fields
from headstart.training.settings import Monitor, require

if TYPE_CHECKING:
    from headstart.training.history import Epoch

# Networks halve their feature maps again and again. Sizes in steps of this leave few odd maps, and
# few different sizes, each of which a backend compiles anew.
SIZE_STEP = 8

# The share of the steps after which images have their full size.
_FULL_SIZE_FROM = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """How long a training goes on, how fast it learns, and which epoch is the best.

    Parameters
    ----------
    epochs : int
        The largest number of epochs.
    learning_rate : float
        The highest learning rate.
    decay : {"cosine", "none"}
        Whether the learning rate falls to zero along a cosine, or stays as it is.
    warm_up : float
        The share of all steps in which the learning rate rises.
    size, first_size : int
        Height and width of the images at the end and at the start, in pixels. 0 for inputs other
        than images.
    patience : int or None
        Training ends after this many epochs in a row without improvement. None trains all epochs.
    monitor : {"val_accuracy", "val_loss"}
        What makes an epoch the best. Among equal accuracies the lower loss wins.
    average : bool
        Whether the weights of an epoch are a running average over some steps, or the last ones.
    anchor : float
        The share of the first weights in the result, 0 to 1 (see
        `headstart.training.averaging.WeightAverage`).

    Raises
    ------
    UsageError
        If a value is out of its range.

    References
    ----------
    Loshchilov and Hutter 2016, arXiv:1608.03983 (cosine); Goyal et al. 2017, arXiv:1706.02677
    (warm-up); Tan and Le 2021, arXiv:2104.00298 (growing images).
    """

    epochs: int
    learning_rate: float
    decay: Literal["cosine", "none"] = "cosine"
    warm_up: float = 0.0
    size: int = 0
    first_size: int = 0
    patience: int | None = None
    monitor: Monitor = "val_accuracy"
    average: bool = True
    anchor: float = 0.0

    def __post_init__(self) -> None:
        """Refuse values that no training can use."""
        check_fields(self)
        require(self.epochs >= 1, "epochs must be at least 1", self.epochs)
        require(self.learning_rate > 0, "learning_rate must be above 0", self.learning_rate)
        require(0 <= self.warm_up < 1, "warm_up must be from 0 to below 1", self.warm_up)
        patience = 1 if self.patience is None else self.patience
        require(patience >= 1, "patience must be at least 1", patience)
        require(0 <= self.anchor <= 1, "anchor must be from 0 to 1", self.anchor)

    def rate(self, done: float) -> float:
        """Return the learning rate when this share of all steps is done, 0 to 1."""
        if done < self.warm_up:
            return self.learning_rate * done / self.warm_up
        if self.decay == "none":
            return self.learning_rate
        part = (done - self.warm_up) / (1 - self.warm_up)
        return self.learning_rate * 0.5 * (1 + math.cos(math.pi * part))

    def image_size(self, done: float) -> int:
        """Return the height and width of the images when this share of all steps is done.

        A network learns from small images early on what it would learn from large ones, in a
        fraction of the time.
        """
        if done >= _FULL_SIZE_FROM:
            return self.size
        wanted = self.first_size + (self.size - self.first_size) * done / _FULL_SIZE_FROM
        return min(self.size, round(wanted / SIZE_STEP) * SIZE_STEP)

    def rank(self, epoch: Epoch) -> tuple[float, ...]:
        """Return a key that is larger for a better epoch."""
        if self.monitor == "val_loss":
            return (-epoch.val_loss,)
        return (epoch.val_accuracy, -epoch.val_loss)
