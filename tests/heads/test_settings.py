import inspect
from dataclasses import fields
from typing import get_args, get_type_hints

import pytest

from headstart.errors import UsageError
from headstart.heads.dense import DenseHead
from headstart.heads.settings import Activation, DenseSettings, HeadName
from headstart.heads.table import HEADS
from headstart.prediction.scoring import ACTIVATIONS


def test_the_dense_head_takes_the_settings_and_their_defaults():
    parameters = inspect.signature(DenseHead).parameters
    for field in fields(DenseSettings):
        assert parameters[field.name].default == field.default
    beside = parameters.keys() - {field.name for field in fields(DenseSettings)}
    assert beside == {"class_weight", "random_state"}
    assert DenseHead().settings() == DenseSettings()
    assert DenseHead([8], epochs=3).settings() == DenseSettings(units=(8,), epochs=3)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"units": (16, 0)}, "units must be at least 1"),
        ({"epochs": 0}, "epochs must be at least 1"),
        ({"batch_size": 0}, "batch_size must be at least 1"),
        ({"dropout": 1.0}, "dropout must be from 0 to below 1"),
        ({"validation": -0.1}, "validation must be from 0"),
        ({"learning_rate": 0.0}, "learning_rate must be above 0"),
        ({"activation": "softplus"}, r"activation must be one of .*relu.*Received: 'softplus'"),
        ({"optimizer": "lion"}, "optimizer must be one of adam"),
        ({"loss": "mse"}, "loss must be one of categorical_crossentropy, binary_crossentropy"),
        ({"monitor": "loss"}, "monitor must be one of val_accuracy, val_loss"),
        ({"patience": 0}, "patience must be at least 1"),
    ],
)
def test_values_out_of_range_are_refused(wrong, says):
    with pytest.raises(UsageError, match=says):
        DenseSettings(**wrong)


def test_the_choices_are_those_there_are():
    assert set(get_args(HeadName)) == set(HEADS)
    assert {*get_args(Activation), "linear"} == set(ACTIVATIONS)


def test_the_types_of_the_fields_can_be_read_at_run_time():
    assert get_type_hints(DenseSettings).keys() == DenseSettings.__dataclass_fields__.keys()
