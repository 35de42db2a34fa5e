import errno
import os
from dataclasses import replace

import numpy as np
import pytest
from tests.prediction.scorers import affine

from headstart.errors import ConversionError, StorageError, UsageError
from headstart.exporting import export as module
from headstart.exporting.export import export
from headstart.exporting.formats import FORMATS
from headstart.features.precision import PrecisionChoice
from headstart.features.settings import FeatureSettings
from headstart.jobs.predict import open_predictor
from headstart.networks.quantising import quantised
from headstart.storage import whole_files
from headstart.storage.reservations import reserved


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
        ("openvino", "n" * 250 + ".xml", "auto", "at most 200 bytes. Received: 254"),
        ("huggingface", "repo", "auto", r"Use headstart\.export\(MODEL_FOLDER, 'huggingface'"),
    ],
)
def test_wrong_arguments_are_refused(small, tmp_path, to, name, precision, says):
    with pytest.raises(UsageError, match=says):
        export(small, to, tmp_path / name, precision=precision)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="file names are Unicode there")
def test_a_name_that_other_programs_can_not_read_is_none_of_theirs(small, tmp_path):
    pytest.importorskip("onnxruntime")
    out = tmp_path / os.fsdecode(b"net\xff.onnx")
    assert export(small, "onnx", out).path.is_file()


@pytest.mark.skipif(os.name == "nt", reason="there, nobody can delete the folder one is in")
def test_in_a_folder_that_is_gone_nothing_can_be_written(small, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "getcwd", (tmp_path / "gone").stat)
    with pytest.raises(StorageError, match=r"Could not write net\.xml"):
        export(small, "openvino", "net.xml")


def test_a_folder_is_not_replaced(small, tmp_path):
    (tmp_path / "net.bin").mkdir()
    with pytest.raises(UsageError, match=r"A folder is never replaced .*net\.bin"):
        export(small, "openvino", tmp_path / "net.xml", overwrite=True)


def test_a_place_that_can_not_be_written_is_refused_before_work(small, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "ExportedModel", None)
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="The exported model must be written into"):
        export(small, "openvino", tmp_path / "file" / "net.xml")


def test_a_model_is_not_exported_into_its_own_files(small):
    with pytest.raises(UsageError, match=r"into its own files.*graph\.xml"):
        export(small, "openvino", small.network.graph, overwrite=True)


def test_two_do_not_write_the_same_file_at_once(small, tmp_path):
    out = tmp_path / "net.xml"
    with reserved(out), pytest.raises(UsageError, match="Only one process at a time"):
        export(small, "openvino", out)
    export(small, "openvino", out)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["net.bin", "net.xml"]


def failing_at(n, function):
    """Return what does as `function` does, but finds the disk full the nth time."""
    calls = []

    def fail(*arguments):
        calls.append(arguments)
        if len(calls) == n:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return function(*arguments)

    return fail


@pytest.mark.parametrize("n", [1, 2])
def test_after_a_full_disk_the_old_files_are_there_and_go_together(small, tmp_path, monkeypatch, n):
    old = {tmp_path / "net.xml": b"old graph", tmp_path / "net.bin": b"old weights"}
    for path, content in old.items():
        path.write_bytes(content)
    monkeypatch.setattr(module.shutil, "copyfile", failing_at(n, module.shutil.copyfile))
    with pytest.raises(StorageError, match="No space left on device"):
        export(small, "openvino", tmp_path / "net.xml", overwrite=True)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == old


def test_an_old_graph_is_never_beside_new_weights(small, tmp_path, monkeypatch):
    for name in ("net.xml", "net.bin"):
        (tmp_path / name).write_bytes(b"old")
    monkeypatch.setattr(whole_files, "sync_file", failing_at(2, whole_files.sync_file))
    with pytest.raises(StorageError):
        export(small, "openvino", tmp_path / "net.xml", overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == ["net.bin"]
    assert (tmp_path / "net.bin").read_bytes() != b"old"


def test_folders_that_were_made_for_a_file_go_if_it_is_not_written(small, tmp_path, monkeypatch):
    rows = {"openvino": replace(FORMATS["openvino"], run=lambda *_: np.zeros((3, 2)))}
    with monkeypatch.context() as patched, pytest.raises(ConversionError):
        patched.setattr(module, "FORMATS", rows)
        export(small, "openvino", tmp_path / "new" / "folder" / "net.xml")
    assert list(tmp_path.iterdir()) == []
    export(small, "openvino", tmp_path / "new" / "folder" / "net.xml")


@pytest.mark.parametrize("wrong", [{"out": None}, {"overwrite": "yes"}])
def test_values_of_other_types_are_refused(small, tmp_path, wrong):
    with pytest.raises(UsageError, match=next(iter(wrong))):
        export(small, **{"to": "openvino", "out": tmp_path / "net.xml", **wrong})


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
