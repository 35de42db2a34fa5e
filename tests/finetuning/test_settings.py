import json
from typing import get_type_hints

import pytest

from headstart.augmentation.settings import Augmentation
from headstart.errors import UsageError
from headstart.finetuning.settings import FineTuning


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"optimizer": "lion"}, "optimizer must be one of adam"),
        ({"loss": "mse"}, "loss must be one of"),
        ({"epochs": 0}, "epochs must be at least 1"),
        ({"batch_size": 0}, "batch_size must be at least 1"),
        ({"views": -1}, "views must be 0 or more"),
        ({"learning_rate": -1.0}, "learning_rate must be above 0"),
        ({"layer_decay": 0.0}, "layer_decay must be above 0"),
        ({"label_smoothing": 1.0}, "label_smoothing must be from 0 to below 1"),
        ({"dropout": 1.0}, "dropout must be from 0 to below 1"),
        ({"mixup": -0.1}, "mixup must be 0 or more"),
        ({"view_size": 96}, r"view_size needs a new view .*views=0.* Received: 8"),
        ({"wise_ft": 1.5}, "wise_ft must be from 0 to 1"),
        ({"validation": 1}, "validation must be a share"),
        ({"validation": 1.0}, "validation must be a share"),
        ({"validation": True}, "validation must be a share"),
        ({"monitor": "loss"}, "monitor must be one of"),
        ({"precision": "f16"}, "precision must be one of"),
    ],
)
def test_values_out_of_range_are_refused(wrong, says):
    with pytest.raises(UsageError, match=says):
        FineTuning(**wrong)


def test_the_description_holds_what_the_result_depends_on():
    described = FineTuning(workers=3, store_limit=1).described()
    assert json.loads(json.dumps(described)) == json.loads(json.dumps(FineTuning().described()))
    assert described != FineTuning(seed=1).described()
    assert described["augmentation"]["crop"] == [0.6, 1.0]


def test_without_augmentation_one_view_is_enough():
    assert FineTuning(views=8).wanted_views == 8
    assert FineTuning(views=8, augmentation=Augmentation.none()).wanted_views == 1


def test_the_schedule_has_images_of_one_size():
    schedule = FineTuning(epochs=7, wise_ft=0.75, patience=3, monitor="val_loss").schedule(96)
    assert (schedule.epochs, schedule.size, schedule.first_size, schedule.patience) == (
        7,
        96,
        96,
        3,
    )
    assert schedule.anchor == 0.25
    assert schedule.monitor == "val_loss"


@pytest.mark.parametrize("how", [{"where": "all"}, {"where": "block_3", "views": 0}])
def test_the_schedule_has_the_size_of_the_views(how):
    schedule = FineTuning(view_size=64, **how).schedule(96)
    assert (schedule.first_size, schedule.size) == (64, 64)


def test_the_types_of_the_fields_can_be_read_at_run_time():
    assert get_type_hints(FineTuning).keys() == FineTuning.__dataclass_fields__.keys()
