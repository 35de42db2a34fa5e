"""The trainings of a fine-tuning: one for each validation set, and one more on all images."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from headstart.finetuning.split_network import with_head
from headstart.progress import Bars
from headstart.training.loop import TrainingLoop
from headstart.training.validation import accuracy_and_loss

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from headstart.finetuning.data_source import DataSource
    from headstart.finetuning.plan import Plan
    from headstart.finetuning.split_network import SplitNetwork
    from headstart.prediction.scoring import Scorer
    from headstart.progress import Progress
    from headstart.training.history import Epoch
    from headstart.training.subset import Indices, Subset
    from headstart.training.validation import Probabilities


@dataclass(frozen=True, slots=True, eq=False)
class FoldPredictions:
    """The predictions of the frozen and the fine-tuned network for the validation sets.

    Attributes
    ----------
    labels : ndarray of int64, shape (n,)
    frozen, tuned : ndarray of float32, shape (n, n_classes)
        Class probabilities; of the fine-tuned network after its best epoch.
    history : tuple of Epoch
        Means over the trainings.
    best_epoch : int
        Counted from 1.
    """

    labels: NDArray[np.int64]
    frozen: Probabilities
    tuned: Probabilities
    history: tuple[Epoch, ...]
    best_epoch: int


class FoldTraining:
    """Trains one network several times, each time from the same start.

    Parameters
    ----------
    plan : Plan
    split : SplitNetwork
    data : DataSource
    splits : sequence of (train, validation)
        Rows of the images in the training and the validation set of each training.
    upper_only : bool
        Whether the data are activations at the freeze point.
    folder : Path
        Where the checkpoints of each training are kept.
    progress : Progress, optional
    """

    def __init__(
        self,
        plan: Plan,
        split: SplitNetwork,
        data: DataSource,
        splits: Sequence[tuple[Indices, Indices]],
        *,
        upper_only: bool,
        folder: Path,
        progress: Progress | None,
    ) -> None:
        self._plan = plan
        self._keras = split.keras
        self._data = data
        self._splits = splits
        self._folder = folder
        self._progress = progress or Bars()
        schedule = plan.settings.schedule(plan.size)
        # Several trainings all have the same number of epochs, so that their means can be compared.
        self._schedule = replace(schedule, patience=None) if len(splits) > 1 else schedule
        head = plan.frozen.head_.scorer_
        self._trainable = with_head(split, head.layers, dropout=plan.dropout, upper_only=upper_only)
        self._start = self._trainable.network.get_weights()
        self._last: TrainingLoop | None = None

    def cross_validate(self) -> FoldPredictions:
        """Train once for each split, and predict its validation set."""
        images, frozen, loops = self._plan.images, [], []
        for number, (train, validation) in enumerate(self._splits, 1):
            head = self._plan.train_head(train)
            frozen.append(head.probabilities(self._plan.features[validation]))
            name = f"split {number} of {len(self._splits)}"
            loops.append(self._train(name, head, images.take(train), images.take(validation)))
        labels = images.labels[np.concatenate([validation for _, validation in self._splits])]
        tuned = [
            np.concatenate(of_epoch)
            for of_epoch in zip(*(loop.predictions for loop in loops), strict=True)
        ]
        history = _mean_history([loop.history for loop in loops], tuned, labels)
        best = max(history, key=lambda epoch: (self._schedule.rank(epoch), epoch.epoch)).epoch
        return FoldPredictions(labels, np.concatenate(frozen), tuned[best - 1], history, best)

    def finish(self, best_epoch: int) -> Scorer:
        """Give the backbone its final weights, and return the head that belongs to them.

        After several trainings, a last one learns from all images until the best epoch. After a
        single one, its own best epoch is final.
        """
        loop = self._last
        if len(self._splits) > 1 or loop is None:
            head = self._plan.frozen.head_.scorer_
            loop = self._train("all images", head, self._plan.images, None, until=best_epoch)
        loop.finish()
        self._trainable.backbone.unfold()
        return self._trainable.head()

    def _train(
        self,
        name: str,
        head: Scorer,
        train: Subset,
        validation: Subset | None,
        *,
        until: int | None = None,
    ) -> TrainingLoop:
        self._trainable.network.set_weights(self._start)
        self._trainable.set_head(head.layers)
        self._trainable.compile(self._keras, self._plan.settings)
        folder = self._folder / name.replace(" ", "-")
        folder.mkdir(exist_ok=True)
        self._last = loop = TrainingLoop(
            self._trainable.model,
            self._trainable.network,
            self._data.batches(train, self._plan.settings),
            validation=None if validation is None else self._data.validation(validation),
            schedule=self._schedule,
            folder=folder,
            name=f"{name}: ",
            keep_predictions=True,
        )
        loop.resume()
        for epoch in loop.run(self._progress, until=until):
            self._progress.say(f"{name}, {epoch.described(loop.seconds_left())}")
        return loop


def _mean_history(
    histories: Sequence[Sequence[Epoch]],
    predictions: Sequence[Probabilities],
    labels: NDArray[np.int64],
) -> tuple[Epoch, ...]:
    """Return the means of several histories, validated on all predictions of an epoch together."""
    found = []
    for epochs, probabilities in zip(zip(*histories, strict=True), predictions, strict=True):
        val_accuracy, val_loss = accuracy_and_loss(probabilities, labels)
        found.append(
            replace(
                epochs[0],
                seconds=float(sum(epoch.seconds for epoch in epochs)),
                loss=float(np.mean([epoch.loss for epoch in epochs])),
                accuracy=float(np.mean([epoch.accuracy for epoch in epochs])),
                val_loss=val_loss,
                val_accuracy=val_accuracy,
            )
        )
    return tuple(found)
