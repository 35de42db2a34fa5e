"""The training of a network: step after step, with checkpoints to go on from."""

from __future__ import annotations

import math
import time
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from headstart.errors import TrainingDiverged, UsageError
from headstart.gradients.augmentation import Augmentation
from headstart.gradients.averaging import WeightAverage
from headstart.gradients.checkpoints import Checkpoint, load_checkpoint, save_checkpoint
from headstart.gradients.history import Epoch
from headstart.gradients.schedule import image_size, learning_rate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import ModuleType

    from keras import Model
    from numpy.typing import NDArray

    from headstart.features.gathering import Progress
    from headstart.gradients.batches import Batches

LAST, BEST = "last.npz", "best.npz"

_SECONDS_BETWEEN_CHECKPOINTS = 60.0
_STEPS_BETWEEN_AVERAGES = 10
# Of all steps, those that the average of the weights remembers.
_REMEMBERED = 0.05
_TESTED_AT_ONCE = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
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
        See `headstart.gradients.augmentation.mixup`.
    augmentation : Augmentation
    lesson_weight : float
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
    lesson_weight: float = 5.0

    def __post_init__(self) -> None:
        """Refuse what can't be trained by."""
        for name in ("epochs", "batch_size"):
            _require(getattr(self, name) >= 1, f"{name} must be at least 1", getattr(self, name))
        _require(self.learning_rate > 0, "learning_rate must be above 0", self.learning_rate)
        _require(
            0 <= self.label_smoothing < 1,
            "label_smoothing must be from 0 to below 1",
            self.label_smoothing,
        )
        _require(self.mixup >= 0, "mixup must be 0 or more", self.mixup)


def _require(holds: bool, what: str, received: float) -> None:
    if not holds:
        raise UsageError(f"{what}. Received: {received}.")


