from dataclasses import replace

import numpy as np
import pytest
from tests.prediction.scorers import affine

from headstart.errors import ConversionError, UsageError
from headstart.exporting import export as module
from headstart.exporting.export import export
from headstart.exporting.formats import FORMATS
from headstart.features.precision import PrecisionChoice
from headstart.features.settings import FeatureSettings
from headstart.jobs.predict import open_predictor
from headstart.networks.quantising import quantised


@pytest.fixture
def small(make_predictor):
    return make_predictor(affine())


def test_it_says_what_was_exported(small, tmp_path):
    found = export(small, "openvino", tmp_path / "net.xml")
    assert found.outputs == ("probabilities", "feature_vector", "saliency_map")
    assert found.path == tmp_path / "net.xml"
    assert found.difference < 1e-4
    assert (found.format, found.runtime, found.precision) == ("openvino", "OpenVINO", "f32")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["net.bin", "net.xml"]


def test_nothing_is_written_where_the_runtime_predicts_otherwise(small, tmp_path, monkeypatch):
    def wrong(path, images):
        return FORMATS["openvino"].run(path, images)[:, ::-1]

    rows = {"openvino": replace(FORMATS["openvino"], run=wrong)}
    monkeypatch.setattr(module, "FORMATS", rows)
    with pytest.raises(ConversionError, match="golden images is off by"):
        export(small, "openvino", tmp_path / "net.xml")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_the_runtime_refuses_is_not_written(small, tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError("no such attribute")

    rows = {"openvino": replace(FORMATS["openvino"], run=refuse)}
    monkeypatch.setattr(module, "FORMATS", rows)
    with pytest.raises(ConversionError, match=r"OpenVINO must be able .* no such attribute"):
        export(small, "openvino", tmp_path / "net.xml")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("wrong", [np.full((3, 3), np.nan), np.zeros((3, 2))])
def test_probabilities_that_are_none_are_off(small, tmp_path, monkeypatch, wrong):
    rows = {"openvino": replace(FORMATS["openvino"], run=lambda *_: wrong)}
    monkeypatch.setattr(module, "FORMATS", rows)
    with pytest.raises(ConversionError, match="off by inf"):
        export(small, "openvino", tmp_path / "net.xml")


def test_a_file_is_replaced_only_if_asked_for(small, tmp_path):
    (tmp_path / "net.bin").write_bytes(b"mine")
    with pytest.raises(UsageError, match=r"net\.bin"):
        export(small, "openvino", tmp_path / "net.xml")
    export(small, "openvino", tmp_path / "net.xml", overwrite=True)
    assert (tmp_path / "net.bin").read_bytes() != b"mine"


@pytest.mark.parametrize(
    ("to", "name", "precision", "says"),
    [
        ("caffe", "net.xml", "auto", "The format"),
        ("openvino", "net.onnx", "auto", r"end in \.xml"),
        ("openvino", "net.xml", "f16", "precision"),
        ("openvino", "net.xml", "int8", "trained for 8 bits"),
    ],
)
def test_wrong_arguments_are_refused(small, tmp_path, to, name, precision, says):
    with pytest.raises(UsageError, match=says):
        export(small, to, tmp_path / name, precision=precision)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("to", FORMATS)
def test_what_was_exported_comes_back_as_a_backbone(small, pixels, tmp_path, to):
    pytest.importorskip("onnxruntime")
    pytest.importorskip("tensorflow")
    pytest.importorskip("ai_edge_litert")
    path = export(small, to, tmp_path / f"net{FORMATS[to].suffixes[0]}").path
    back = open_predictor(path, FeatureSettings(precision="f32"))
    assert [str(label) for label in back.labels] == [str(label) for label in small.labels]
    found, expected = (each.predict_proba(list(pixels)) for each in (back, small))
    np.testing.assert_allclose(found, expected, atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("to", ["onnx", "openvino"])
def test_with_8_bits_it_comes_back_as_well(make_predictor, tiny_network, pixels, tmp_path, to):
    pytest.importorskip("onnxruntime")
    pytest.importorskip("nncf")
    int8 = PrecisionChoice("int8", "a test")
    small = make_predictor(affine(), network=quantised(tiny_network, pixels), precision=int8)
    path = export(small, to, tmp_path / f"net{FORMATS[to].suffixes[0]}").path
    back = open_predictor(path)
    assert back.precision == "int8"
    found, expected = (each.predict_proba(list(pixels)) for each in (back, small))
    np.testing.assert_allclose(found, expected, atol=0.05)
