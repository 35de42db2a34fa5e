"""``headstart train``."""

import json
from pathlib import Path

import pytest
from PIL import Image

import headstart
from headstart.cli import train as train_command
from headstart.cli.main import main
from headstart.cli.parser import CommandParser
from headstart.cli.train import DENSE, chosen_head
from headstart.errors import UsageError
from headstart.heads.dense import DenseHead
from headstart.heads.table import HEADS
from headstart.networks.network import load_network

from .conftest import write_classes

EVERYTHING = (
    "--units 256 128 64 --head-activation tanh --head-dropout 0.25 "
    "--no-head-batch-normalization --head-optimizer rmsprop --head-learning-rate 2e-5 "
    "--head-loss binary_crossentropy --head-monitor val_accuracy --head-epochs 15 "
    "--head-batch-size 512 --head-patience none --head-validation 0"
)


def train(*arguments):
    return main(["train", *map(str, arguments)])


def test_the_summary_has_what_the_contract_says(backbone, photos, tmp_path, capsys):
    assert train(photos, "--out", tmp_path / "model", "--model", backbone, "--json") == 0
    out, err = capsys.readouterr()
    summary = json.loads(out)
    assert summary["accuracy"] == 1
    assert summary["interval"][0] < 1 == summary["interval"][1]
    assert (summary["n_train"], summary["n_test"]) == (18, 18)
    assert summary["backbone"] == "tiny"
    assert summary["seconds"] > 0
    assert "Class by class" not in err


@pytest.mark.parametrize("watched", [True, False])
def test_the_report_is_printed_unless_json_is_asked_for(
    backbone, photos, tmp_path, capsys, monkeypatch, watched
):
    monkeypatch.setattr("sys.stdout.isatty", lambda: watched)
    train(photos, "--out", tmp_path / "model", "--model", backbone)
    out, _ = capsys.readouterr()
    assert "18 of 18 right" in out
    assert "headstart predict IMAGES --model" in out
    assert "{" not in out


def test_the_folder_holds_the_model_and_its_plots_but_no_names_of_images(trained):
    for plot in ("confusion.png", "classes.png"):
        with Image.open(trained / plot) as image:
            image.verify()
    model = headstart.load(trained)
    assert model.classes_.tolist() == ["blue", "green", "red"]
    assert model.evaluation["accuracy"] == 1
    assert {"mistakes", "errors"}.isdisjoint(model.evaluation)
    assert not trained.with_name("saved.mistakes.png").exists()


def test_mistakes_are_drawn_beside_the_model(backbone, photos, tmp_path, capsys):
    # Every blue image is red in truth: the model can only be wrong about those it has not seen.
    test = write_classes(tmp_path / "test", n=2, first_seed=50)
    (test / "red").rename(test / "aside")
    (test / "blue").rename(test / "red")
    (test / "aside").rename(test / "blue")
    train(photos, "--out", tmp_path / "model", "--model", backbone, "--test-folder", test, "--json")
    summary = json.loads(capsys.readouterr().out)
    assert summary["n_train"] == 18
    assert summary["accuracy"] == pytest.approx(2 / 6)
    assert len(summary["evaluation"]["mistakes"]) == 4
    with Image.open(tmp_path / "model.mistakes.png") as image:
        assert image.width > 500


def test_training_is_repeatable_and_the_seed_matters(backbone, photos, tmp_path, capsys):
    answers = {}
    for name, seed in {"a": 1, "b": 1, "c": 2}.items():
        train(photos, "--out", tmp_path / name, "--model", backbone, "--seed", seed)
        answers[name] = headstart.load(tmp_path / name).predict_proba(photos / "red").tolist()
    capsys.readouterr()
    assert answers["a"] == answers["b"] != answers["c"]


