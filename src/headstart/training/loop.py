"""The training of a network: step after step, with checkpoints to go on from."""

from __future__ import annotations

import math
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from headstart.errors import TrainingDiverged
from headstart.progress import Bars
from headstart.training.averaging import WeightAverage
from headstart.training.checkpoints import Checkpoint, load_checkpoint, save_checkpoint
from headstart.training.history import Epoch
from headstart.training.interrupts import held_interrupts
from headstart.training.schedule import image_size, learning_rate
from headstart.training.validation import judged

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from keras import Model
    from numpy.typing import NDArray

    from headstart.progress import Progress
    from headstart.training.batches import Batch
    from headstart.training.interrupts import Interrupts
    from headstart.training.settings import Schedule
    from headstart.training.validation import ValidationSet

    Answers = NDArray[np.float32]

LAST = "last.npz"

_SECONDS_BETWEEN_CHECKPOINTS = 60.0
# At the end of an epoch: an epoch above a freeze point may take less time than writing it down.
_SECONDS_BETWEEN_EPOCHS = 10.0
# Of all steps, those that the average of the weights remembers.
_REMEMBERED = 0.05
# Each average reads all weights, so not after every step; but several times in what it remembers.
_STEPS_BETWEEN_AVERAGES = 10
_AVERAGES_REMEMBERED = 4
# A mean loss so many times itself above the lowest of an earlier epoch does not come back.
_DIVERGED = 2.0


class BatchSource(Protocol):
    """Where a training has its batches from: `Batches`, or what is kept of them at a layer."""

    def __len__(self) -> int:
        """Return the number of batches in an epoch."""

    def epoch(self, epoch: int, sizes: Sequence[int]) -> Iterator[Batch]:
        """Yield the last ``len(sizes)`` batches of an epoch, of images with these sizes."""


