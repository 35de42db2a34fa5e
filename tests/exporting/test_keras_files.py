"""Models for Keras and for LiteRT: what other programs compute with them, and what is refused."""

import json
import subprocess
import sys
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from tests.prediction.scorers import affine, dense, neighbours

from headstart.errors import ConversionError, MissingExtra, StorageError
from headstart.exporting import keras_files
from headstart.exporting.export import export
from headstart.exporting.exported_model import ExportedModel
from headstart.exporting.formats import FORMATS
from headstart.processes.asking import Reply


def answering(monkeypatch, answer, status=0):
    """Let the process that runs Keras give this answer."""
    reply = Reply(answer, status, "the end")
    monkeypatch.setattr(keras_files, "ask", lambda *_: reply)


def test_an_operation_that_keras_has_not_is_refused_by_name(monkeypatch, tmp_path):
    answering(monkeypatch, {"not_rebuilt": "the operation FakeQuantize"})
    pixels = np.zeros((1, 4, 4, 3), np.uint8)
    with pytest.raises(ConversionError, match=r"the operation FakeQuantize\. Export it to onnx"):
        FORMATS["keras"].run(tmp_path / "net.keras", pixels)


@pytest.mark.parametrize("to", ["keras", "litert"])
def test_8_bits_are_refused_before_keras_is_started(monkeypatch, make_predictor, tmp_path, to):
    monkeypatch.setattr(keras_files, "ask", None)
    model = ExportedModel.of(make_predictor(affine()))
    model = replace(model, network=replace(model.network, quantised=True))
    with pytest.raises(ConversionError, match=r"a network with 8 bits, .*\. Export it to onnx"):
        FORMATS[to].write(model, tmp_path / "net")


def test_a_process_that_fails_says_how(monkeypatch, tmp_path):
    answering(monkeypatch, None, status=1)
    pixels = np.zeros((1, 4, 4, 3), np.uint8)
    with pytest.raises(ConversionError, match=r"ended with 1\. The end of its messages:\nthe end"):
        FORMATS["litert"].run(tmp_path / "net.tflite", pixels)


def test_a_full_disk_is_said_with_what_to_do(monkeypatch, tmp_path):
    answering(monkeypatch, {"no_room": True})
    pixels = np.zeros((1, 4, 4, 3), np.uint8)
    with pytest.raises(StorageError, match=r"no room left on its disk\. .*; set T(MPDIR|EMP) to"):
        FORMATS["keras"].run(tmp_path / "net.keras", pixels)


@pytest.mark.parametrize(
    ("to", "package", "extra"),
    [
        ("keras", "tensorflow", "finetune"),
        ("litert", "tensorflow", "finetune"),
        ("litert", "ai_edge_litert", "litert"),
        ("litert", "both", "finetune,litert"),
    ],
)
def test_a_missing_package_names_its_extra(
    monkeypatch, make_predictor, tmp_path, to, package, extra
):
    monkeypatch.setattr(
        keras_files.importlib.util,
        "find_spec",
        lambda name: None if package in (name, "both") else True,
    )
    out = tmp_path / f"net{FORMATS[to].suffixes[0]}"
    with pytest.raises(MissingExtra, match=rf'pip install "\.\[{extra}\]"'):
        export(make_predictor(affine()), to, out)


@pytest.mark.slow
@pytest.mark.parametrize(("to", "head"), [("keras", neighbours), ("litert", dense)])
def test_models_predict_the_same_there(make_predictor, pixels, tmp_path, to, head):
    pytest.importorskip("tensorflow")
    pytest.importorskip("ai_edge_litert")
    predictor = make_predictor(head())
    out = tmp_path / f"net{FORMATS[to].suffixes[0]}"
    summary = export(predictor, to, out)
    assert summary.difference < 1e-4
    found = FORMATS[to].run(out, pixels)
    np.testing.assert_allclose(found, predictor.predict_proba(list(pixels)), atol=1e-3)


@pytest.mark.slow
def test_keras_loads_the_file_alone_and_the_labels_are_in_it(make_predictor, pixels, tmp_path):
    pytest.importorskip("tensorflow")
    predictor = make_predictor(affine(), labels=("horse cart", "<bus>", "c"))
    path = export(predictor, "keras", tmp_path / "net.keras").path
    np.save(tmp_path / "pixels.npy", pixels)
    code = """
import sys, keras, numpy as np
model = keras.models.load_model(sys.argv[1])
found = model.predict(np.load(sys.argv[2]), verbose=0)
assert found["saliency_map"].shape[:2] == (5, 3)
print(found["feature_vector"].shape[0], found["probabilities"].tolist())
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(path), str(tmp_path / "pixels.npy")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    n, _, probabilities = done.stdout.strip().rpartition("\n")[2].partition(" ")
    assert n == "5"
    expected = predictor.predict_proba(list(pixels))
    np.testing.assert_allclose(json.loads(probabilities), expected, atol=1e-3)
    with zipfile.ZipFile(path) as archive:
        about = json.loads(archive.read("metadata.json"))
    assert about["headstart"]["labels"] == ["horse cart", "<bus>", "c"]
    assert "keras_version" in about


@pytest.mark.slow
def test_litert_files_say_what_others_read(make_predictor, tmp_path):
    pytest.importorskip("tensorflow")
    pytest.importorskip("ai_edge_litert")
    from headstart.foreign.tflite_metadata import facts_in_tflite

    predictor = make_predictor(affine(), labels=("horse cart", "<bus>", "c"))
    path = export(predictor, "litert", tmp_path / "net.tflite").path
    content = path.read_bytes()
    assert content[4:8] == b"TFL3"
    with path.open("rb") as file:
        facts = facts_in_tflite(memoryview(content), file)
    assert [each.label for each in facts.classes] == ["horse cart", "<bus>", "c"]
