"""The trainings of a fine-tuning: one for each division of the pictures, perhaps one on all."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from headstart.finetuning.assembling import make_ready, put_head, scorer_of, with_head
from headstart.progress import Bars
from headstart.training.loop import TrainingLoop
from headstart.training.validation import accuracy_and_loss

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from headstart.finetuning.assembling import Divided
    from headstart.finetuning.data_source import Material, Subset
    from headstart.finetuning.plan import Division, Plan
    from headstart.prediction.scoring import Scorer
    from headstart.progress import Progress
    from headstart.training.history import Epoch
    from headstart.training.schedule import Schedule

    Answers = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What the frozen and the fine-tuned network said about pictures that were kept out.

    Attributes
    ----------
    labels : ndarray of int64, shape (n,)
    frozen, tuned : ndarray of float32, shape (n, k)
        Probabilities; of the fine-tuned network after its best epoch.
    history : tuple of Epoch
        Means over the divisions.
    best_epoch : int
        Counted from 1.
    """

    labels: NDArray[np.int64]
    frozen: Answers
    tuned: Answers
    history: tuple[Epoch, ...]
    best_epoch: int


class Rounds:
    """Trains one network again and again, each time from where it began.

    Parameters
    ----------
    divided : Divided
    material : Material
    plan : Plan
    divisions : list of Division
    place : Path
        For the checkpoints of each training.
    progress : Progress, optional
        See `fine_tune`.
    """

    def __init__(
        self,
        divided: Divided,
        material: Material,
        plan: Plan,
        divisions: Sequence[Division],
        *,
        place: Path,
        progress: Progress | None,
    ) -> None:
        self._divided = divided
        self._material = material
        self._plan = plan
        self._divisions = divisions
        self._place = place
        self._progress = progress or Bars()
        self._lot = plan.lot()
        head = plan.frozen.head_.scorer_
        assembled = with_head(
            divided, head.layers, dropout=plan.dropout, upper_only=material.n_views > 0
        )
        self._network, self._body = assembled.network, assembled.body
        self._learner = assembled.learner
        self._start = self._network.get_weights()
        self._last: TrainingLoop | None = None

    def compare(self) -> Outcome:
        """Train once for each division, and ask about the pictures that were kept out."""
        frozen, trainings = [], []
        for number, (learnt, tested) in enumerate(self._divisions, 1):
            head = self._plan.head(learnt)
            frozen.append(head.probabilities(self._plan.features[tested]))
            name = f"division {number} of {len(self._divisions)}"
            trainings.append(self._train(name, head, self._lot.of(learnt), self._lot.of(tested)))
        tested = np.concatenate([tested for _, tested in self._divisions])
        epochs = zip(*(each.predictions for each in trainings), strict=True)
        answers = [np.concatenate(some) for some in epochs]
        labels = self._lot.labels[tested]
        history = _together([each.history for each in trainings], answers, labels)
        best = max(history, key=lambda epoch: (self._schedule().rank(epoch), epoch.epoch)).epoch
        return Outcome(labels, np.concatenate(frozen), answers[best - 1], history, best)

    def finish(self, outcome: Outcome) -> Scorer:
        """Give the backbone the weights that are kept; return the head that belongs to them.

        Where each picture was kept out once, it now learns from all of them, for as many epochs as
        were best.
        """
        training = self._last
        if len(self._divisions) > 1 or training is None:
            head = self._plan.frozen.head_.scorer_
            training = self._train("all pictures", head, self._lot, None, outcome.best_epoch)
        training.finish()
        self._body.unfold()
        return scorer_of(self._network)

    def _train(
        self,
        name: str,
        head: Scorer,
        learnt: Subset,
        tested: Subset | None,
        until: int | None = None,
    ) -> TrainingLoop:
        self._network.set_weights(self._start)
        put_head(self._network, head.layers)
        make_ready(self._divided.keras, self._learner, self._plan.recipe)
        folder = self._place / name.replace(" ", "-")
        folder.mkdir(exist_ok=True)
        training = TrainingLoop(
            self._learner,
            self._network,
            self._material.batches(learnt, self._plan.recipe),
            validation=None if tested is None else self._material.validation(tested),
            schedule=self._schedule(),
            folder=folder,
            name=f"{name}: ",
            keep_predictions=True,
        )
        training.resume()
        for epoch in training.run(self._progress, until=until):
            self._progress.say(f"{name}, {epoch.described(training.seconds_left())}")
        self._last = training
        return training

    def _schedule(self) -> Schedule:
        schedule = self._plan.recipe.schedule(self._plan.size)
        # Of several trainings none ends early: their epochs are compared with one another.
        return replace(schedule, patience=None) if len(self._divisions) > 1 else schedule


def _together(
    histories: Sequence[Sequence[Epoch]], answers: Sequence[Answers], labels: NDArray[np.int64]
) -> tuple[Epoch, ...]:
    """Return the means of several histories, judged by all answers of an epoch at once."""
    found = []
    for epochs, said in zip(zip(*histories, strict=True), answers, strict=True):
        accuracy, val_loss = accuracy_and_loss(said, labels)
        found.append(
            replace(
                epochs[0],
                seconds=float(sum(epoch.seconds for epoch in epochs)),
                loss=float(np.mean([epoch.loss for epoch in epochs])),
                accuracy=float(np.mean([epoch.accuracy for epoch in epochs])),
                val_accuracy=accuracy,
                val_loss=val_loss,
            )
        )
    return tuple(found)
