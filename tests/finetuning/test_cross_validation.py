"""The order of the trainings, with loops that only report. Real ones are in test_job.py."""

from types import SimpleNamespace

import numpy as np
import pytest
from tests.recorder import Recorder

from headstart.finetuning import cross_validation as room
from headstart.finetuning.cross_validation import FoldTraining, groups_of, n_steps
from headstart.finetuning.settings import FineTuning
from headstart.training.history import Epoch
from headstart.training.subset import Subset
from headstart.training.validation import Outcomes
from headstart.training.whole_job import WholeJob

LABELS = np.array([0, 1, 0, 1])
HEAD = SimpleNamespace(layers=["layer"], probabilities=lambda features: features)


def sure(labels, probability):
    """Return probabilities that are the same for the label of every image."""
    found = np.full((len(labels), 2), 1 - probability)
    found[np.arange(len(labels)), labels] = probability
    return found


class Loop:
    """Reports epochs whose predictions get better and then worse again."""

    made: list["Loop"]

    def __init__(self, steps, batches, *, validation, schedule, folder):
        assert steps == "steps"
        self.batches, self.validation, self.schedule = batches, validation, schedule
        self.folder, self.work_done = folder, 0.0
        self.history, self.outcomes, self.until, self.finished = [], [], None, False
        Loop.made.append(self)

    def resume(self):
        assert self.folder.is_dir()

    def run(self, progress, *, until):
        assert progress is not None
        self.until = until
        for number, probability in enumerate((0.4, 0.9, 0.8), 1):
            with progress.bar("epoch", 1) as advance:
                advance(1)
            self.work_done += 1
            done = Epoch(
                epoch=number, seconds=1, size=8, learning_rate=0.1, loss=number, accuracy=0.5
            )
            self.history.append(done)
            if self.validation is not None:
                labels = LABELS[self.validation]
                self.outcomes.append(Outcomes.of(sure(labels, probability), labels))
            yield done

    def work(self, epochs=None):
        return epochs or 3

    def finish(self):
        self.finished = True


class Trainable:
    """Remembers the heads it gets."""

    def __init__(self):
        self.backbone = SimpleNamespace(unfold=lambda: None)
        self.heads, self.restarts, self.compiled = [], 0, 0

    def restart(self):
        self.restarts += 1

    def set_head(self, layers):
        self.heads.append(layers)

    def compile(self, keras, settings):
        assert keras == "keras"
        assert settings.patience == 3
        self.compiled += 1
        return "steps"

    def head(self):
        return "the final head"


@pytest.fixture
def make(monkeypatch, tmp_path):
    """Return a function that makes a training with these splits, and what it reports to."""
    trainable, progress = Trainable(), Recorder()
    monkeypatch.setattr(room, "TrainingLoop", Loop)
    monkeypatch.setattr(room, "with_head", lambda *_, **__: trainable)
    monkeypatch.setattr(Loop, "made", [], raising=False)
    plan = SimpleNamespace(
        settings=FineTuning(patience=3, epochs=3),
        size=8,
        dropout=0.5,
        frozen=SimpleNamespace(head_=SimpleNamespace(scorer_=HEAD)),
        labels=LABELS.tolist(),
        features=sure(LABELS, 0.7),
        images=Subset(np.arange(4), LABELS, 2),
        train_head=lambda rows: SimpleNamespace(layers=rows.tolist(), probabilities=np.array),
    )
    data = SimpleNamespace(
        batches=lambda subset, _: subset.rows.tolist(),
        validation=lambda subset: subset.rows.tolist(),
    )

    def made(*splits):
        split = SimpleNamespace(keras="keras")
        arrays = [tuple(map(np.array, each)) for each in splits]
        job = WholeJob("fine-tuning", progress, clock=iter(range(0, 10**6, 10)).__next__)
        part = job.part(n_steps(plan, arrays), 1)
        training = FoldTraining(
            plan, split, data, arrays, upper_only=True, folder=tmp_path, part=part
        )
        return training, trainable, SimpleNamespace(said=progress.said, part=part)

    return made


FOLDS = (([0, 1], [3, 2]), ([3, 2], [0, 1]))


