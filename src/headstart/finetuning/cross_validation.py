"""The trainings of a fine-tuning: one for each validation set, and one more on all images."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from headstart.finetuning.split_network import with_head
from headstart.training.loop import TrainingLoop
from headstart.training.validation import Outcomes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from headstart.finetuning.data_source import DataSource
    from headstart.finetuning.plan import Plan
    from headstart.finetuning.split_network import SplitNetwork
    from headstart.prediction.scoring import Scorer
    from headstart.training.history import Epoch
    from headstart.training.subset import Indices, Subset
    from headstart.training.whole_job import Part


@dataclass(frozen=True, slots=True, eq=False)
class Validated:
    """How well the frozen and the fine-tuned network predict the validation sets.

    Attributes
    ----------
    frozen, tuned : Outcomes
        For the images of all validation sets. The fine-tuned network predicts each image after the
        epoch that is the best on images of other groups; see `groups_of`.
    history : tuple of Epoch
        Means over the trainings.
    best_epoch : int
        The best on all images, counted from 1.
    """

    frozen: Outcomes
    tuned: Outcomes
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
    part : Part
        Shows how far it is; as long as `n_steps` says.
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
        part: Part,
    ) -> None:
        self._plan = plan
        self._data = data
        self._splits = splits
        self._folder = folder
        schedule = plan.settings.schedule(plan.size)
        # Several trainings all have the same number of epochs, so that their means can be compared.
        self._schedule = replace(schedule, patience=None) if len(splits) > 1 else schedule
        head = plan.frozen.head_.scorer_
        self._trainable = with_head(split, head.layers, dropout=plan.dropout, upper_only=upper_only)
        # Once: a backend would trace the same network anew for each training.
        self._steps = self._trainable.compile(split.keras, plan.settings)
        self._last: TrainingLoop | None = None
        self._part = part

    def cross_validate(self) -> Validated:
        """Train once for each split, and predict its validation set."""
        images, frozen, loops = self._plan.images, [], []
        for number, (train, validation) in enumerate(self._splits, 1):
            head = self._plan.train_head(train)
            probabilities = head.probabilities(self._plan.features[validation])
            frozen.append(Outcomes.of(probabilities, images.labels[validation]))
            name = f"fold {number} of {len(self._splits)}" if len(self._splits) > 1 else ""
            loops.append(self._train(name, head, images.take(train), images.take(validation)))
        tuned = [
            Outcomes.joined(of_epoch)
            for of_epoch in zip(*(loop.outcomes for loop in loops), strict=True)
        ]
        history = _mean_history([loop.history for loop in loops], tuned)
        labels = [images.labels[validation] for _, validation in self._splits]
        groups = groups_of(labels, self._plan.settings.seed)
        return Validated(
            Outcomes.joined(frozen),
            self._chosen_elsewhere(history, tuned, groups),
            history,
            self._best(history),
        )

    def _best(self, history: Sequence[Epoch]) -> int:
        return max(history, key=lambda epoch: (self._schedule.rank(epoch), epoch.epoch)).epoch

    def _chosen_elsewhere(
        self, history: Sequence[Epoch], tuned: Sequence[Outcomes], groups: NDArray[np.int64]
    ) -> Outcomes:
        """Return the outcomes for each group after the epoch that is the best on the others."""
        losses, right = tuned[0].losses.copy(), tuned[0].right.copy()
        for group in np.unique(groups):
            here = groups == group
            others = here if here.all() else ~here
            measured = [
                _measured(epoch, outcomes.take(others))
                for epoch, outcomes in zip(history, tuned, strict=True)
            ]
            chosen = tuned[self._best(measured) - 1]
            losses[here], right[here] = chosen.losses[here], chosen.right[here]
        return Outcomes(losses, right)

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
        self._trainable.restart()
        self._trainable.set_head(head.layers)
        folder = self._folder / (name or "training").replace(" ", "-")
        folder.mkdir(exist_ok=True)
        self._last = loop = TrainingLoop(
            self._steps,
            self._data.batches(train, self._plan.settings),
            validation=None if validation is None else self._data.validation(validation),
            schedule=self._schedule,
            folder=folder,
        )
        loop.resume()
        self._part.skip(loop.work_done)
        self._part.drop(loop.work() - loop.work(until))
        for epoch in loop.run(self._part, until=until):
            described = epoch.described(self._part.seconds_left())
            self._part.say(f"{name}, {described}" if name else described)
        self._part.drop(loop.work(until) - loop.work_done)
        return loop


def n_steps(plan: Plan, splits: Sequence[tuple[Indices, Indices]]) -> int:
    """Return the steps of all trainings, the last one on all images among them."""
    sizes = [len(train) for train, _ in splits]
    if len(splits) > 1:
        sizes.append(len(plan.labels))
    batch_size = plan.settings.batch_size
    return plan.settings.epochs * sum(size // min(batch_size, size) for size in sizes)


def groups_of(labels: Sequence[NDArray[np.int64]], seed: int) -> NDArray[np.int64]:
    """Return the group of each validation image; its epoch is chosen on the other groups.

    Each fold is a group. A single validation set is split into halves, class by class.

    Parameters
    ----------
    labels : sequence of ndarray of int64
        The classes of each validation set.
    seed : int

    Returns
    -------
    ndarray of int64, shape (n,)
    """
    if len(labels) > 1:
        return np.repeat(np.arange(len(labels)), [len(each) for each in labels])
    (only,) = labels
    order = np.lexsort((np.random.default_rng(seed).random(len(only)), only))
    groups = np.empty(len(only), np.int64)
    groups[order] = np.arange(len(only)) % 2
    return groups


def _measured(epoch: Epoch, outcomes: Outcomes) -> Epoch:
    return replace(epoch, val_loss=outcomes.mean_loss(), val_accuracy=outcomes.accuracy)


def _mean_history(
    histories: Sequence[Sequence[Epoch]], outcomes: Sequence[Outcomes]
) -> tuple[Epoch, ...]:
    """Return the means of several histories, validated on all outcomes of an epoch together."""
    found = []
    for epochs, of_epoch in zip(zip(*histories, strict=True), outcomes, strict=True):
        mean = replace(
            epochs[0],
            seconds=float(sum(epoch.seconds for epoch in epochs)),
            loss=float(np.mean([epoch.loss for epoch in epochs])),
            accuracy=float(np.mean([epoch.accuracy for epoch in epochs])),
        )
        found.append(_measured(mean, of_epoch))
    return tuple(found)
