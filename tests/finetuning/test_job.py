"""Fine-tuning from start to end. Keras needs a process of its own."""

import csv
import importlib.util
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import headstart as hs
from headstart.data.datasets import read_dataset

# Prints everything that the tests below check.
SCRIPT = Path(__file__).with_name("tuning.py")

SETTINGS = {"epochs": 2, "batch_size": 16, "views": 2, "learning_rate": 1e-3}


@pytest.fixture(scope="module")
def tuned(dataset, python, once):
    """Return a function that runs `SCRIPT`. It returns what that prints, and the saved model."""

    def run(name, environment=(), **settings):
        def fine_tune(folder):
            words = (SCRIPT, dataset, json.dumps(SETTINGS | settings), folder / "model")
            process = python(*words, **dict(environment))
            assert process.returncode == 0, process.stderr
            return json.loads(process.stdout.strip().rpartition("\n")[2])

        found, folder = once(f"tuned-{name}", fine_tune)
        return found, folder / "model"

    return run


@pytest.fixture(scope="module")
def by_folds(tuned):
    return tuned("by-folds", validation=3, layer_decay=0.9)


@pytest.fixture(scope="module")
def all_layers(tuned):
    return tuned("all-layers", where="all", optimizer="sgd", wise_ft=0.5, validation=0.2, mixup=0.2)


@pytest.fixture(scope="module")
def no_room(tuned):
    return tuned(
        "no-room", store_limit=1, validation=0.2, classifier={"pooling": "max"}, cutmix=1.0
    )


@pytest.fixture(scope="module")
def without_views(tuned):
    return tuned(
        "without-views",
        views=0,
        epochs=1,
        validation=0.2,
        view_size=40,
        classifier={"mirror": True},
    )


@pytest.fixture(scope="module")
def by_jax(tuned):
    """A smaller one on another backend than TensorFlow."""
    if importlib.util.find_spec("jax") is None:
        pytest.skip("needs JAX")
    # Compiling takes most of the time.
    environment = {"KERAS_BACKEND": "jax", "XLA_FLAGS": "--xla_backend_optimization_level=0"}
    return tuned("by-jax", environment, epochs=1, views=1, validation=0.2, layer_decay=0.5)


KINDS = ["by_folds", "all_layers", "no_room", "without_views"]


@pytest.fixture(params=[*KINDS, pytest.param("by_jax", marks=pytest.mark.slow)])
def each(request):
    return request.getfixturevalue(request.param)


def test_batch_normalisation_is_the_same_to_the_bit(each):
    found, _ = each
    assert found["same_statistics"]


def test_only_the_layers_that_learn_change(each):
    found, _ = each
    moved, learning = set(found["moved"]), set(found["learning"])
    assert learning
    assert learning <= moved
    # The normalisations behind the convolutions that learn: their scales and offsets.
    assert all(re.search(r"/(gamma|beta)$", path) for path in moved - learning)


def test_the_converted_network_predicts_as_keras_does(each):
    found, _ = each
    assert found["apart"] <= 1e-4


def test_the_classifier_that_is_given_does_not_change(each):
    found, _ = each
    assert found["unfitted"]


def test_the_saved_model_is_like_any_other(each, dataset):
    _, folder = each
    model = hs.load(folder)
    images = read_dataset(dataset)
    said = model.predict_proba(images.sources)
    assert said.shape == (60, 3)
    np.testing.assert_allclose(said.sum(axis=1), 1, rtol=1e-5)
    assert model.network.name == "mini"
    found = hs.evaluate(model, images).learnt_from
    assert (found.n, found.n_others) == (60, 0)
    card = (folder / "README.md").read_text("utf-8")
    assert re.search(r"pre-trained and fine-tuned on these images \((all|from .* on)\)", card)


@pytest.mark.parametrize("to", ["onnx", "openvino"])
def test_a_fine_tuned_network_is_exported(all_layers, tmp_path, to):
    pytest.importorskip("onnxruntime")
    model = hs.load(all_layers[1])
    out = tmp_path / {"onnx": "net.onnx", "openvino": "net.xml"}[to]
    assert model.export(to, out).difference < 1e-4


@pytest.mark.slow
@pytest.mark.parametrize("to", ["keras", "litert"])
def test_a_fine_tuned_network_is_exported_by_keras(all_layers, tmp_path, to):
    pytest.importorskip("tensorflow")
    pytest.importorskip("ai_edge_litert")
    model = hs.load(all_layers[1])
    out = tmp_path / {"keras": "net.keras", "litert": "net.tflite"}[to]
    assert model.export(to, out).difference < 1e-4


def test_above_the_freeze_point_views_are_kept_and_folds_are_quick(by_folds):
    found, _ = by_folds
    tuning = found["tuning"]
    assert (tuning["n_folds"], tuning["n_views"]) == (3, 2)
    assert tuning["comparison"]["n"] == 60
    assert "The layers below ran once, on 2 views of each image." in found["text"]
    assert "epochs with 3 folds" in found["text"]
    assert tuning["notes"] == []


def test_the_decision_rule_is_fitted_to_the_validation_set(all_layers, by_folds):
    assert hs.load(all_layers[1]).predictor.decision.n_images == 12
    assert hs.load(by_folds[1]).predictor.decision is None


def test_if_every_layer_learns_the_whole_network_runs(all_layers):
    found, _ = all_layers
    tuning = found["tuning"]
    assert (tuning["n_folds"], tuning["n_views"]) == (1, 0)
    assert tuning["comparison"]["n"] == 12
    assert [epoch["epoch"] for epoch in tuning["history"]] == [1, 2]


