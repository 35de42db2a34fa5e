"""The loop, around a network that is one number. tests/pretraining has a real one."""

import signal
from types import SimpleNamespace

import numpy as np
import pytest
from tests.recorder import Recorder
from tests.training.keras_like import PlainSteps

from headstart.augmentation.settings import Augmentation
from headstart.errors import TrainingDiverged
from headstart.training import loop as room
from headstart.training.batches import ImageBatches
from headstart.training.checkpoints import load_checkpoint
from headstart.training.loop import CHECKPOINT, TrainingLoop
from headstart.training.schedule import Schedule
from headstart.training.subset import Subset
from headstart.training.validation import ValidationSet


class Variable:
    def __init__(self, value):
        self.value = np.asarray(value, float)

    def assign(self, value):
        self.value = np.asarray(value, float)

    def __array__(self, dtype=None, copy=None):
        return np.array(self.value, dtype)


class Number:
    """One weight, which moves towards the mean brightness of its images."""

    def __init__(self):
        self.weight, self.momentum = 0.0, Variable(0.0)
        self.optimizer = SimpleNamespace(variables=[self.momentum], learning_rate=0.0)
        self.steps, self.rates, self.sizes = 0, [], []
        self.at_step = lambda _: None
        self.seed = Variable(0.0)
        self.weights, self.variables = [], [self.seed]

    def get_weights(self):
        return [np.array([self.weight])]

    def set_weights(self, weights):
        self.weight = float(weights[0][0])

    def train_on_batch(self, images, targets):
        self.at_step(self.steps)
        self.steps += 1
        self.seed.assign(self.seed.value + 1)
        self.rates.append(self.optimizer.learning_rate)
        self.sizes.append(images.shape[1])
        error = images.mean() - self.weight
        self.momentum.assign(0.5 * self.momentum.value + error)
        self.weight += self.optimizer.learning_rate * float(self.momentum.value)
        return {"loss": error**2, "accuracy": targets[0].mean()}

    def predict_on_batch(self, images):
        """Predict class 1 for images that are brighter than the weight, class 0 for others."""
        bright = images.mean(axis=(1, 2, 3)) > self.weight
        return np.stack([~bright, bright], axis=1).astype(float)


@pytest.fixture
def make(tmp_path):
    """Return a function that makes loops with the same folder, each with its own number."""
    random = np.random.default_rng(0)
    labels = np.arange(50) % 2
    bright = (labels * 80 + 60)[:, None, None, None] + random.integers(0, 40, (50, 16, 16, 3))

    def made(*, validated=True, **settings):
        schedule = Schedule(
            **{"epochs": 4, "size": 16, "first_size": 8, "learning_rate": 0.1, "warm_up": 0.05}
            | settings
        )
        batches = ImageBatches(
            pixels=bright.astype(np.uint8),
            subset=Subset(np.arange(50), labels, 2),
            batch_size=8,
            augmentation=Augmentation(),
        )
        number = Number()
        training = TrainingLoop(
            PlainSteps(number, number, number.optimizer),
            batches,
            validation=ValidationSet(labels, lambda rows: bright[rows]) if validated else None,
            schedule=schedule,
            folder=tmp_path,
        )
        return training, number

    return made


def figures(history):
    """Return what does not depend on the clock."""
    names = ("epoch", "size", "loss", "accuracy", "val_loss", "val_accuracy")
    return np.array([[getattr(epoch, name) for name in names] for epoch in history])


def test_all_epochs_run_with_growing_images_and_a_falling_rate(make):
    training, number = make()
    epochs = list(training.run())
    assert [epoch.epoch for epoch in epochs] == [1, 2, 3, 4]
    assert number.steps == 24
    assert number.sizes == sorted(number.sizes)
    assert (number.sizes[0], number.sizes[-1]) == (8, 16)
    assert max(number.rates) == pytest.approx(0.1, rel=0.02)
    assert number.rates[-1] == pytest.approx(0)
    assert epochs[-1].val_accuracy > 0.9
    assert training.work_done == training.work()


