"""The training loop: step after step, epoch after epoch, with checkpoints to continue from."""

from __future__ import annotations

import math
import time
from collections import deque
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from headstart.errors import TrainingDiverged
from headstart.progress import Bars
from headstart.training.averaging import WeightAverage
from headstart.training.checkpoints import (
    Checkpoint,
    load_checkpoint,
    reading,
    save_checkpoint,
)
from headstart.training.history import Epoch
from headstart.training.interrupts import held_interrupts
from headstart.training.validation import Outcomes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from keras import Model
    from numpy.typing import NDArray

    from headstart.progress import Progress
    from headstart.training.batches import Batch, BatchSource
    from headstart.training.interrupts import Interrupts
    from headstart.training.schedule import Schedule
    from headstart.training.steps import Figures, Steps
    from headstart.training.validation import ValidationSet

CHECKPOINT = "last.npz"

_SECONDS_BETWEEN_CHECKPOINTS = 60.0
# At the end of an epoch. An epoch above a freeze point may take less time than a checkpoint.
_SECONDS_BETWEEN_EPOCHS = 10.0
# The share of all steps that the average of the weights remembers.
_REMEMBERED = 0.05
# Each average reads all weights, so it is not updated after every step, but several times in what
# it remembers.
_STEPS_BETWEEN_AVERAGES = 10
_AVERAGES_REMEMBERED = 4
# A step may wait on the device while others follow: its figures are read so many steps later.
_STEPS_AHEAD = 2
# A mean loss so many times itself above the lowest of an earlier epoch does not come back.
_DIVERGED = 2.0


@dataclass(slots=True)
class _Means:
    """Running means over the samples of an epoch."""

    n: int = 0
    loss: float = 0.0
    accuracy: float = 0.0

    def add(self, loss: float, accuracy: float, n: int) -> None:
        """Add the figures of a batch of `n` samples."""
        self.n += n
        self.loss += (loss - self.loss) * n / self.n
        self.accuracy += (accuracy - self.accuracy) * n / self.n


