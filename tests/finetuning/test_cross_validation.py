"""The order of the trainings, with loops that only report. Real ones are in test_job.py."""

from types import SimpleNamespace

import numpy as np
import pytest
from tests.recorder import Recorder

from headstart.finetuning import cross_validation as room
from headstart.finetuning.cross_validation import FoldTraining
from headstart.finetuning.settings import FineTuning
from headstart.training.history import Epoch
from headstart.training.subset import Subset

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

    def __init__(self, model, network, batches, *, validation, schedule, folder, name, **options):
        assert (model, options) == ("model", {"keep_predictions": True})
        assert network.get_weights() == "start"
        self.batches, self.validation, self.schedule = batches, validation, schedule
        self.folder, self.name = folder, name
        self.history, self.predictions, self.until, self.finished = [], [], None, False
        Loop.made.append(self)

    def resume(self):
        assert self.folder.is_dir()

    def run(self, progress, *, until):
        assert progress is not None
        self.until = until
        for number, probability in enumerate((0.4, 0.9, 0.8), 1):
            done = Epoch(
                epoch=number, seconds=1, size=8, learning_rate=0.1, loss=number, accuracy=0.5
            )
            self.history.append(done)
            if self.validation is not None:
                self.predictions.append(sure(LABELS[self.validation], probability))
            yield done

    def seconds_left(self):
        return 60.0

    def finish(self):
        self.finished = True


class Trainable:
    """Remembers the heads it gets."""

    def __init__(self):
        self.network = SimpleNamespace(get_weights=lambda: "start", set_weights=self.reset)
        self.model = "model"
        self.backbone = SimpleNamespace(unfold=lambda: None)
        self.heads, self.resets = [], 0

    def reset(self, weights):
        assert weights == "start"
        self.resets += 1

    def set_head(self, layers):
        self.heads.append(layers)

    def compile(self, keras, settings):
        assert keras == "keras"
        assert settings.patience == 3

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
        settings=FineTuning(patience=3),
        size=8,
        dropout=0.5,
        frozen=SimpleNamespace(head_=SimpleNamespace(scorer_=HEAD)),
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
        training = FoldTraining(
            plan, split, data, arrays, upper_only=True, folder=tmp_path, progress=progress
        )
        return training, trainable, progress

    return made


FOLDS = (([0, 1], [3, 2]), ([3, 2], [0, 1]))


def test_each_fold_is_trained_from_the_same_start_with_its_own_head(make):
    training, trainable, _ = make(*FOLDS)
    training.cross_validate()
    assert [loop.batches for loop in Loop.made] == [[0, 1], [3, 2]]
    assert [loop.validation for loop in Loop.made] == [[3, 2], [0, 1]]
    assert trainable.heads == [[0, 1], [3, 2]]
    assert trainable.resets == 2


def test_predictions_of_all_folds_decide_about_the_best_epoch(make):
    training, _, _ = make(*FOLDS)
    found = training.cross_validate()
    rows = [3, 2, 0, 1]
    assert found.labels.tolist() == LABELS[rows].tolist()
    assert found.best_epoch == 2
    np.testing.assert_array_equal(found.tuned, sure(LABELS[rows], 0.9))
    np.testing.assert_array_equal(found.frozen, sure(LABELS[rows], 0.7))
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


def test_each_epoch_is_reported_with_its_training(make):
    training, _, progress = make(*FOLDS)
    training.cross_validate()
    assert len(progress.said) == 6
    assert progress.said[3].startswith("split 2 of 2, epoch 1: loss 1.000")
    assert progress.said[3].endswith("about 60 s left")
