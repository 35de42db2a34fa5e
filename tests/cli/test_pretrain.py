"""What the command makes of its arguments; the job itself is tested in tests/pretraining."""

import inspect
from pathlib import Path
from types import SimpleNamespace

import pytest

import headstart.pretraining.job
from headstart.augmentation.settings import Augmentation
from headstart.backbones.spec import NetworkSpec
from headstart.cli import main as cli
from headstart.data.settings import DatasetSettings
from headstart.pretraining.job import pretrain
from headstart.pretraining.settings import Pretraining


@pytest.fixture
def asked(monkeypatch):
    """What `pretrain` was called with."""
    calls = []

    def remember(*args, **settings):
        calls.append((args, settings))
        return SimpleNamespace(to_dict=lambda: {"accuracy": 0.5})

    monkeypatch.setattr(headstart.pretraining.job, "pretrain", remember)
    return calls


def test_the_defaults_are_those_of_the_function(asked, capsys):
    assert cli.main(["pretrain", "animals", "--out", "net", "--json"]) == 0
    ((given, options),) = asked
    assert given == (Path("animals"), Path("net"), Pretraining())
    del options["progress"]
    defaults = inspect.signature(pretrain).parameters
    assert options == {name: defaults[name].default for name in options}
    assert capsys.readouterr().out == '{"accuracy": 0.5}\n'


def test_every_argument_arrives(asked):
    words = [
        *("--size", "96", "--epochs", "5", "--batch-size", "32", "--learning-rate", "0.1"),
        *("--label-smoothing", "0", "--mixup", "0.2", "--precision", "bf16", "--seed", "3"),
        *("--teacher", "resnet50", "--teacher-weights", "w.h5", "--teacher-size", "160"),
        *("--trained-on", "Moths", "--license", "CC0-1.0", "--restart", "--workers", "4"),
        *("--class-level", "2"),
        *("--crop", "0.5", "--colour", "0", "--no-flip", "--rotation", "5", "--json"),
    ]
    assert cli.main(["pretrain", "animals", "--out", "net", *words]) == 0
    (((*_, settings), given),) = asked
    assert settings == Pretraining(
        size=96,
        epochs=5,
        batch_size=32,
        learning_rate=0.1,
        label_smoothing=0.0,
        mixup=0.2,
        precision="bf16",
        seed=3,
        workers=4,
        augmentation=Augmentation(crop=(0.5, 1.0), rotation=5, flip=0.0, colour=0.0),
    )
    del given["progress"]
    assert given == {
        "reading": DatasetSettings(class_level=2),
        "teacher": NetworkSpec("resnet50", weights="w.h5", size=(160, 160)),
        "trained_on": "Moths",
        "license": "CC0-1.0",
        "restart": True,
    }


@pytest.mark.parametrize("words", [["--teacher-weights", "w.h5"], ["--teacher-size", "64"]])
def test_settings_of_a_teacher_without_one_are_refused(asked, words, capsys):
    assert cli.main(["pretrain", "animals", "--out", "net", *words]) == 2
    assert f"{words[0]} must come with --teacher." in capsys.readouterr().err
    assert not asked


@pytest.mark.parametrize("words", [["--crop", "0"], ["--crop", "1.5"], ["--colour", "-1"]])
def test_impossible_views_are_wrong_usage(asked, words, capsys):
    assert cli.main(["pretrain", "animals", "--out", "net", *words]) == 2
    assert f"{words[0]} must be" in capsys.readouterr().err
    assert not asked
