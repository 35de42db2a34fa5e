import contextlib
import json
import os
import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from headstart.errors import MissingExtra, UsageError, WeightsMismatch
from headstart.features import keras_engine
from headstart.features.compiling import compile_network
from headstart.features.keras_engine import BATCH, KerasEngine


class Means:
    """A model whose features are the means of the three colours."""

    def __init__(self):
        self.shapes = []

    def predict_on_batch(self, batch):
        self.shapes.append(batch.shape)
        return {"features": batch.mean((1, 2)).astype(np.float16)}


@pytest.fixture
def means(monkeypatch):
    model = Means()
    monkeypatch.setattr(keras_engine, "_build", lambda *_: model)
    monkeypatch.setattr(keras_engine, "import_keras", lambda: None)
    monkeypatch.setattr(keras_engine, "standard_settings", lambda _: contextlib.nullcontext())
    return model


@pytest.fixture
def engine(tiny_network, means):
    assert means.shapes == []
    return KerasEngine(tiny_network, "f32", ("features",))


def images(n):
    return np.random.default_rng(0).integers(0, 256, (n, 32, 32, 3), np.uint8)


@pytest.mark.parametrize("n", [1, BATCH, BATCH + 1])
def test_every_batch_has_one_shape_and_every_image_its_row(engine, means, n):
    batch = images(n)
    values = engine.infer(batch)["features"]
    assert values.dtype == np.float32
    np.testing.assert_allclose(values, batch.mean((1, 2)), rtol=1e-3)
    assert set(means.shapes) == {(BATCH, 32, 32, 3)}


def test_none_passes_through_in_its_place(engine, means):
    batch = images(100)
    out = list(engine.stream((i, batch[i] if i % 7 == 0 else None) for i in range(100)))
    assert [tag for tag, _ in out] == list(range(100))
    assert [bool(values) for _, values in out] == [i % 7 == 0 for i in range(100)]
    np.testing.assert_allclose(out[14][1]["features"], batch[14].mean((0, 1)), rtol=1e-3)
    assert len(means.shapes) == 2


def test_nothing_but_none_runs_nothing(engine, means):
    assert list(engine.stream([("a", None), ("b", None)])) == [("a", {}), ("b", {})]
    assert means.shapes == []


def test_an_image_that_does_not_fit_is_refused(engine):
    with pytest.raises(UsageError, match="takes uint8 RGB"):
        engine.infer(np.zeros((1, 16, 16, 3), np.uint8))


def test_the_weights_must_be_those_of_the_conversion(tiny_network):
    with pytest.raises(WeightsMismatch, match="Or use device='openvino'"):
        keras_engine._origin(replace(tiny_network, name="mini"))


def test_a_network_of_ones_own_is_refused_by_name(tiny_network):
    with pytest.raises(UsageError, match=r"Received: tiny.*Or use device='openvino'"):
        keras_engine._origin(tiny_network)


def test_without_a_backend_the_extra_is_named(tiny_network, monkeypatch):
    keras = SimpleNamespace(backend=SimpleNamespace(backend=lambda: "openvino"))
    monkeypatch.setitem(sys.modules, "keras", keras)
    with pytest.raises(MissingExtra, match='extra "finetune"'):
        KerasEngine(tiny_network, "f32", ("features",))


COMPARE = """
import json, os, sys
from pathlib import Path
import keras
import numpy as np
from headstart.backbones.catalogue import get_backbone
from headstart.backbones.networks import find_network
from headstart.backbones.spec import NetworkSpec
from headstart.features.compiling import compile_network

name, size, folder = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
if get_backbone(name).folder is None:
    keras.utils.set_random_seed(0)
    builder = getattr(keras.applications, get_backbone(name).builder)
    model = builder(weights=None, input_shape=(size, size, 3))
    model.save_weights(folder / f"{name}_imagenet.weights.h5")
network = find_network(NetworkSpec(name, size=(size, size)), download=False)
images = np.random.default_rng(0).integers(0, 256, (3, size, size, 3), np.uint8)
outputs = ("features", "feature_map", "probabilities")
answers = []
for device in ("openvino", "keras"):
    engine = compile_network(network, outputs=outputs, runtime=device)
    answers.append(engine.infer(images))
def difference(a, b):
    return float(np.abs(a - b).max() / np.abs(a).max())

report = {output: difference(answers[0][output], answers[1][output]) for output in outputs}
half = compile_network(network, precision="bf16", outputs=outputs, runtime="keras").infer(images)
report["bf16"] = difference(answers[1]["features"], half["features"])
print(json.dumps({"backend": keras.backend.backend(), **report}))
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mini", "mobilenet_v2", "resnet50"])
def test_on_tensorflow_it_answers_as_openvino_does(name, tmp_path):
    pytest.importorskip("tensorflow", reason="pip install '.[finetune]'")
    environment = {
        **os.environ,
        "KERAS_BACKEND": "tensorflow",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "HEADSTART_WEIGHTS": str(tmp_path),
    }
    run = subprocess.run(
        [sys.executable, "-c", COMPARE, name, "96", str(tmp_path)],
        check=False,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    report = json.loads(run.stdout.splitlines()[-1])
    assert report["backend"] == "tensorflow"
    assert 1e-4 < report["bf16"] < 0.2
    for output in ("features", "feature_map", "probabilities"):
        assert report[output] < 1e-4


def test_it_is_what_compiling_for_keras_returns(make_network, means):
    engine = compile_network(make_network(seed=41), runtime="keras")
    assert isinstance(engine, KerasEngine)
    assert engine.infer(images(2))["features"].shape == (2, 3)
    assert len(means.shapes) == 1