class Training:
    """A network in training.

    Parameters
    ----------
    network : keras.Model
        From images (RGB, 0 to 255, any size) to class probabilities, with a layer ``features``.
    batches : Batches
    test_images : ndarray of uint8, shape (n, size, size, 3)
        Validation images.
    test_labels : ndarray of int64, shape (n,)
    recipe : Recipe
    folder : Path
        For the checkpoints.
    """

    def __init__(
        self,
        keras: ModuleType,
        network: Model,
        batches: Batches,
        *,
        test_images: NDArray[np.uint8],
        test_labels: NDArray[np.int64],
        recipe: Recipe,
        folder: Path,
    ) -> None:
        self._network = network
        self._batches = batches
        self._test_images, self._test_labels = test_images, test_labels
        self._recipe = recipe
        self._folder = folder
        self._model = _trainable(keras, network, batches, recipe)
        self._steps = recipe.epochs * len(batches)
        memory = max(1.0, self._steps * _REMEMBERED / _STEPS_BETWEEN_AVERAGES)
        self._average = WeightAverage(network, memory)
        self._step = 0
        # Mean over the batches of the present epoch.
        self._loss = 0.0
        self._spent = 0.0
        self._seen_at = self._saved_at = time.monotonic()
        self.history: list[Epoch] = []

    def resume(self) -> bool:
        """Go back to the last checkpoint; tell whether there was one.

        Raises
        ------
        DamagedModel
        """
        path = self._folder / LAST
        if not path.exists():
            return False
        checkpoint = load_checkpoint(path)
        self._model.set_weights(checkpoint.arrays["weights"])
        _assign(self._model.optimizer.variables, checkpoint.arrays["optimizer"])
        self._average.weights = checkpoint.arrays["average"]
        self._average.updates = checkpoint.facts["updates"]
        self._step = checkpoint.facts["step"]
        self._loss = checkpoint.facts["loss"]
        self._spent = checkpoint.facts["seconds"]
        self.history = [Epoch(**epoch) for epoch in checkpoint.facts["history"]]
        return True

    def run(self, progress: Progress | None = None) -> Iterator[Epoch]:
        """Train to the end, yielding each epoch that is done.

        Ctrl-C leaves a checkpoint of the very last step.

        Raises
        ------
        TrainingDiverged
            If the loss is no longer a number.
        StorageError
            If a checkpoint can't be written.
        """
        self._seen_at = time.monotonic()
        for epoch in range(len(self.history), self._recipe.epochs):
            try:
                self._run_epoch(epoch, progress)
                accuracy = self._test()
            except KeyboardInterrupt:
                self._save()
                raise
            self._look_at_clock()
            done = Epoch(
                epoch=epoch + 1,
                seconds=self._spent - sum(past.seconds for past in self.history),
                size=self._size(self._step - 1),
                learning_rate=self._rate(self._step - 1),
                loss=self._loss,
                accuracy=accuracy,
            )
            if not self.history or done.accuracy >= max(past.accuracy for past in self.history):
                best = Checkpoint({"average": self._average.weights}, asdict(done))
                save_checkpoint(best, self._folder / BEST)
            self.history.append(done)
            self._loss = 0.0
            self._save()
            yield done

    def seconds_left(self) -> float:
        """Return how long the rest will take, judged by the last epoch and the images' sizes."""
        per_epoch = len(self._batches)
        done = self._work(self._step - per_epoch, self._step)
        return self.history[-1].seconds * self._work(self._step, self._steps) / done

    def _work(self, first: int, last: int) -> float:
        return sum(self._size(step) ** 2 for step in range(first, last))

    def finish(self) -> None:
        """Give the network the averaged weights of its best epoch."""
        self._network.set_weights(load_checkpoint(self._folder / BEST).arrays["average"])

    def _run_epoch(self, epoch: int, progress: Progress | None) -> None:
        """Do what is still to do of an epoch."""
        first = epoch * len(self._batches)
        steps = range(self._step, first + len(self._batches))
        batches = self._batches.epoch(epoch, [self._size(step) for step in steps])
        if progress:
            batches = progress(batches, f"epoch {epoch + 1} of {self._recipe.epochs}", len(steps))
        for batch in batches:
            self._model.optimizer.learning_rate = self._rate(self._step)
            # So that the answer is the loss of this batch, whichever Keras it is.
            self._model.reset_metrics()
            loss = float(np.ravel(self._model.train_on_batch(batch.images, batch.targets))[0])
            self._step += 1
            self._loss += (loss - self._loss) / (self._step - first)
            self._keep_up()

    def _keep_up(self) -> None:
        """Do what is due after a step."""
        if not math.isfinite(self._loss):
            raise TrainingDiverged(
                f"The loss must stay a number; after {self._step} of {self._steps} steps it is "
                f"{self._loss}. Train with a smaller learning rate: a half or a third of "
                f"{self._recipe.learning_rate}."
            )
        if self._step % _STEPS_BETWEEN_AVERAGES == 0:
            self._average.update()
        self._look_at_clock()
        if self._seen_at - self._saved_at > _SECONDS_BETWEEN_CHECKPOINTS:
            self._save()

    def _look_at_clock(self) -> None:
        now = time.monotonic()
        self._spent += now - self._seen_at
        self._seen_at = now

    def _rate(self, step: int) -> float:
        return learning_rate(
            (step + 1) / self._steps, self._recipe.learning_rate, self._recipe.warm_up
        )

    def _size(self, step: int) -> int:
        return image_size(step / self._steps, self._recipe.first_size, self._recipe.size)

    def _test(self) -> float:
        right = 0
        with self._average.in_place():
            for start in range(0, len(self._test_labels), _TESTED_AT_ONCE):
                part = slice(start, start + _TESTED_AT_ONCE)
                images = self._test_images[part].astype(np.float32)
                answers = np.asarray(self._network.predict_on_batch(images))
                right += int((answers.argmax(axis=1) == self._test_labels[part]).sum())
        return right / len(self._test_labels)

    def _save(self) -> None:
        arrays: dict[str, list[NDArray[Any]]] = {
            "weights": self._model.get_weights(),
            "optimizer": [np.asarray(each) for each in self._model.optimizer.variables],
            "average": list(self._average.weights),
        }
        facts = {
            "step": self._step,
            "loss": self._loss,
            "seconds": self._spent,
            "updates": self._average.updates,
            "history": [asdict(epoch) for epoch in self.history],
        }
        save_checkpoint(Checkpoint(arrays, facts), self._folder / LAST)
        self._saved_at = time.monotonic()


def _trainable(keras: ModuleType, network: Model, batches: Batches, recipe: Recipe) -> Model:
    """Return the network with its losses: for its classes, and for what a teacher says."""
    outputs, weights = [network.output], [1.0]
    losses = [keras.losses.CategoricalCrossentropy(label_smoothing=recipe.label_smoothing)]
    if batches.lessons is not None:
        features = network.get_layer("features").output
        pupil = keras.layers.Dense(batches.lessons.shape[1], dtype="float32", name="pupil")
        outputs.append(pupil(features))
        # From -1, the same direction as the teacher's, to 1.
        losses.append(keras.losses.CosineSimilarity())
        weights.append(recipe.lesson_weight)
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


def _assign(variables: list[Any], values: list[NDArray[Any]]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
