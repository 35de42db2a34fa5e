"""Networks of other programs are recognised by what is in them."""

import os
import pickle
import zipfile

import pytest
from tests.foreign.test_metadata import onnx
from tests.foreign.test_tflite_metadata import tflite

from headstart.errors import ConversionError
from headstart.foreign import files
from headstart.foreign.files import FORMATS, ForeignFile, describe_other, mapped, recognise


def archive(path, *names):
    with zipfile.ZipFile(path, "w") as written:
        for name in names:
            written.writestr(name, "{}")


def write_keras(path):
    archive(path, "config.json", "metadata.json", "model.weights.h5")


def write_h5(path):
    import h5py

    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = "{}"


def write_folder(path):
    path.mkdir()
    (path / "saved_model.pb").touch()


WRITERS = {
    "onnx": lambda path: path.write_bytes(onnx()),
    "tflite": lambda path: path.write_bytes(tflite()),
    "saved_model": write_folder,
    "openvino": lambda path: path.write_text('<?xml version="1.0"?>\n<net name="a" />'),
    "keras": write_keras,
    "keras h5": write_h5,
}


@pytest.mark.parametrize("kind", WRITERS)
def test_the_content_tells_and_not_the_name(tmp_path, kind):
    path = tmp_path / "some.thing"
    WRITERS[kind](path)
    assert recognise(path) == ForeignFile(path, kind.split()[0])
    assert kind.split()[0] in FORMATS


@pytest.mark.parametrize(
    "content",
    [b"", b"no network", b"<html></html>", b"PK\x03\x04", b"\x89HDF\r\n\x1a\n", b"\x08\x08"],
)
def test_anything_else_is_none(tmp_path, content):
    (tmp_path / "net.onnx").write_bytes(content)
    assert recognise(tmp_path / "net.onnx") is None


def test_other_folders_and_archives_are_none(tmp_path):
    archive(tmp_path / "net.keras", "config.json")
    for path in (tmp_path, tmp_path / "net.keras"):
        assert recognise(path) is None
    with pytest.raises(ConversionError, match="nowhere: No such file"):
        recognise(tmp_path / "nowhere")


def test_weights_alone_are_no_network(tmp_path):
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "net.weights.h5", "w") as file:
        file["kernel"] = [1.0]
    assert recognise(tmp_path / "net.weights.h5") is None


def test_bytes_are_mapped_and_not_read(tmp_path):
    (tmp_path / "file").write_bytes(b"abc")
    with (tmp_path / "file").open("rb") as file, mapped(file) as content:
        assert bytes(content) == b"abc"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes have no names on Windows")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "net.onnx")
    with pytest.raises(ConversionError, match=r"net\.onnx: not a regular file"):
        recognise(tmp_path / "net.onnx")


def test_a_file_that_must_not_be_read_is_not_called_another_kind(tmp_path, monkeypatch):
    def forbidden(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(files, "open_regular", forbidden)
    with pytest.raises(ConversionError, match=r"must be readable.*net\.onnx: Permission denied"):
        recognise(tmp_path / "net.onnx")


@pytest.mark.parametrize(
    ("content", "what", "way_out"),
    [
        (b"", "an empty file", "again"),
        (pickle.dumps({"a": 1}), "a pickle, which can run code", "to ONNX"),
        (b"PK\3\4" + bytes(26) + b"archive/data.pkl", "a pickle, which can run code", "to ONNX"),
        (b"\xff\xd8\xff\xe0" + bytes(40), "another kind: JPEG", "of a network"),
        (b"\x89HDF\r\n\x1a\n" + bytes(40), "weights without their network", "--weights FILE"),
        (bytes(8) + b'{"a":{}}', "weights without their network", "--weights FILE"),
        (b"PK\3\4" + bytes(40), "cut short", "its size"),
        (b"<!doctype html><title>Sign in", "another kind: web page", "of a network"),
        (b"version https://git-lfs.github.com/spec/v1", "git lfs pull", "of a network"),
        (b"\x07" * 40, "holds none of these", "its size"),
    ],
)
def test_what_a_file_without_a_network_is_called(tmp_path, content, what, way_out):
    path = tmp_path / "net.onnx"
    path.write_bytes(content)
    assert recognise(path) is None
    found, advice = describe_other(path)
    assert what in found
    assert way_out in advice


def test_a_file_that_cannot_be_read_is_called_nothing_in_particular(tmp_path):
    assert "holds none of these" in describe_other(tmp_path)[0]
