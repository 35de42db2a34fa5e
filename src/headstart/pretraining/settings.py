"""How a network is trained from scratch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from headstart.augmentation.settings import Augmentation
from headstart.training.settings import Schedule, require

if TYPE_CHECKING:
    from types import ModuleType

    from keras import Model

    from headstart.training.batches import Batches


@dataclass(frozen=True, slots=True, kw_only=True)
class Pretraining:
    """How a network is trained.

    Attributes
    ----------
    epochs, batch_size : int
    size, first_size : int
        Height and width of the images at the end and at the start, in pixels.
    learning_rate : float
        The highest, for SGD with Nesterov momentum.
    momentum, weight_decay : float
        Of SGD; decay is decoupled, and leaves biases and batch normalisation alone.
    warm_up : float
        Share of all steps in which the learning rate rises.
    label_smoothing : float
        How much of each target is spread over all classes (Szegedy et al. 2015,
        arXiv:1512.00567).
    mixup : float
        See `headstart.augmentation.blending.mixup`.
    augmentation : Augmentation
    teacher_weight : float
        How much the teacher's part of the loss counts against the classes' part.

    Raises
    ------
    UsageError
        If a value is out of its range.
    """

    epochs: int
    batch_size: int
    size: int
    first_size: int
    learning_rate: float
    momentum: float = 0.9
    weight_decay: float = 1e-3
    warm_up: float = 0.05
    label_smoothing: float = 0.1
    mixup: float = 0.0
    augmentation: Augmentation = field(default_factory=Augmentation)
    teacher_weight: float = 5.0

    def __post_init__(self) -> None:
        """Refuse what can't be trained by."""
        require(self.batch_size >= 1, "batch_size must be at least 1", self.batch_size)
        self.schedule()  # refuses what it can't be made of
        require(
            0 <= self.label_smoothing < 1,
            "label_smoothing must be from 0 to below 1",
            self.label_smoothing,
        )
        require(self.mixup >= 0, "mixup must be 0 or more", self.mixup)

    def schedule(self) -> Schedule:
        """Return how long it trains, and how fast."""
        return Schedule(
            epochs=self.epochs,
            learning_rate=self.learning_rate,
            size=self.size,
            first_size=self.first_size,
            warm_up=self.warm_up,
        )


def trainable(keras: ModuleType, network: Model, batches: Batches, recipe: Pretraining) -> Model:
    """Return the network with its losses: for its classes, and for what a teacher says."""
    outputs, weights = [network.output], [1.0]
    losses = [keras.losses.CategoricalCrossentropy(label_smoothing=recipe.label_smoothing)]
    if batches.teacher_targets is not None:
        features = network.get_layer("features").output
        pupil = keras.layers.Dense(batches.teacher_targets.shape[1], dtype="float32", name="pupil")
        outputs.append(pupil(features))
        # From -1, the same direction as the teacher's, to 1.
        losses.append(keras.losses.CosineSimilarity())
        weights.append(recipe.teacher_weight)
    model = keras.Model(network.input, outputs)
    optimizer = keras.optimizers.SGD(
        recipe.learning_rate,
        momentum=recipe.momentum,
        nesterov=True,
        weight_decay=recipe.weight_decay,
    )
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    model.compile(optimizer, losses, loss_weights=weights, jit_compile=False)
    optimizer.build(model.trainable_variables)
    return model
