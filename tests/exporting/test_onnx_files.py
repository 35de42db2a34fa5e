import importlib.util
import json
import os
import subprocess
import sys

import numpy as np
import pytest
from tests.prediction.scorers import affine

from headstart.errors import MissingExtra
from headstart.exporting.export import export


@pytest.fixture
def onnxruntime():
    return pytest.importorskip("onnxruntime")


def test_every_head_predicts_the_same_in_onnx_runtime(predictor, pixels, tmp_path, onnxruntime):
    found = export(predictor, "onnx", tmp_path / "net.onnx")
    assert found.difference < 1e-4
    assert [path.name for path in tmp_path.iterdir()] == ["net.onnx"]
    session = onnxruntime.InferenceSession(tmp_path / "net.onnx")
    assert [each.name for each in session.get_outputs()] == list(found.outputs)
    (probabilities,) = session.run(["probabilities"], {"image": pixels})
    np.testing.assert_allclose(probabilities, predictor.predict_proba(list(pixels)), atol=1e-3)


def test_the_file_says_what_others_and_we_read(make_predictor, tmp_path, onnxruntime):
    labels = ("horse cart", "<bus>", "\u00e4\tb")
    predictor = make_predictor(affine(), rule="pad", labels=labels)
    export(predictor, "onnx", tmp_path / "net.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "net.onnx")
    said = session.get_modelmeta().custom_metadata_map
    assert said["model_info labels"] == "horse_cart <bus> \u00e4\\tb"
    assert said["model_info resize_type"] == "fit_to_window_letterbox"
    assert json.loads(said["headstart"])["labels"] == ["horse cart", "<bus>", "\u00e4\\tb"]


def test_onnx_runtime_warns_of_nothing(predictor, tmp_path, onnxruntime, capfd):
    export(predictor, "onnx", tmp_path / "net.onnx")
    onnxruntime.InferenceSession(tmp_path / "net.onnx")
    assert capfd.readouterr().err == ""


def test_the_package_onnx_finds_nothing_wrong_with_it(make_predictor, tmp_path, onnxruntime):
    del onnxruntime
    onnx = pytest.importorskip("onnx")
    export(make_predictor(affine()), "onnx", tmp_path / "net.onnx")
    onnx.checker.check_model(tmp_path / "net.onnx", full_check=True)


@pytest.mark.parametrize("own", ["", "0"])
def test_onnx_runtime_sends_no_usage_events(tmp_path, onnxruntime, own):
    del onnxruntime
    code = """
import os
from headstart.exporting.onnx_files import load_onnxruntime
load_onnxruntime().SessionOptions()
print(os.environ.get("ORT_DISABLE_TELEMETRY", ""), os.listdir(os.environ["TMPDIR"]))
"""
    environment = {**os.environ, "TMPDIR": str(tmp_path), "ORT_DISABLE_TELEMETRY": own}
    if not own:
        del environment["ORT_DISABLE_TELEMETRY"]
    command = [sys.executable, "-c", code]
    said = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    # Its telemetry begins with a file ".ses" there.
    assert said.stdout.strip() == f"{own} []".strip()


def test_without_onnx_runtime_nothing_is_done(make_predictor, tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(MissingExtra, match=r'needs the extra "onnx"(.|\n)*pip install'):
        export(make_predictor(affine()), "onnx", tmp_path / "net.onnx")
    assert list(tmp_path.iterdir()) == []