def test_without_room_for_views_a_note_says_so_and_the_whole_network_runs(no_room):
    found, _ = no_room
    assert found["tuning"]["n_views"] == 0
    assert len(found["learning"]) < 20
    (note,) = found["tuning"]["notes"]
    assert "ran in every step, on a new view each time" in note
    assert "store_limit" in note
    assert note in found["text"]


def test_without_views_the_whole_network_runs(without_views, no_room):
    found, _ = without_views
    tuning = found["tuning"]
    assert (tuning["n_folds"], tuning["n_views"], tuning["notes"]) == (1, 0, [])
    assert found["learning"] == no_room[0]["learning"]
    assert "The whole network ran in every step." in found["text"]


def test_views_may_be_smaller_than_the_images_of_the_network(without_views, all_layers):
    assert [epoch["size"] for epoch in without_views[0]["tuning"]["history"]] == [40]
    assert [epoch["size"] for epoch in all_layers[0]["tuning"]["history"]] == [48, 48]
    assert hs.load(without_views[1]).network.size == (48, 48)


def test_a_network_that_sees_mirror_images_still_does_after_fine_tuning(
    without_views, no_room, dataset
):
    seen = [np.asarray(Image.open(path)) for path in sorted(dataset.rglob("1*.png"))]
    in_mirror = [pixels[:, ::-1] for pixels in seen]
    for (_, folder), same in ((without_views, True), (no_room, False)):
        model = hs.load(folder)
        apart = abs(model.predict_proba(seen) - model.predict_proba(in_mirror)).max()
        assert (apart < 1e-5) == same


def test_the_command_keeps_the_better_network(dataset, python, tmp_path):
    out = tmp_path / "model"
    shutil.copytree(dataset, tmp_path / "images")
    (tmp_path / "images" / "sky" / "broken.png").write_bytes(b"no image")
    process = python(
        "-m", "headstart", "train", tmp_path / "images", "--out", out, "--model", "mini",
        "--size", "48", "--fine-tune", "-12", "--epochs", "2", "--views", "2",
        "--validation", "2", "--crop", "0.8", "--json", fresh=True,
    )  # fmt: skip
    assert process.returncode == 0, process.stderr
    summary = json.loads(process.stdout)
    tuning = summary["tuning"]
    kept = tuning["comparison"]["kept"]
    # Nothing is beyond chance on so few images with so little training.
    assert kept == "frozen"
    assert [left["type"] for left in summary["unreadable"]] in (["ImageUnsupported"], [])
    assert tuning["comparison"]["n"] == summary["n_train"] - len(summary["unreadable"])
    assert "\nfold 1 of 2, epoch 1: " in process.stderr
    assert "retracing" not in process.stderr
    assert not (tmp_path / "model.training").exists()
    with (out / "history.csv").open(encoding="utf-8", newline="") as file:
        assert [row["epoch"] for row in csv.DictReader(file)] == ["1", "2"]
    assert json.loads((out / "tuning.json").read_text("utf-8")) == tuning
    with Image.open(out / "curves.png") as curves:
        assert min(curves.size) > 300
    assert hs.load(out).predict([dataset / "sky" / "0.png"]).shape == (1,)


def test_settings_without_fine_tune_are_refused(dataset, python, tmp_path):
    process = python(
        "-m", "headstart", "train", dataset, "--out", tmp_path / "model", "--model", "mini",
        "--epochs", "2", "--crop", "0.8", "--restart",
    )  # fmt: skip
    assert process.returncode == 2
    assert "--epochs, --crop, --restart must come with --fine-tune" in process.stderr


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--head", "knn"], "a head that is made of layers"),
        (["--view-size", "40"], "a new view in every step"),
        (["--view-size", "32", "--fine-tune", "all"], "32 pixels, which make 2 x 2"),
        (["--fine-tune", "block_77"], "Received: 'block_77'"),
        (["--learning-rate", "1e9", "--validation", "0.2"], "smaller learning rate"),
    ],
)
def test_impossible_settings_are_refused_and_leave_nothing(dataset, python, tmp_path, words, says):
    process = python(
        "-m", "headstart", "train", dataset, "--out", tmp_path / "model", "--model", "mini",
        "--size", "48", "--fine-tune", "--epochs", "3", *words,
    )  # fmt: skip
    assert process.returncode in (1, 2)
    assert says in process.stderr
    assert "Traceback" not in process.stderr
    assert list(tmp_path.iterdir()) == []


def test_checkpoints_among_the_images_are_refused_before_the_work(dataset):
    with pytest.raises(hs.UsageError, match=r"Checkpoints must be written outside the folder"):
        hs.fine_tune(hs.ImageClassifier("mini"), dataset, folder=Path(dataset) / "work")
    assert not (Path(dataset) / "work").exists()


SAVE = """
import sys
import numpy as np
from headstart.backbones import keras_weights
from headstart.backbones.catalogue import get_backbone
row = get_backbone(sys.argv[1])
keras_weights.build(row, row.size, row.n_classes).save_weights(sys.argv[2])
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "backend", "where"),
    [
        ("tiny_vit_5m", "tensorflow", "stages-3-blocks-1"),
        ("efficientvit_b1", "torch", "last-stage"),
    ],
)
def test_a_network_with_layers_of_a_hub_is_fine_tuned(
    name, backend, where, tuned, python, tmp_path
):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"needs {backend}")
    weights = tmp_path / "random.weights.h5"
    process = python("-c", SAVE, name, weights)
    assert process.returncode == 0, process.stderr
    found, model = tuned(
        f"hub-{name}",
        {"KERAS_BACKEND": backend},
        classifier={"backbone": name, "weights": str(weights), "size": [64, 64]},
        where=where,
        views=1,
        validation=0.2,
    )
    assert found["apart"] < 1e-4
    assert found["same_statistics"]
    assert found["moved"]
    assert hs.load(model).network.size == (64, 64)