def test_each_fold_is_trained_from_the_same_start_with_its_own_head(make):
    training, trainable, _ = make(*FOLDS)
    training.cross_validate()
    assert [loop.batches for loop in Loop.made] == [[0, 1], [3, 2]]
    assert [loop.validation for loop in Loop.made] == [[3, 2], [0, 1]]
    assert trainable.heads == [[0, 1], [3, 2]]
    assert trainable.restarts == 2


def test_the_network_is_compiled_once(make):
    training, trainable, _ = make(*FOLDS)
    training.finish(training.cross_validate().best_epoch)
    assert (trainable.compiled, trainable.restarts) == (1, 3)


def test_predictions_of_all_folds_decide_about_the_best_epoch(make):
    training, _, _ = make(*FOLDS)
    found = training.cross_validate()
    rows = [3, 2, 0, 1]
    assert found.best_epoch == 2
    for outcomes, probability in ((found.tuned, 0.9), (found.frozen, 0.7)):
        expected = Outcomes.of(sure(LABELS[rows], probability), LABELS[rows])
        np.testing.assert_array_equal(outcomes.losses, expected.losses)
    assert [epoch.val_accuracy for epoch in found.history] == [0, 1, 1]
    assert [epoch.seconds for epoch in found.history] == [2, 2, 2]
    assert found.history[0].val_loss == pytest.approx(-np.log(0.4))


def test_folds_train_all_epochs_and_a_single_training_may_stop_early(make):
    make(*FOLDS)[0].cross_validate()
    make(([0, 1, 2], [3]))[0].cross_validate()
    assert [loop.schedule.patience for loop in Loop.made] == [None, None, 3]


def test_after_folds_the_network_learns_from_all_images_until_the_best_epoch(make):
    training, trainable, _ = make(*FOLDS)
    assert training.finish(training.cross_validate().best_epoch) == "the final head"
    last = Loop.made[-1]
    assert (last.batches, last.validation, last.until) == ([0, 1, 2, 3], None, 2)
    assert last.finished
    assert trainable.heads[-1] == HEAD.layers


def test_after_a_single_training_its_own_best_epoch_is_kept(make):
    training, _, _ = make(([0, 1, 2], [3]))
    training.finish(training.cross_validate().best_epoch)
    (only,) = Loop.made
    assert only.finished


def test_each_epoch_is_reported_with_its_fold_and_the_time_left_for_all(make):
    training, _, shown = make(*FOLDS)
    best = training.cross_validate().best_epoch
    assert len(shown.said) == 6
    assert shown.said[3].startswith("fold 2 of 2, epoch 1: loss 1.000")
    assert shown.part.left == 3  # a step in each epoch of the last training
    assert training.finish(best)
    assert shown.part.left == 0
    assert shown.said[-1].startswith("all images, epoch 3")


def test_a_single_training_has_no_fold(make):
    training, _, shown = make(([0, 1, 2], [3]))
    training.cross_validate()
    assert shown.said[0].startswith("epoch 1: loss 1.000")


def test_each_group_gets_the_epoch_that_is_best_on_the_others(make):
    training, _, _ = make(*FOLDS)
    history = [
        Epoch(epoch=number, seconds=1, size=8, learning_rate=0.1, loss=1, accuracy=0.5)
        for number in (1, 2)
    ]
    # The first epoch is right on group 0 only, the second on group 1 only.
    tuned = [
        Outcomes(np.float32([0.1, 0.2, 5, 6]), np.array([True, True, False, False])),
        Outcomes(np.float32([7, 8, 0.3, 0.4]), np.array([False, False, True, True])),
    ]
    found = training._chosen_elsewhere(history, tuned, np.array([0, 0, 1, 1]))
    assert found.losses.tolist() == [7, 8, 5, 6]
    assert not found.right.any()


def test_folds_are_groups_and_a_single_set_is_halved_class_by_class():
    assert groups_of([np.array([0, 1, 1]), np.array([0, 1])], 0).tolist() == [0, 0, 0, 1, 1]
    labels = np.repeat([0, 1, 2], [10, 4, 2])
    groups = groups_of([labels], 0)
    assert [int(groups[labels == label].sum()) for label in range(3)] == [5, 2, 1]
    assert not np.array_equal(groups, groups_of([labels], 1))
    assert groups_of([np.array([0])], 0).tolist() == [0]
