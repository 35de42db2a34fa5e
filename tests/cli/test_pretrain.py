"""What the command makes of its arguments; the job itself is tested in tests/pretraining."""

from pathlib import Path
from types import SimpleNamespace

import pytest

import headstart.pretraining
from headstart.augmentation.settings import Augmentation
from headstart.cli import main as cli
from headstart.training.history import Epoch

EPOCH = Epoch(epoch=1, seconds=200.0, size=40, learning_rate=0.1, loss=1.25, accuracy=0.5)


@pytest.fixture
def asked(monkeypatch):
    """What `pretrain` was called with."""
    calls = []

    def pretrain(*args, report, **settings):
        calls.append((args, settings))
        report(EPOCH, 600.0)
        report(EPOCH, 0.0)
        return SimpleNamespace(to_dict=lambda: {"accuracy": 0.5})

    monkeypatch.setattr(headstart.pretraining, "pretrain", pretrain)
    return calls


def test_the_defaults_are_those_of_the_function(asked, capsys):
    assert cli.main(["pretrain", "pictures", "--out", "net", "--json"]) == 0
    ((places, settings),) = asked
    assert places == (Path("pictures"), Path("net"))
    defaults = headstart.pretraining.job.pretrain.__kwdefaults__
    augmentation = settings.pop("augmentation")
    assert augmentation == Augmentation()
    del settings["progress"]
    assert settings == {name: defaults[name] for name in settings}
    assert capsys.readouterr().out == '{"accuracy": 0.5}\n'


def test_every_argument_arrives(asked):
    words = [
        *("--size", "96", "--epochs", "5", "--batch-size", "32", "--learning-rate", "0.1"),
        *("--label-smoothing", "0", "--mixup", "0.2", "--precision", "bf16", "--seed", "3"),
        *("--teacher", "resnet50", "--teacher-weights", "w.h5", "--teacher-size", "160"),
        *("--trained-on", "Moths", "--license", "CC0-1.0", "--restart", "--workers", "4"),
        *("--crop", "0.5", "--colour", "0", "--no-flip", "--rotation", "5", "--json"),
    ]
    assert cli.main(["pretrain", "pictures", "--out", "net", *words]) == 0
    ((_, settings),) = asked
    del settings["progress"]
    assert settings == {
        "architecture": "mini",
        "size": 96,
        "epochs": 5,
        "batch_size": 32,
        "learning_rate": 0.1,
        "label_smoothing": 0.0,
        "mixup": 0.2,
        "precision": "bf16",
        "seed": 3,
        "teacher": "resnet50",
        "teacher_weights": Path("w.h5"),
        "teacher_size": 160,
        "trained_on": "Moths",
        "license": "CC0-1.0",
        "restart": True,
        "workers": 4,
        "augmentation": Augmentation(crop=(0.5, 1.0), rotation=5, flip=0.0, colour=0.0),
    }


def test_each_epoch_is_told_with_the_time_that_is_left(asked, capsys):
    cli.main(["pretrain", "pictures", "--out", "net", "--json"])
    assert asked
    assert capsys.readouterr().err.splitlines() == [
        "epoch 1: 50.0% right, loss 1.250, 40 px, 3 min; about 10 min left",
        "epoch 1: 50.0% right, loss 1.250, 40 px, 3 min",
    ]


@pytest.mark.parametrize("words", [["--crop", "0"], ["--crop", "1.5"], ["--colour", "-1"]])
def test_impossible_views_are_wrong_usage(asked, words, capsys):
    assert cli.main(["pretrain", "pictures", "--out", "net", *words]) == 2
    assert "Received" in capsys.readouterr().err
    assert not asked
