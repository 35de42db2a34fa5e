"""Pre-training from start to end, as a command. Keras needs a process of its own."""

import contextlib
import csv
import json
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

import headstart as hs
from headstart.backbones.finding import find_network
from headstart.backbones.folders import read_backbone
from headstart.backbones.spec import NetworkSpec
from headstart.pretraining import job as room
from headstart.pretraining.place import place_for_backbone

SETTINGS = (
    *("--size", "32", "--epochs", "3", "--batch-size", "16", "--learning-rate", "0.05"),
    *("--precision", "f32"),
)


@pytest.fixture(scope="module")
def done(dataset, network_folder, python, once, tmp_path_factory):
    """A finished pre-training: the process, and the folder it left."""

    def pretrain(folder):
        command = ["-m", "headstart", "pretrain", dataset, "--out", folder / "tri-net", "--json"]
        options = ["--teacher", network_folder, "--license", "CC0-1.0", "--no-flip"]
        options += ["--trained-on", "Three | kinds", "--crop", "0.5"]
        cache = str(tmp_path_factory.mktemp("cache"))
        return vars(python(*command, *SETTINGS, *options, HEADSTART_CACHE=cache))

    process, folder = once("pretrained", pretrain)
    return SimpleNamespace(**process), folder / "tri-net"


def test_the_summary_says_how_good_the_network_is(done):
    process, folder = done
    assert process.returncode == 0, process.stderr
    summary = json.loads(process.stdout)
    assert summary["accuracy"] == read_backbone(folder).top1
    assert summary["interval"][0] <= summary["accuracy"] <= summary["interval"][1]
    assert (summary["n_train"], summary["n_valid"]) == (65, 7)
    assert (summary["backbone"], summary["architecture"]) == ("tri-net", "mini")
    assert (summary["teacher"], summary["epochs"]) == ("tiny", 3)
    assert process.stderr.count("\nepoch ") == 3
    assert process.stderr.count(" left\n") == 2


def test_the_backbone_has_the_best_of_several_sizes(done):
    process, folder = done
    summary = json.loads(process.stdout)
    tried = {int(size): share for size, share in summary["accuracy_by_size"].items()}
    assert sorted(tried) == [32, 40, 48]
    assert tried[summary["size"]] == max(tried.values())
    assert read_backbone(folder).size == (summary["size"], summary["size"])


def test_the_folder_is_whole_and_the_training_folder_gone(done):
    _, folder = done
    assert sorted(path.name for path in folder.iterdir()) == [
        "README.md",
        "backbone.json",
        "backbone.weights.h5",
        "curves.png",
        "history.csv",
    ]
    assert [path.name for path in folder.parent.iterdir()] == ["tri-net"]


def test_the_curves_are_drawn_and_the_history_is_a_table(done):
    _, folder = done
    with Image.open(folder / "curves.png") as curves:
        assert min(curves.size) > 300
    with (folder / "history.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1", "2", "3"]
    assert [row["size"] for row in rows] == ["24", "24", "32"]
    assert float(rows[-1]["loss"]) < float(rows[0]["loss"])


def test_the_card_says_what_it_is_and_the_command_that_made_it(done):
    _, folder = done
    card = (folder / "README.md").read_text("utf-8")
    told = " ".join(card.split())
    assert "trained from scratch on `Three | kinds`: 65 images of 3 classes" in told
    assert "--size 32 --epochs 3 --batch-size 16 --learning-rate 0.05" in card
    assert "--precision f32 --crop 0.5 " in card
    assert "--colour 0.2 --no-flip --no-vertical-flip" in card
    assert "--teacher tiny --teacher-size 32" in card
    assert "50 % to 100 % of an image's area, colours changed by up to 20 %" in card
    assert "CC0-1.0" in card


