import pytest

from headstart.errors import UsageError
from headstart.training.history import Epoch
from headstart.training.schedule import SIZE_STEP, Schedule

SETTINGS = {"epochs": 1, "learning_rate": 0.1}


def epoch(val_accuracy, val_loss):
    return Epoch(
        epoch=1,
        seconds=1,
        size=16,
        learning_rate=0.1,
        loss=1,
        accuracy=0.5,
        val_accuracy=val_accuracy,
        val_loss=val_loss,
    )


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"epochs": 0}, "epochs must be at least 1"),
        ({"learning_rate": 0.0}, "learning_rate must be above 0"),
        ({"patience": 0}, "patience must be at least 1"),
        ({"monitor": "accuracy"}, "monitor must be one of val_accuracy, val_loss"),
        ({"decay": "linear"}, "decay must be one of cosine, none"),
        ({"warm_up": 1.0}, "warm_up must be"),
        ({"anchor": 1.5}, "anchor must be from 0 to 1"),
    ],
)
def test_values_out_of_range_are_refused(wrong, says):
    with pytest.raises(UsageError, match=says):
        Schedule(**SETTINGS | wrong)


def test_the_learning_rate_rises_then_falls_to_zero():
    schedule = Schedule(epochs=1, learning_rate=0.2, warm_up=0.1)
    rates = [schedule.rate(i / 100) for i in range(101)]
    assert rates[0] == 0
    assert rates[10] == max(rates) == pytest.approx(0.2)
    assert rates[55] == pytest.approx(0.1)
    assert rates[100] == pytest.approx(0)
    assert rates[:11] == sorted(rates[:11])
    assert rates[10:] == sorted(rates[10:], reverse=True)


def test_the_learning_rate_starts_at_its_peak_without_warm_up():
    assert Schedule(epochs=1, learning_rate=0.2).rate(0) == pytest.approx(0.2)


def test_the_learning_rate_stays_as_it_is_without_decay():
    schedule = Schedule(epochs=1, learning_rate=0.2, decay="none")
    assert {schedule.rate(i / 10) for i in range(11)} == {0.2}


def test_images_grow_in_steps_and_end_at_full_size():
    schedule = Schedule(**SETTINGS, first_size=32, size=64)
    sizes = [schedule.image_size(i / 1000) for i in range(1000)]
    assert sizes == sorted(sizes)
    assert (sizes[0], sizes[-100], sizes[-1]) == (32, 64, 64)
    assert set(sizes) == {32, 40, 48, 56, 64}


def test_the_last_size_need_not_be_a_multiple_of_the_step():
    schedule = Schedule(**SETTINGS, first_size=25, size=50)
    sizes = {schedule.image_size(i / 100) for i in range(101)}
    assert max(sizes) == 50
    assert all(size % SIZE_STEP == 0 for size in sizes - {50})


def test_the_better_epoch_is_more_accurate():
    rank = Schedule(**SETTINGS).rank
    assert rank(epoch(0.9, 0.5)) > rank(epoch(0.8, 0.1))


def test_the_loss_decides_among_equal_accuracies():
    rank = Schedule(**SETTINGS).rank
    assert rank(epoch(0.9, 0.1)) > rank(epoch(0.9, 0.5))


def test_the_loss_alone_decides_if_it_is_the_monitor():
    rank = Schedule(**SETTINGS, monitor="val_loss").rank
    assert rank(epoch(0.8, 0.1)) > rank(epoch(0.9, 0.5))
