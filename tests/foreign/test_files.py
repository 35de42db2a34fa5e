"""Networks of other programs are recognised by what is in them."""

import os
import zipfile

import pytest
from tests.foreign.test_metadata import onnx
from tests.foreign.test_tflite_metadata import tflite

from headstart.errors import ConversionError
from headstart.foreign import files
from headstart.foreign.files import FORMATS, ForeignFile, mapped, recognise


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
