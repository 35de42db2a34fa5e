from typing import get_args, get_type_hints

import pytest

from headstart.backbones.architectures import ARCHITECTURES
from headstart.errors import UsageError
from headstart.pretraining.settings import Architecture, Pretraining


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"architecture": "maxi"}, r"must be one of mini\. Received: 'maxi'"),
        ({"size": 16}, r"size must be from 32 to 256 pixels\. Received: 16"),
        ({"size": 512}, r"Received: 512"),
        ({"first_size": 96}, r"first_size must be from 16 pixels to size, 64\. Received: 96"),
        ({"epochs": 0}, r"epochs must be at least 1\. Received: 0"),
        ({"batch_size": 0}, r"batch_size must be at least 1"),
        ({"learning_rate": 0.0}, r"learning_rate must be above 0"),
        ({"momentum": 1.0}, r"momentum must be from 0 to below 1"),
        ({"weight_decay": -0.1}, r"weight_decay must be 0 or more"),
        ({"label_smoothing": 1.0}, r"label_smoothing must be from 0 to below 1"),
        ({"mixup": -1.0}, r"mixup must be 0 or more"),
        ({"precision": "f16"}, r"precision must be one of auto, f32, bf16"),
    ],
)
def test_values_out_of_range_are_refused(wrong, says):
    with pytest.raises(UsageError, match=says):
        Pretraining(**wrong)


def test_the_architectures_are_those_that_can_be_built():
    assert set(get_args(Architecture)) <= set(ARCHITECTURES)


def test_training_starts_with_images_of_half_the_size():
    schedule = Pretraining(size=96).schedule()
    assert (schedule.first_size, schedule.size) == (48, 96)
    assert Pretraining(size=96, first_size=96).schedule().first_size == 96


def test_the_description_holds_what_the_result_depends_on():
    assert Pretraining(workers=3).described() == Pretraining().described()
    assert Pretraining(seed=1).described() != Pretraining().described()


def test_the_types_of_the_fields_can_be_read_at_run_time():
    assert get_type_hints(Pretraining).keys() == Pretraining.__dataclass_fields__.keys()