def test_the_folder_is_a_backbone_like_any_other(done, dataset):
    _, folder = done
    network = find_network(NetworkSpec(folder))
    assert [name.label for name in network.classes] == ["brick", "grass", "sky"]
    (answer,) = hs.predict(dataset / "sky" / "0.png", backbone=folder)
    assert {prediction.label for prediction in answer} == {"brick", "grass", "sky"}
    features = hs.Embedder(folder, size=(48, 48), cache=False).transform([dataset / "sky/0.png"])
    assert features.shape == (1, 384)
    assert np.isfinite(features).all()


@pytest.fixture
def short(dataset, monkeypatch, tmp_path):
    """Return what pre-trains without Keras: `short(measure)`; and what was saved, each time."""
    saved = []

    def train_network(_, job):
        (job.folder / "last.npz").write_text("checkpoint")

    def save(job, _, out):
        with place_for_backbone(out, job.folder) as new:
            (new / "backbone.json").write_text(job.license)
        saved.append(out)

    monkeypatch.setattr(room, "start_keras", lambda _: None)
    monkeypatch.setattr(room, "training_gpu", lambda *_: None)
    monkeypatch.setattr(room, "computing_on", lambda *_: contextlib.nullcontext())
    monkeypatch.setattr(room, "standard_settings", lambda _: contextlib.nullcontext())
    monkeypatch.setattr(room, "train_network", train_network)
    monkeypatch.setattr(room, "save_backbone", save)

    def pretrained(measure, size=32, **options):
        monkeypatch.setattr(room, "measure_backbone", measure)
        settings = hs.Pretraining(size=size, batch_size=16, precision="f32")
        return hs.pretrain(dataset, tmp_path / "net", settings, **options)

    return pretrained, saved


def fail(*_):
    raise OSError("disk on fire")


def killed(*_):
    raise KeyboardInterrupt


def measured(*_):
    return "measured"


def test_a_backbone_is_saved_before_it_is_measured_and_stays_if_that_fails(short, tmp_path):
    pretrained, _ = short
    with pytest.raises(hs.NotTested, match=r"net and can be used, but measuring it failed: disk"):
        pretrained(fail)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["net", "net.training"]


def test_the_same_command_measures_what_it_saved(short, tmp_path):
    pretrained, saved = short
    with pytest.raises(KeyboardInterrupt):
        pretrained(killed)
    assert pretrained(measured, license="CC0-1.0") == "measured"
    assert len(saved) == 2
    assert (tmp_path / "net" / "backbone.json").read_text() == "CC0-1.0"
    assert [path.name for path in tmp_path.iterdir()] == ["net"]
    with pytest.raises(hs.UsageError, match="new or empty folder"):
        pretrained(measured)


@pytest.mark.parametrize("options", [{"size": 40}, {"restart": True}])
def test_another_command_does_not_replace_what_was_saved(short, options):
    pretrained, saved = short
    with pytest.raises(KeyboardInterrupt):
        pretrained(killed)
    with pytest.raises(hs.UsageError, match=r"other settings: size|new or empty folder"):
        pretrained(measured, **options)
    assert len(saved) == 1


def test_what_another_process_saved_meanwhile_is_not_replaced(short, monkeypatch, tmp_path):
    pretrained, saved = short
    kept = room.work_folder

    def wait(*args, **kwargs):
        (tmp_path / "net").mkdir()
        (tmp_path / "net" / "backbone.json").touch()
        return kept(*args, **kwargs)

    monkeypatch.setattr(room, "work_folder", wait)
    with pytest.raises(hs.UsageError, match="new or empty folder"):
        pretrained(measured)
    assert not saved
    assert [path.name for path in tmp_path.iterdir()] == ["net"]


def test_on_a_backend_without_gradients_it_says_what_to_do(dataset, python):
    process = python(
        "-m", "headstart", "pretrain", dataset, "--out", dataset.parent / "x", *SETTINGS,
        KERAS_BACKEND="openvino",
    )  # fmt: skip
    assert process.returncode == 2
    assert "KERAS_BACKEND asks for openvino, which only predicts. Unset it" in process.stderr
    assert "Traceback" not in process.stderr
    assert not (dataset.parent / "x.training").exists()
