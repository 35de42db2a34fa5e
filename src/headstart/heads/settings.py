"""The names of the heads, and the settings of the dense head."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from headstart.arguments import check_fields
from headstart.training.settings import LossName, Monitor, OptimizerName, require

HeadName = Literal["logistic", "ridge", "nearest_mean", "knn", "dense"]
#: Those that consist of layers, so that a network can be fine-tuned with them; without the dense
#: head, which takes far longer than the others.
LAYERED: tuple[HeadName, ...] = ("logistic", "ridge", "nearest_mean")
Activation = Literal["relu", "elu", "silu", "sigmoid", "tanh"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DenseSettings:
    """The layers of a `DenseHead` and how they are trained.

    Parameters
    ----------
    units : sequence of int, default=(256,)
        The width of each hidden layer. Without any, the head is a softmax regression.
    activation : {"relu", "elu", "silu", "sigmoid", "tanh"}, default="relu"
        The activation of the hidden layers.
    dropout : float, default=0.5
        The share of a hidden layer's outputs that is dropped in training.
    batch_normalization : bool, default=True
        Whether to normalise the inputs of each layer over the batch.
    optimizer : {"adam", "adamw", "rmsprop", "sgd"}, default="adam"
        The optimizer.
    learning_rate : float, default=0.001
        The learning rate.
    loss : {"categorical_crossentropy", "binary_crossentropy"}, default="categorical_crossentropy"
        The loss. "binary_crossentropy" treats each class as a separate yes-or-no question; a
        softmax is not made for that, but some tutorials use it.
    monitor : {"val_accuracy", "val_loss"}, default="val_loss"
        The measure that decides which epoch is the best: accuracy or loss on the validation set.
        Among equal accuracies the lower loss decides.
    epochs : int, default=100
        The largest number of epochs.
    patience : int, optional, default=10
        Training ends after this many epochs in a row without improvement. None trains all epochs.
    batch_size : int, default=32
        The number of images in each training step.
    validation : float, default=0.1
        The share of the training images kept as validation set, to find the best epoch. 0 trains
        all epochs on all images and takes the last one.

    Raises
    ------
    UsageError
        If a value is out of its range.
    """

    units: tuple[int, ...] = (256,)
    activation: Activation = "relu"
    dropout: float = 0.5
    batch_normalization: bool = True
    optimizer: OptimizerName = "adam"
    learning_rate: float = 1e-3
    loss: LossName = "categorical_crossentropy"
    monitor: Monitor = "val_loss"
    epochs: int = 100
    patience: int | None = 10
    batch_size: int = 32
    validation: float = 0.1

    def __post_init__(self) -> None:
        """Refuse values that no training can use."""
        check_fields(self)
        positive = {
            "epochs": self.epochs,
            "batch_size": self.batch_size,
            "units": min(self.units, default=1),
            "patience": 1 if self.patience is None else self.patience,
        }
        for name, value in positive.items():
            require(value >= 1, f"{name} must be at least 1", value)
        for name in ("dropout", "validation"):
            value = getattr(self, name)
            require(0 <= value < 1, f"{name} must be from 0 to below 1", value)
        require(self.learning_rate > 0, "learning_rate must be above 0", self.learning_rate)
