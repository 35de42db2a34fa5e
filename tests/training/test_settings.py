"""How a training goes."""

import pytest

from headstart.errors import UsageError
from headstart.training.history import Epoch
from headstart.training.settings import Schedule

SETTINGS = {"epochs": 1, "size": 16, "first_size": 16, "learning_rate": 0.1}


def epoch(accuracy, val_loss):
    return Epoch(
        epoch=1,
        seconds=1,
        size=16,
        learning_rate=0.1,
        loss=1,
        accuracy=accuracy,
        val_loss=val_loss,
    )


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"epochs": 0}, "epochs must be at least 1"),
        ({"learning_rate": 0.0}, "learning_rate must be above 0"),
        ({"patience": 0}, "patience must be at least 1"),
        ({"monitor": "accuracy"}, "monitor must be one of val_accuracy, val_loss"),
        ({"warm_up": 1.0}, "warm_up must be"),
    ],
)
def test_what_can_not_be_trained_by_is_refused(wrong, says):
    with pytest.raises(UsageError, match=says):
        Schedule(**SETTINGS | wrong)


def test_the_better_epoch_is_right_more_often():
    worth = Schedule(**SETTINGS).worth
    assert worth(epoch(0.9, 0.5)) > worth(epoch(0.8, 0.1))


def test_among_equals_the_loss_decides():
    worth = Schedule(**SETTINGS).worth
    assert worth(epoch(0.9, 0.1)) > worth(epoch(0.9, 0.5))


def test_the_loss_alone_decides_where_that_is_asked_for():
    worth = Schedule(**SETTINGS, monitor="val_loss").worth
    assert worth(epoch(0.8, 0.1)) > worth(epoch(0.9, 0.5))