@pytest.mark.parametrize("head", ["logistic", "ridge", "nearest_mean", "knn"])
def test_every_head_trains_saves_and_predicts(backbone, photos, tmp_path, capsys, head):
    assert (
        train(photos, "--out", tmp_path / "m", "--model", backbone, "--head", head, "--json") == 0
    )
    assert json.loads(capsys.readouterr().out)["head"] == head
    assert main(["evaluate", str(tmp_path / "m"), str(photos), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["accuracy"] == 1


def test_unreadable_images_are_named(backbone, photos, tmp_path, capsys):
    (photos / "red" / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no more")
    (photos / "red" / "notes.txt").write_text("hello")
    for seed in range(3):  # whichever side of the split it falls on
        out = tmp_path / str(seed)
        words = [photos, "--out", out, "--model", backbone, "--seed", seed, "--test", 0.2]
        assert train(*words, "--json") == 0
        summary = json.loads(capsys.readouterr().out)
        refused = [*summary["unreadable"], *summary["evaluation"]["errors"]]
        assert [item["path"] for item in refused] == [str(photos / "red" / "broken.jpg")]
        assert summary["n_train"] + summary["n_test"] == 18
        assert summary["skipped"] == {"not an image": 1}
    assert train(*words, "--overwrite") == 0
    assert "broken.jpg" in capsys.readouterr().out


def test_the_folders_own_test_part_is_used(backbone, tmp_path, capsys):
    write_classes(tmp_path / "data" / "train", n=5)
    write_classes(tmp_path / "data" / "test", n=3, first_seed=9)
    train(tmp_path / "data", "--out", tmp_path / "m", "--model", backbone, "--json")
    summary = json.loads(capsys.readouterr().out)
    assert (summary["n_train"], summary["n_test"]) == (15, 9)


def test_a_fraction_to_test_on(backbone, photos, tmp_path, capsys):
    train(photos, "--out", tmp_path / "m", "--model", backbone, "--test", "0.5", "--json")
    assert json.loads(capsys.readouterr().out)["n_test"] == 9
    with pytest.raises(SystemExit, match="2"):
        train(photos, "--out", tmp_path / "n", "--model", backbone, "--test", "1.5")
    assert "between 0 and 1" in capsys.readouterr().err


def test_a_place_that_is_taken_is_refused_before_the_work(backbone, photos, saved, capsys):
    capsys.readouterr()
    assert train(photos, "--out", saved, "--model", "no such backbone") == 2
    assert "There is a saved model" in capsys.readouterr().err
    other = write_classes(photos.with_name("other"))
    assert train(photos, "--out", other, "--overwrite", "--model", backbone) == 2
    assert "something else" in capsys.readouterr().err
    assert train(photos, "--out", saved, "--overwrite", "--model", backbone) == 0


def test_one_class_is_refused(backbone, tmp_path, capsys):
    write_classes(tmp_path / "data")
    for name in ("blue", "green"):
        for file in (tmp_path / "data" / name).iterdir():
            file.unlink()
        (tmp_path / "data" / name).rmdir()
    assert train(tmp_path / "data", "--out", tmp_path / "m", "--model", backbone) == 1
    assert "at least 2 classes" in capsys.readouterr().err
    assert not (tmp_path / "m").exists()


@pytest.mark.usefixtures("offline")
def test_what_stood_in_for_the_default_is_said_and_recorded(
    backbone, photos, tmp_path, capsys, stand_in
):
    stand_in(load_network(Path(backbone)))
    assert train(photos, "--out", tmp_path / "model", "--json") == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["backbone"] == "mini"
    assert "so headstart uses mini" in err


def chosen(words):
    parser = CommandParser(train_command)
    return chosen_head(parser.parse_args(["birds", "--out", "model", *words.split()]))


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
    assert chosen("") is None  # that of the classifier
    for name in HEADS:
        assert chosen(f"--head {name}") == name
        assert name in CommandParser(train_command).format_help()
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
    assert "its own size (32, 32). Received: size (48, 48)" in capsys.readouterr().err


def test_groups_and_quick_reach_the_training(photos, tmp_path, monkeypatch):
    def record(*_, **settings):
        assert (settings["group_by"], settings["quick"]) == ("*/{group}.png", True)
        raise KeyboardInterrupt

    monkeypatch.setattr("headstart.jobs.train.train", record)
    assert train(photos, "--out", tmp_path / "m", "--group-by", "*/{group}.png", "--quick") == 130


def test_hashes_of_the_training_images_can_be_left_out(backbone, photos, tmp_path, capsys):
    model = tmp_path / "model"
    for words in ([], ["--overwrite", "--no-hashes"]):
        train(photos, "--out", model, "--model", backbone, "--quick", *words)
        capsys.readouterr()
        assert main(["evaluate", str(model), str(photos)]) == 0
        said = "The model has learnt from all of these 18 images" in capsys.readouterr().out
        assert said == (not words)
