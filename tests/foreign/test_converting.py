"""The process that converts."""

import io
import json

import numpy as np
import pytest

from headstart import records
from headstart.errors import StorageError
from headstart.foreign import converting
from headstart.networks.preprocessing import USUAL
from headstart.networks.runtime import load_openvino
from headstart.processes.limits import TOO_MUCH_MEMORY


@pytest.fixture
def request_(tmp_path):
    """Return a request for a small network of OpenVINO."""
    openvino = load_openvino()
    ops = openvino.opset13
    image = ops.parameter([1, 8, 8, 3], openvino.Type.f32, name="x")
    features = ops.reduce_mean(image, [1, 2], keep_dims=False)
    weights = np.array([[1, 2], [0.5, 0.25], [0.1, 0.3]], np.float32)
    logits = ops.matmul(features, weights, False, False)
    openvino.save_model(openvino.Model([logits], [image], "net"), tmp_path / "net.xml", False)
    return {
        "path": str(tmp_path / "net.xml"),
        "format": "openvino",
        "graph": str(tmp_path / "graph.xml"),
        "preprocessing": records.to_json(USUAL["tf"]),
        "size": None,
        "layer": None,
        "n_classes": None,
        "memory": 2**40,
    }


def test_graph_is_written(request_, tmp_path):
    answer = converting.answer(request_)
    assert answer["size"] == [8, 8]
    assert answer["outputs"]["features"]
    assert answer["macs"] >= 0
    model = load_openvino().Core().read_model(tmp_path / "graph.xml")
    assert model.input("image").get_element_type() == load_openvino().Type.u8


def test_unknown_preprocessing_is_asked_for(request_):
    answer = converting.answer(request_ | {"preprocessing": None})
    assert answer["error"] == "UsageError"
    for way in ("--preprocessing inside|", "headstart models add", "preprocessor_config.json"):
        assert way in answer["message"]


def test_network_that_scales_pixels_needs_no_preprocessing(request_, monkeypatch):
    assert not converting.answer(request_)["inside"]
    monkeypatch.setattr(converting, "takes_raw_pixels", lambda _: True)
    assert converting.answer(request_ | {"preprocessing": None})["inside"]
    monkeypatch.setattr(converting, "takes_floats", lambda _: False)
    assert converting.answer(request_)["inside"]


def test_files_that_are_no_network_are_refused(request_, tmp_path):
    (tmp_path / "net.xml").write_text("<net name='x' version='11'><layers></layers></net>")
    assert "must have one input" in converting.answer(request_)["unfit"]
    (tmp_path / "net.xml").write_bytes(b"\x00\x01")
    assert "front end for openvino" in converting.answer(request_)["message"]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (StorageError("the disk is full"), "StorageError"),
        (ValueError("an operation of another kind."), "ConversionError"),
        (RuntimeError("Check failed\n  the shape is dynamic\n"), "ConversionError"),
    ],
)
def test_errors_are_answers(request_, monkeypatch, error, kind):
    def fail(*_):
        raise error

    monkeypatch.setattr(converting, "normalise", fail)
    answer = converting.answer(request_)
    assert answer["error"] == kind
    assert str(error).strip().splitlines()[-1].strip(" .") in answer["message"]


def test_no_memory_for_openvino_is_no_other_error(request_, monkeypatch):
    def fail(*_):
        raise RuntimeError("Exception from src/core:\nstd::bad_alloc\n")

    monkeypatch.setattr(converting, "normalise", fail)
    with pytest.raises(MemoryError):
        converting.answer(request_)


def test_keras_files_are_read_by_keras(request_, monkeypatch):
    monkeypatch.setattr("headstart.networks.keras_tracing.prepare", lambda: None)

    def read(path, size):
        raise ValueError(f"a Lambda in {path.name}, {size}")

    monkeypatch.setattr("headstart.foreign.keras_models.read_keras_model", read)
    answer = converting.answer(request_ | {"format": "keras", "size": [4, 5]})
    assert answer["message"] == "a Lambda in net.xml, (4, 5)"


def test_answer_is_the_last_line(request_, monkeypatch, capsys):
    monkeypatch.setattr(converting, "end_with_parent", lambda: None)
    monkeypatch.setattr(converting, "limit_memory", lambda _: None)
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(request_)))
    converting.main()
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["size"] == [8, 8]


def test_too_little_memory_has_a_status_of_its_own(request_, monkeypatch):
    def too_much(_):
        raise MemoryError

    monkeypatch.setattr(converting, "end_with_parent", lambda: None)
    monkeypatch.setattr(converting, "limit_memory", lambda _: None)
    monkeypatch.setattr(converting, "answer", too_much)
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(request_)))
    with pytest.raises(SystemExit) as ended:
        converting.main()
    assert ended.value.code == TOO_MUCH_MEMORY