class TrainingLoop:
    """Trains a network.

    Parameters
    ----------
    steps : Steps
        What trains the model, as `headstart.training.optimizers.compile_model` returns it. The
        weights of its network are averaged.
    batches : BatchSource
        The training set.
    validation : ValidationSet or None
        Decides which epoch is the best. Without one it is the last.
    schedule : Schedule
    folder : Path or None
        An existing folder for checkpoints. Without one there are none.

    Attributes
    ----------
    history : list of Epoch
    best_epoch : int
        The number of the best epoch so far, counted from 1.
    outcomes : list of Outcomes
        How well each sample of the validation set was predicted after each epoch.
    """

    def __init__(
        self,
        steps: Steps,
        batches: BatchSource,
        *,
        validation: ValidationSet | None,
        schedule: Schedule,
        folder: Path | None = None,
    ) -> None:
        self._steps = steps
        self._model, self._network = steps.model, steps.network
        self._batches = batches
        self._validation = validation
        self._schedule = schedule
        self._folder = folder
        self._last_epoch = schedule.epochs
        self._n_steps = schedule.epochs * len(batches)
        self._between, memory = _averaging(schedule, self._n_steps, len(batches))
        self._average = WeightAverage(steps, memory, anchor=schedule.anchor)
        self._step = 0
        self._means = _Means()
        self._unread: deque[tuple[Figures, int]] = deque()
        self._seconds = 0.0
        self._counted_at = self._saved_at = time.monotonic()
        self.history: list[Epoch] = []
        self.best_epoch = 0
        self._best = self._average.result()
        self.outcomes: list[Outcomes] = []

    def resume(self) -> bool:
        """Return to the last checkpoint. Tell whether there is one.

        Raises
        ------
        DamagedModel
            If it can't be read, or belongs to another network.
        """
        if self._folder is None or not (self._folder / CHECKPOINT).exists():
            return False
        path = self._folder / CHECKPOINT
        checkpoint = load_checkpoint(path)
        with reading(path):
            self._take(checkpoint)
        return True

    def _take(self, checkpoint: Checkpoint) -> None:
        arrays, facts = checkpoint.arrays, checkpoint.facts
        self._steps.settle()
        network = self._network.get_weights()
        for group, expected in (
            ("weights", self._model.get_weights()),
            ("optimizer", self._steps.optimizer.variables),
            ("average", network),
            ("best", network),
        ):
            _check_alike(group, arrays[group], expected)
        if "random" in arrays:
            _check_alike("random", arrays["random"], _random_state(self._model))
        self._model.set_weights(arrays["weights"])
        assign(self._steps.optimizer.variables, arrays["optimizer"])
        assign(_random_state(self._model), arrays.get("random", []))
        start = arrays.get("start", self._average.start)
        self._average.resume(arrays["average"], facts["updates"], start)
        self._best = arrays["best"]
        self.best_epoch = facts["best_epoch"]
        self._step = facts["step"]
        self._means = _Means(**facts["means"])
        self._seconds = facts["seconds"]
        self.history = [Epoch(**epoch) for epoch in facts["history"]]
        kept = zip(arrays.get("losses", []), arrays.get("right", []), strict=True)
        self.outcomes = [Outcomes(losses, right) for losses, right in kept]

    def run(self, progress: Progress | None = None, *, until: int | None = None) -> Iterator[Epoch]:
        """Train, and yield each epoch when it is done.

        Ctrl-C lets the step be finished, and leaves a checkpoint of it.

        Parameters
        ----------
        progress : Progress, optional
            Shows how far each epoch is: it advances by the `work` of each step.
        until : int, optional
            The epoch to stop after, if that is before the end of the schedule.

        Raises
        ------
        TrainingDiverged
            If the loss is no longer a number, or keeps rising.
        StorageError
            If a checkpoint can't be written.
        """
        self._counted_at = time.monotonic()
        self._last_epoch = min(until or self._schedule.epochs, self._schedule.epochs)
        while not self._is_over():
            with held_interrupts() as interrupts:
                self._train_epoch(progress, interrupts)
                done = self._finish_epoch(*self._validate(interrupts))
            yield done

    def work(self, epochs: int | None = None) -> float:
        """Return the work of the first epochs, in steps at the full size; None: of all of them."""
        return self._work(0, (epochs or self._schedule.epochs) * len(self._batches))

    @property
    def work_done(self) -> float:
        """The work that is done, in the same unit."""
        return self._work(0, self._step)

    def finish(self) -> None:
        """Give the network the weights of its best epoch."""
        self._steps.settle()
        self._network.set_weights(self._best)

    def _train_epoch(self, progress: Progress | None, interrupts: Interrupts) -> None:
        """Train on the rest of the batches of the present epoch."""
        epoch = len(self.history)
        sizes = [self._size(step) for step in range(self._step, (epoch + 1) * len(self._batches))]
        what = f"epoch {epoch + 1} of {self._schedule.epochs}"
        with (progress or Bars()).bar(what, len(sizes), unit="batch") as advance:
            try:
                for batch in self._batches.epoch(epoch, sizes):
                    self._train_on(batch)
                    self._stop_if(interrupts.pressed)
                    advance(self._work(self._step - 1, self._step))
                self._read_figures()
            finally:
                self._steps.settle()

    def _train_on(self, batch: Batch) -> None:
        figures = self._steps.train(batch, self._rate(self._step))
        self._unread.append((figures, len(batch.targets[0])))
        self._step += 1
        self._read_figures(_STEPS_AHEAD)
        if self._step % self._between == 0:
            self._average.update()
        self._count_time()
        if self._counted_at - self._saved_at > _SECONDS_BETWEEN_CHECKPOINTS:
            self._save()

    def _read_figures(self, ahead: int = 0) -> None:
        """Read the figures of all steps but the last ones, which may still run."""
        while len(self._unread) > ahead:
            (loss, accuracy), n = self._unread.popleft()
            self._means.add(float(loss), float(accuracy), n)
            if not math.isfinite(self._means.loss):
                raise TrainingDiverged(
                    f"The loss must stay a number. Received: {self._means.loss} after "
                    f"{self._step - len(self._unread)} of {self._n_steps} steps. {self._advice()}"
                )

    def _validate(self, interrupts: Interrupts) -> tuple[float, float]:
        """Return accuracy and cross-entropy on the validation set."""
        if self._validation is None:
            return math.nan, math.nan
        parts = []
        with self._average.applied():
            for inputs in self._validation.batches():
                if interrupts.pressed:
                    break
                parts.append(self._steps.predict(inputs))
        self._stop_if(interrupts.pressed)
        found = Outcomes.of(np.concatenate(parts), self._validation.labels)
        self.outcomes.append(found)
        return found.accuracy, found.mean_loss(self._validation.weights)

    def _finish_epoch(self, val_accuracy: float, val_loss: float) -> Epoch:
        self._count_time()
        done = Epoch(
            epoch=len(self.history) + 1,
            seconds=self._seconds - sum(past.seconds for past in self.history),
            size=self._size(self._step - 1),
            learning_rate=self._rate(self._step - 1),
            loss=self._means.loss,
            accuracy=self._means.accuracy,
            val_loss=val_loss,
            val_accuracy=val_accuracy,
        )
        self._check_loss(done)
        if self._is_best(done):
            self._best = self._average.result()
            self.best_epoch = done.epoch
        self.history.append(done)
        self._means = _Means()
        if self._is_over() or self._counted_at - self._saved_at > _SECONDS_BETWEEN_EPOCHS:
            self._save()
        return done

    def _is_best(self, epoch: Epoch) -> bool:
        if self._validation is None:
            return True
        rank = self._schedule.rank
        return all(rank(epoch) >= rank(past) for past in self.history)

    def _is_over(self) -> bool:
        if len(self.history) >= self._last_epoch:
            return True
        patience = self._schedule.patience
        if patience is None or not self.history:
            return False
        return len(self.history) - self.best_epoch >= patience

    def _check_loss(self, epoch: Epoch) -> None:
        if self._schedule.decay == "none":
            return  # at a constant rate the loss may jump and come back
        # A teacher's part of the loss may be below zero.
        lowest = min((past.loss for past in self.history), default=math.inf)
        if epoch.loss > lowest + _DIVERGED * abs(lowest) + 1:
            raise TrainingDiverged(
                f"The loss must fall. Received: {epoch.loss:.3g} in epoch {epoch.epoch}, after "
                f"{lowest:.3g} before. {self._advice()}"
            )

    def _advice(self) -> str:
        return (
            "Train with a smaller learning rate: a half or a third of "
            f"{self._schedule.learning_rate}."
        )

    def _stop_if(self, pressed: bool) -> None:
        """Stop after a checkpoint. Called only where all of the state belongs to one step."""
        if pressed:
            self._save()
            raise KeyboardInterrupt

    def _count_time(self) -> None:
        now = time.monotonic()
        self._seconds += now - self._counted_at
        self._counted_at = now

    def _rate(self, step: int) -> float:
        return self._schedule.rate((step + 1) / self._n_steps)

    def _size(self, step: int) -> int:
        return self._schedule.image_size(step / self._n_steps)

    def _work(self, first: int, last: int) -> float:
        """Return the work of some steps. That of one at the full size is 1."""
        full = max(self._schedule.size, 1)
        return sum((max(self._size(step), 1) / full) ** 2 for step in range(first, last))

    def _save(self) -> None:
        self._read_figures()
        if self._folder is None:
            return
        self._steps.settle()
        arrays: dict[str, list[NDArray[Any]]] = {
            "weights": self._model.get_weights(),
            "optimizer": [np.asarray(each) for each in self._steps.optimizer.variables],
            "random": [np.asarray(each) for each in _random_state(self._model)],
            "average": self._average.weights,
            "start": list(self._average.start),
            "best": list(self._best),
            "losses": [each.losses for each in self.outcomes[: len(self.history)]],
            "right": [each.right for each in self.outcomes[: len(self.history)]],
        }
        facts = {
            "step": self._step,
            "means": asdict(self._means),
            "seconds": self._seconds,
            "updates": self._average.updates,
            "best_epoch": self.best_epoch,
            "history": [asdict(epoch) for epoch in self.history],
        }
        save_checkpoint(Checkpoint(arrays, facts), self._folder / CHECKPOINT)
        self._saved_at = time.monotonic()


def _averaging(schedule: Schedule, steps: int, per_epoch: int) -> tuple[int, float]:
    """Return after how many steps the weights are averaged, and how many averages count."""
    if not schedule.average:
        return per_epoch, 1.0
    wanted = int(steps * _REMEMBERED / _AVERAGES_REMEMBERED)
    between = min(max(wanted, 1), _STEPS_BETWEEN_AVERAGES)
    return between, max(1.0, steps * _REMEMBERED / between)


def _random_state(model: Model) -> list[Any]:
    """Return the variables that are no weights: what dropout draws its next numbers from."""
    weights = {id(each) for each in model.weights}
    return [each for each in model.variables if id(each) not in weights]


def _check_alike(group: str, found: Sequence[NDArray[Any]], expected: Sequence[Any]) -> None:
    """Raise a ValueError unless arrays of a checkpoint are numbers in the shapes of a network."""
    shapes = [tuple(np.shape(each)) for each in expected]
    if [each.shape for each in found] != shapes or any(
        each.dtype.kind not in "biuf" for each in found
    ):
        raise ValueError(f"its {group} are those of another network")


def assign(variables: Sequence[Any], values: Sequence[NDArray[Any]]) -> None:
    """Give variables of Keras these values."""
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
