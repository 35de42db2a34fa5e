"""The flags of ``headstart train`` that say what is trained on the features."""

import argparse
import json
from typing import get_args

import pytest

import headstart
from headstart.cli import heads
from headstart.cli.main import main
from headstart.errors import UsageError
from headstart.heads.dense import DenseHead
from headstart.heads.settings import Activation, HeadName
from headstart.training.settings import LossName, Monitor, OptimizerName

EVERYTHING = (
    "--units 256 128 64 --activation tanh --dropout 0.25 --no-batch-normalization "
    "--head-optimizer rmsprop --head-learning-rate 2e-5 --head-loss binary_crossentropy "
    "--head-monitor val_accuracy --head-epochs 15 --head-batch-size 512 --head-patience none "
    "--head-validation 0"
)


def settle(words):
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    heads.add_head(parser)
    return heads.settle_head(parser.parse_args(words.split()))


def test_every_setting_has_a_flag_that_reaches_it():
    head = settle(f"--head dense --seed 7 {EVERYTHING}")
    assert head.get_params() == {
        "units": [256, 128, 64],
        "activation": "tanh",
        "dropout": 0.25,
        "batch_normalization": False,
        "optimizer": "rmsprop",
        "learning_rate": 2e-5,
        "loss": "binary_crossentropy",
        "monitor": "val_accuracy",
        "epochs": 15,
        "patience": None,
        "batch_size": 512,
        "validation": 0.0,
        "class_weight": "balanced",
        "random_state": 7,
    }


def test_what_is_not_given_is_the_heads_own():
    assert settle("--head dense") == "dense"
    assert settle("") == "logistic"
    assert settle("--head dense --units").get_params() == DenseHead(units=[]).get_params()
    assert settle("--head dense --head-patience 3").patience == 3


@pytest.mark.parametrize("words", ["--units 256 --dropout 0.1", "--head ridge --head-epochs 3"])
def test_settings_without_the_head_are_refused(words):
    with pytest.raises(UsageError, match=r"--(units, --dropout|head-epochs) must come with --head"):
        settle(words)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--units 0", "at least 1"),
        ("--dropout 1", "from 0 to below 1"),
        ("--head-validation -0.1", "from 0 to below 1"),
        ("--head-learning-rate 0", "above 0"),
        ("--head-patience 0", "at least 1"),
        ("--head-loss mse", "invalid choice"),
    ],
)
def test_impossible_settings_are_refused_at_once(words, message, capsys):
    with pytest.raises(SystemExit, match="2"):
        settle(f"--head dense {words}")
    assert message in capsys.readouterr().err


def test_the_choices_are_those_there_are():
    assert get_args(HeadName) == heads.HEADS
    assert get_args(Activation) == heads.ACTIVATIONS
    assert get_args(OptimizerName) == heads.OPTIMIZERS
    assert get_args(LossName) == heads.LOSSES
    assert set(get_args(Monitor)) == set(heads.MONITORS)


def test_the_command_refuses_settings_of_another_head(backbone, photos, tmp_path, capsys):
    command = ["train", str(photos), "--out", str(tmp_path / "m"), "--model", backbone]
    assert main([*command, "--units", "8"]) == 2
    assert "--units must come with --head dense" in capsys.readouterr().err
    assert not (tmp_path / "m").exists()


def test_the_command_pools_and_saves_it(backbone, photos, tmp_path, capsys):
    command = ["train", str(photos), "--out", str(tmp_path / "m"), "--model", backbone]
    assert main([*command, "--pooling", "flatten", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["head"] == "logistic"
    model = headstart.load(tmp_path / "m")
    assert model.network.outputs["features"] == (8 * 8 * 16,)
    assert model.predict(photos / "red").tolist() == ["red"] * 6


def test_the_command_looks_at_mirror_images_and_saves_that(backbone, photos, tmp_path):
    command = ["train", str(photos), "--out", str(tmp_path / "m"), "--model", backbone]
    assert main([*command, "--mirror", "--json"]) == 0
    assert headstart.load(tmp_path / "m").network.mirror


def test_the_size_reaches_the_network(backbone, photos, tmp_path, capsys):
    command = ["train", str(photos), "--model", backbone, "--out"]
    assert main([*command, str(tmp_path / "a"), "--size", "32"]) == 0
    assert main([*command, str(tmp_path / "b"), "--size", "48"]) == 2
    assert "for images of 32 x 32 pixels. Received size 48 x 48" in capsys.readouterr().err
