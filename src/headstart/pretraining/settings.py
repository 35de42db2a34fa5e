"""How a network is trained from scratch."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, Literal

from headstart.arguments import Positive, Seed, check_fields
from headstart.augmentation.settings import Augmentation
from headstart.features.settings import Device, FloatPrecisionRule  # noqa: TC001 - flags
from headstart.training.schedule import Schedule
from headstart.training.settings import require

Architecture = Literal["mini"]

#: What a backbone was trained on, where nobody says it.
UNNAMED = "a dataset that is not named"
# The least and the largest height and width of the training images.
SIZES = (32, 256)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pretraining:
    """How a network is trained from scratch. The defaults suit many thousands of images.

    Parameters
    ----------
    architecture : {"mini"}, default="mini"
        The network that is trained.
    size : int, default=64
        Height and width of the training images in pixels, at the end of training.
    first_size : int, optional
        Height and width of the training images at the start. They grow during training, because
        small images take less time. The default is half the height and
        width at the end.
    epochs : int, default=16
        How often the network sees each image.
    batch_size : int, default=128
        The number of images in each training step.
    learning_rate : float, default=0.2
        The highest learning rate. It rises during the warm-up, then falls to zero along a cosine.
        If you change the batch size, change the learning rate in proportion.
    momentum : float, default=0.9
        The Nesterov momentum of SGD.
    weight_decay : float, default=0.001
        The decoupled weight decay. Biases and batch normalisation are left alone.
    warm_up : float, default=0.05
        The share of all steps in which the learning rate rises.
    label_smoothing : float, default=0.1
        The share of each target that is spread over all classes. See Szegedy et al. 2015,
        arXiv:1512.00567.
    mixup : float, default=0.0
        How strongly to blend pairs of images: 0 not at all, 0.2 a little, 1 strongly. See
        `headstart.augmentation.blending.mixup`.
    augmentation : Augmentation
        The random changes made to training images.
    teacher_weight : float, default=5.0
        The weight of the teacher's part of the loss against the classes' part.
    precision : {"auto", "f32", "bf16"}, default="auto"
        What training computes in. "auto" takes bfloat16 on a GPU or TPU that has it.
    device : {"auto", "cpu", "gpu"}, default="auto"
        What computes. "cpu" is the processor. "gpu" is a GPU or TPU that Keras's backend can use.
        "auto" is the device in HEADSTART_DEVICE, if that is set, or else a GPU if there is one.
    seed : int, default=0
        The seed of the split, the first weights, the order of the images and their augmentation.
    workers : int, optional
        How many batches are augmented at the same time while the network trains. The default is one
        where there are up to 4 processor cores, else one for each core.

    Raises
    ------
    UsageError
        If a value is out of its range.
    """

    architecture: Architecture = "mini"
    size: int = 64
    first_size: int | None = None
    epochs: int = 16
    batch_size: int = 128
    learning_rate: float = 0.2
    momentum: float = 0.9
    weight_decay: float = 1e-3
    warm_up: float = 0.05
    label_smoothing: float = 0.1
    mixup: float = 0.0
    augmentation: Augmentation = field(default_factory=Augmentation)
    teacher_weight: float = 5.0
    precision: FloatPrecisionRule = "auto"
    device: Device = "auto"
    seed: Seed = 0
    workers: Positive | None = None

    def __post_init__(self) -> None:
        """Refuse values that no training can use."""
        check_fields(self)
        least, most = SIZES
        require(
            least <= self.size <= most, f"size must be from {least} to {most} pixels", self.size
        )
        require(
            self.first_size is None or least // 2 <= self.first_size <= self.size,
            f"first_size must be from {least // 2} pixels to size, {self.size}",
            self.first_size,
        )
        require(self.batch_size >= 1, "batch_size must be at least 1", self.batch_size)
        for name in ("momentum", "label_smoothing"):
            value = getattr(self, name)
            require(0 <= value < 1, f"{name} must be from 0 to below 1", value)
        for name in ("weight_decay", "mixup", "teacher_weight"):
            require(getattr(self, name) >= 0, f"{name} must be 0 or more", getattr(self, name))
        self.schedule()  # checks epochs, learning_rate, warm_up

    def schedule(self) -> Schedule:
        """Return how long it trains, and how fast."""
        return Schedule(
            epochs=self.epochs,
            learning_rate=self.learning_rate,
            size=self.size,
            first_size=self.size // 2 if self.first_size is None else self.first_size,
            warm_up=self.warm_up,
        )

    def described(self) -> dict[str, Any]:
        """Return the settings that the result depends on, in JSON's types."""
        settings = {each.name: getattr(self, each.name) for each in fields(self)}
        del settings["workers"], settings["device"]
        return settings | {"augmentation": self.augmentation.described()}