class TrainingLoop:
    """A network in training.

    Parameters
    ----------
    model : keras.Model
        Compiled: what is trained.
    network : keras.Model
        The part of it that is kept: to class probabilities. Its weights are averaged.
    batches : BatchSource
    validation : ValidationSet or None
        Without one, no epoch is better than the one after it.
    schedule : Schedule
    folder : Path
        For the checkpoints; must exist.
    name : str
        What it is called in the progress.
    """

    def __init__(
        self,
        model: Model,
        network: Model,
        batches: BatchSource,
        *,
        validation: ValidationSet | None,
        schedule: Schedule,
        folder: Path,
        name: str = "",
    ) -> None:
        self._model = model
        self._network = network
        self._batches = batches
        self._validation = validation
        self._schedule = schedule
        self._folder = folder
        self._name = name
        self._last = schedule.epochs
        self._steps = schedule.epochs * len(batches)
        self._between = _steps_between(self._steps) if schedule.average else 1
        memory = max(1.0, self._steps * _REMEMBERED / self._between) if schedule.average else 1.0
        self._average = WeightAverage(network, memory, anchor=schedule.anchor)
        self._step = 0
        # Mean over the batches of the present epoch.
        self._loss = 0.0
        self._spent = 0.0
        self._seen_at = self._saved_at = time.monotonic()
        self.history: list[Epoch] = []
        # Of the best epoch so far; until there is one, what the network began with.
        self.best_epoch = 0
        self._best = self._average.result()
        # What the network said about the examined pictures after each epoch.
        self.answers: list[Answers] = []

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
        _assign(_beside_weights(self._model), checkpoint.arrays.get("random", []))
        self._average.weights = checkpoint.arrays["average"]
        self._best = checkpoint.arrays["best"]
        self.best_epoch = checkpoint.facts["best_epoch"]
        self._average.start = checkpoint.arrays.get("start", self._average.start)
        self._average.updates = checkpoint.facts["updates"]
        self._step = checkpoint.facts["step"]
        self._loss = checkpoint.facts["loss"]
        self._spent = checkpoint.facts["seconds"]
        self.history = [Epoch(**epoch) for epoch in checkpoint.facts["history"]]
        self.answers = checkpoint.arrays.get("answers", [])
        return True

    def run(self, progress: Progress | None = None, *, until: int | None = None) -> Iterator[Epoch]:
        """Train to the end, yielding each epoch that is done.

        Ctrl-C lets the step be finished, and leaves a checkpoint of it.

        Parameters
        ----------
        progress : Progress, optional
        Shows how far it is.

        Raises
        ------
        TrainingDiverged
            If the loss is no longer a number, or has left where it was for good.
        StorageError
            If a checkpoint can't be written.
        """
        self._seen_at = time.monotonic()
        self._last = min(until or self._schedule.epochs, self._schedule.epochs)
        while not self._is_over():
            with held_interrupts() as interrupts:
                self._run_epoch(len(self.history), progress, interrupts)
                done = self._finish_epoch(*self._test(interrupts))
            yield done

    def seconds_left(self) -> float:
        """Return how long the rest will take, judged by the last epoch and the images' sizes."""
        per_epoch = len(self._batches)
        done = self._work(self._step - per_epoch, self._step)
        left = self._work(self._step, self._last * per_epoch)
        return self.history[-1].seconds * left / done

    def finish(self) -> None:
        """Give the network the weights of its best epoch."""
        self._network.set_weights(self._best)

    def _finish_epoch(self, accuracy: float, val_loss: float) -> Epoch:
        self._look_at_clock()
        done = Epoch(
            epoch=len(self.history) + 1,
            seconds=self._spent - sum(past.seconds for past in self.history),
            size=self._size(self._step - 1),
            learning_rate=self._rate(self._step - 1),
            loss=self._loss,
            accuracy=accuracy,
            val_loss=val_loss,
        )
        self._check_course(done)
        if self._is_best(done):
            self._best = [weight.copy() for weight in self._average.result()]
            self.best_epoch = done.epoch
        self.history.append(done)
        self._loss = 0.0
        if self._is_over() or self._seen_at - self._saved_at > _SECONDS_BETWEEN_EPOCHS:
            self._save()
        return done

    def _is_over(self) -> bool:
        return len(self.history) >= self._last or self._worn_out()

    def _is_best(self, epoch: Epoch) -> bool:
        if self._validation is None:
            return True
        worth = self._schedule.worth
        return all(worth(epoch) >= worth(past) for past in self.history)

    def _worn_out(self) -> bool:
        """Tell whether too many epochs have gone by since the best one."""
        if self._schedule.patience is None or not self.history or self._validation is None:
            return False
        return len(self.history) - self.best_epoch >= self._schedule.patience

    def _check_course(self, epoch: Epoch) -> None:
        lowest = min((past.loss for past in self.history), default=math.inf)
        # A teacher's part of the loss may be below zero.
        if epoch.loss > lowest + _DIVERGED * abs(lowest) + 1:
            raise TrainingDiverged(
                f"The loss must fall; in epoch {epoch.epoch} it is {epoch.loss:.3g}, after "
                f"{lowest:.3g} before. {self._advice()}"
            )

    def _advice(self) -> str:
        return (
            "Train with a smaller learning rate: a half or a third of "
            f"{self._schedule.learning_rate}."
        )

    def _work(self, first: int, last: int) -> float:
        return sum(self._size(step) ** 2 for step in range(first, last))

    def _run_epoch(self, epoch: int, progress: Progress | None, interrupts: Interrupts) -> None:
        """Do what is still to do of an epoch."""
        first = epoch * len(self._batches)
        steps = range(self._step, first + len(self._batches))
        batches = self._batches.epoch(epoch, [self._size(step) for step in steps])
        what = f"{self._name}epoch {epoch + 1} of {self._schedule.epochs}"
        with (progress or Bars()).bar(what, len(steps), unit="batch") as advance:
            for batch in batches:
                self._train_on(batch, first, interrupts)
                advance(1)

    def _train_on(self, batch: Batch, first: int, interrupts: Interrupts) -> None:
        self._model.optimizer.learning_rate = self._rate(self._step)
        # So that the answer is the loss of this batch, whichever Keras it is.
        self._model.reset_metrics()
        answer = self._model.train_on_batch(
            batch.images, batch.targets, sample_weight=batch.weights
        )
        self._step += 1
        self._loss += (float(np.ravel(answer)[0]) - self._loss) / (self._step - first)
        self._keep_up()
        self._end_if(interrupts.asked)

    def _keep_up(self) -> None:
        """Do what is due after a step."""
        if not math.isfinite(self._loss):
            raise TrainingDiverged(
                f"The loss must stay a number; after {self._step} of {self._steps} steps it is "
                f"{self._loss}. {self._advice()}"
            )
        if self._step % self._between == 0:
            self._average.update()
        self._look_at_clock()
        if self._seen_at - self._saved_at > _SECONDS_BETWEEN_CHECKPOINTS:
            self._save()

    def _end_if(self, asked: bool) -> None:
        """End after a checkpoint: called only where all of the state belongs to one step."""
        if asked:
            self._save()
            raise KeyboardInterrupt

    def _look_at_clock(self) -> None:
        now = time.monotonic()
        self._spent += now - self._seen_at
        self._seen_at = now

    def _rate(self, step: int) -> float:
        return learning_rate(
            (step + 1) / self._steps, self._schedule.learning_rate, self._schedule.warm_up
        )

    def _size(self, step: int) -> int:
        return image_size(step / self._steps, self._schedule.first_size, self._schedule.size)

    def _test(self, interrupts: Interrupts) -> tuple[float, float]:
        """Return accuracy and cross-entropy on the examined pictures."""
        if self._validation is None:
            return math.nan, math.nan
        parts = []
        with self._average.in_place():
            for part in self._validation.inputs():
                if interrupts.asked:
                    break
                parts.append(np.asarray(self._network.predict_on_batch(part), np.float32))
        self._end_if(interrupts.asked)
        answers = np.concatenate(parts)
        self.answers.append(answers)
        return judged(answers, self._validation.labels)

    def _save(self) -> None:
        arrays: dict[str, list[NDArray[Any]]] = {
            "weights": self._model.get_weights(),
            "optimizer": [np.asarray(each) for each in self._model.optimizer.variables],
            "random": [np.asarray(each) for each in _beside_weights(self._model)],
            "average": list(self._average.weights),
            "best": list(self._best),
            "answers": self.answers[: len(self.history)],
        }
        if self._schedule.anchor:
            arrays["start"] = list(self._average.start)
        facts = {
            "step": self._step,
            "loss": self._loss,
            "seconds": self._spent,
            "updates": self._average.updates,
            "best_epoch": self.best_epoch,
            "history": [asdict(epoch) for epoch in self.history],
        }
        save_checkpoint(Checkpoint(arrays, facts), self._folder / LAST)
        self._saved_at = time.monotonic()


def _steps_between(steps: int) -> int:
    wanted = int(steps * _REMEMBERED / _AVERAGES_REMEMBERED)
    return min(max(wanted, 1), _STEPS_BETWEEN_AVERAGES)


def _beside_weights(model: Model) -> list[Any]:
    """Return the variables that are no weights: what dropout draws its next numbers from."""
    weights = {id(each) for each in model.weights}
    return [each for each in model.variables if id(each) not in weights]


def _assign(variables: list[Any], values: list[NDArray[Any]]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