def test_an_epochs_loss_is_the_mean_over_its_batches(make):
    training, number = make(epochs=1)
    losses = []
    original = number.train_on_batch

    def train_on_batch(*batch):
        found = original(*batch)
        losses.append(found["loss"])
        return found

    number.train_on_batch = train_on_batch
    (epoch,) = training.run()
    assert epoch.loss == pytest.approx(np.mean(losses))


@pytest.mark.parametrize("stop", [0, 3, 6, 11, 23])
def test_stopped_at_any_step_it_continues_to_the_same_end(make, stop):
    whole, undisturbed = make()
    list(whole.run())
    (whole._folder / CHECKPOINT).unlink()
    first, number = make()

    def interrupt(step):
        if step == stop:
            signal.raise_signal(signal.SIGINT)

    number.at_step = interrupt
    with pytest.raises(KeyboardInterrupt):
        list(first.run())
    second, resumed = make()
    assert second.resume()
    list(second.run())
    assert number.steps + resumed.steps == undisturbed.steps
    assert resumed.seed.value == undisturbed.seed.value
    assert resumed.weight == pytest.approx(undisturbed.weight, rel=1e-12)
    np.testing.assert_allclose(figures(second.history), figures(whole.history), rtol=1e-9)


def test_interrupted_during_validation_no_epoch_is_half_done(make):
    first, number = make()
    predict = number.predict_on_batch

    def interrupted(images):
        signal.raise_signal(signal.SIGINT)
        return predict(images)

    number.predict_on_batch = interrupted
    with pytest.raises(KeyboardInterrupt):
        list(first.run())
    second, resumed = make()
    assert second.resume()
    assert (second._step, second.history, second.outcomes) == (6, [], [])
    assert len(list(second.run())) == 4
    assert number.steps + resumed.steps == 24


def test_checkpoints_are_written_within_epochs_too(make, monkeypatch):
    monkeypatch.setattr(room, "_SECONDS_BETWEEN_CHECKPOINTS", -1.0)
    training, number = make()

    def kill(step):
        if step == 10:
            raise SystemExit  # nothing is saved on the way out

    number.at_step = kill
    with pytest.raises(SystemExit):
        list(training.run())
    assert load_checkpoint(training._folder / CHECKPOINT).facts["step"] == 10


def test_short_epochs_have_no_checkpoint_each(make, monkeypatch):
    training, _ = make()
    for epoch in training.run():
        assert (training._folder / CHECKPOINT).exists() == (epoch.epoch == 4)
    monkeypatch.setattr(room, "_SECONDS_BETWEEN_EPOCHS", -1.0)
    (training._folder / CHECKPOINT).unlink()
    training, _ = make()
    for epoch in training.run():
        assert len(load_checkpoint(training._folder / CHECKPOINT).facts["history"]) == epoch.epoch


def test_there_may_be_nothing_to_resume(make):
    training, _ = make()
    assert not training.resume()


def test_the_network_ends_with_the_average_of_its_best_epoch(make):
    training, number = make()
    list(training.run())
    best = max(epoch.val_accuracy for epoch in training.history)
    assert training.history[training.best_epoch - 1].val_accuracy == best
    training.finish()
    assert number.weight == pytest.approx(
        float(load_checkpoint(training._folder / CHECKPOINT).arrays["best"][0][0])
    )


def test_a_loss_that_is_no_number_is_an_error_and_spares_the_checkpoint(make, monkeypatch):
    training, number = make()

    def spoil(step):
        if step == 8:
            number.weight = np.nan

    number.at_step = spoil
    monkeypatch.setattr(room, "_SECONDS_BETWEEN_EPOCHS", -1.0)
    with pytest.raises(TrainingDiverged, match=r"smaller learning rate: a half or a third of 0\.1"):
        list(training.run())
    assert np.isfinite(load_checkpoint(training._folder / CHECKPOINT).arrays["weights"][0]).all()


def test_work_goes_with_the_square_of_the_size_and_is_shown(make):
    training, _ = make()
    shown = Recorder()
    done = [training.work_done for _ in training.run(shown)]
    # Three epochs of larger images are more than three times the first.
    assert training.work() > 4 * done[0]
    assert (training.work(2), training.work()) == (done[1], done[3])
    assert sum(bar[3] for bar in shown.bars) == pytest.approx(done[-1])
    assert done[-1] < 24  # a step at the full size is 1


