"""The options of ``headstart train`` that say what is trained on the features."""

import inspect
import json

import pytest

import headstart
from headstart.classifier import ImageClassifier
from headstart.cli.heads import DENSE, add_head, chosen_head
from headstart.cli.main import main
from headstart.cli.parser import CommandParser
from headstart.errors import UsageError
from headstart.heads.dense import DenseHead
from headstart.heads.table import HEADS

EVERYTHING = (
    "--units 256 128 64 --head-activation tanh --head-dropout 0.25 "
    "--no-head-batch-normalization --head-optimizer rmsprop --head-learning-rate 2e-5 "
    "--head-loss binary_crossentropy --head-monitor val_accuracy --head-epochs 15 "
    "--head-batch-size 512 --head-patience none --head-validation 0"
)


def parser():
    made = CommandParser("train", "", "")
    made.add_argument("--seed", type=int, default=0)
    add_head(made)
    DENSE.add(made)
    return made


def chosen(words):
    return chosen_head(parser().parse_args(words.split()))


def test_every_setting_has_a_flag_that_reaches_it():
    head = chosen(f"--head dense --seed 7 {EVERYTHING}")
    assert head.get_params() == {
        "units": (256, 128, 64),
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


def test_every_flag_of_the_dense_head_begins_alike():
    flags = {DENSE.flag(name) for name in DENSE.fields}
    assert {flag for flag in flags if not flag.startswith("--head-")} == {"--units"}


def test_what_is_not_given_is_the_heads_own():
    assert chosen("--head dense") == "dense"
    assert chosen("--head dense --units").get_params() == DenseHead(units=()).get_params()
    assert chosen("--head dense --head-patience 3").patience == 3


def test_the_default_and_the_choices_are_those_of_the_classifier():
    assert chosen("") == inspect.signature(ImageClassifier).parameters["head"].default
    for name in HEADS:
        assert chosen(f"--head {name}") == name
        assert name in parser().format_help()
    with pytest.raises(SystemExit, match="2"):
        chosen("--head forest")


@pytest.mark.parametrize(
    "words", ["--units 256 --head-dropout 0.1", "--head ridge --head-epochs 3"]
)
def test_settings_without_the_head_are_refused(words):
    says = r"--(units, --head-dropout|head-epochs) must come with --head dense\. Received: --head"
    with pytest.raises(UsageError, match=says):
        chosen(words)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--head-dropout 1", r"^--head-dropout must be from 0 to below 1\. Received: 1\.0\.$"),
        ("--head-validation -0.1", "^--head-validation must be from 0 to below 1"),
        ("--head-learning-rate 0", "^--head-learning-rate must be above 0"),
        ("--head-patience 0", "^--head-patience must be at least 1"),
        ("--units 0", "^--units must be at least 1"),
    ],
)
def test_settings_out_of_range_are_refused(words, message):
    with pytest.raises(UsageError, match=message):
        chosen(f"--head dense {words}")


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


def test_the_command_predicts_from_mirror_images_and_saves_that(backbone, photos, tmp_path):
    command = ["train", str(photos), "--out", str(tmp_path / "m"), "--model", backbone]
    assert main([*command, "--mirror", "--json"]) == 0
    assert headstart.load(tmp_path / "m").network.mirror


def test_the_size_reaches_the_network(backbone, photos, tmp_path, capsys):
    command = ["train", str(photos), "--model", backbone, "--out"]
    assert main([*command, str(tmp_path / "a"), "--size", "32"]) == 0
    assert main([*command, str(tmp_path / "b"), "--size", "48"]) == 2
    assert "for images of 32 x 32 pixels. Received size 48 x 48" in capsys.readouterr().err