def test_it_ends_early_after_epochs_without_improvement(make):
    training, number = make(epochs=20, patience=2)
    number.train_on_batch = lambda *_: {"loss": 1.0, "accuracy": 0.5}
    epochs = list(training.run())
    # Equally good epochs count as better, until the first that is worse.
    assert len(epochs) == 20
    training, number = make(epochs=20, patience=2, learning_rate=1e-9)
    worse = iter(range(1, 100))
    number.predict_on_batch = lambda images: np.full((len(images), 2), 0.5 / next(worse))
    assert len(list(training.run())) == 3


def test_it_can_stop_before_the_end_of_the_schedule(make):
    training, number = make(epochs=4)
    assert len(list(training.run(until=2))) == 2
    assert training.work_done == training.work(2)
    assert number.rates[-1] > 0.02  # the whole schedule ends with 0


def test_without_validation_the_last_epoch_is_the_best(make):
    training, _ = make(validated=False, epochs=2, patience=1)
    epochs = list(training.run())
    assert np.isnan([epochs[-1].val_accuracy, epochs[-1].val_loss]).all()
    assert training.outcomes == []
    assert training.best_epoch == 2


def test_the_outcomes_of_each_epoch_survive_a_kill(make):
    first, number = make()

    def interrupt(step):
        if step == 15:
            signal.raise_signal(signal.SIGINT)

    number.at_step = interrupt
    with pytest.raises(KeyboardInterrupt):
        list(first.run())
    second, _ = make()
    assert second.resume()
    assert second._step == 16
    list(second.run())
    assert [len(outcomes) for outcomes in second.outcomes] == [50] * 4
    for outcomes, epoch in zip(second.outcomes, second.history, strict=True):
        assert outcomes.accuracy == epoch.val_accuracy


def test_the_loss_decides_about_epochs_if_it_is_the_monitor(make):
    training, number = make(epochs=3, monitor="val_loss")
    predicted = iter([(0.9, 0.1), (0.5, 0.5), (0.4, 0.6)])
    number.predict_on_batch = lambda images: np.tile(next(predicted), (len(images), 1))
    epochs = list(training.run())
    best = min(epochs, key=lambda epoch: epoch.val_loss)
    assert training.best_epoch == best.epoch == 2


def test_a_loss_that_rises_for_good_is_an_error(make):
    training, number = make()
    number.train_on_batch = lambda *_: {
        "loss": 10.0 ** len(training.history),
        "accuracy": 0.5,
    }
    with pytest.raises(TrainingDiverged, match="Received: 10 in epoch 2, after 1 before"):
        list(training.run())


def test_a_loss_below_zero_may_fall(make):
    training, number = make()
    number.train_on_batch = lambda *_: {
        "loss": -2.0 * (len(training.history) + 1),
        "accuracy": 0.5,
    }
    assert len(list(training.run())) == 4


def test_at_a_constant_rate_the_loss_may_jump(make):
    training, number = make(decay="none", warm_up=0)
    number.train_on_batch = lambda *_: {
        "loss": 10.0 ** len(training.history),
        "accuracy": 0.5,
    }
    assert len(list(training.run())) == 4
    assert {epoch.learning_rate for epoch in training.history} == {0.1}


def test_without_a_folder_nothing_is_written(make, tmp_path):
    training, _ = make()
    training._folder = None
    assert not training.resume()
    assert len(list(training.run())) == 4
    assert not list(tmp_path.iterdir())


def test_without_an_average_the_last_weights_of_the_best_epoch_are_kept(make):
    training, number = make(average=False, monitor="val_loss")
    weights = [number.weight for _ in training.run()]
    training.finish()
    assert number.weight == weights[training.best_epoch - 1]


def test_half_of_the_first_weights_can_be_kept(make):
    training, number = make(anchor=0.5)
    list(training.run())
    training.finish()
    whole, other = make()
    (training._folder / CHECKPOINT).unlink()
    list(whole.run())
    assert 0 < number.weight < other.weight
