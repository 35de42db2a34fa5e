"""Which files a network consists of."""

import hashlib
import os

import pytest
from tests.foreign.protobufs import onnx, tensor

from headstart.errors import ConversionError
from headstart.foreign import contents
from headstart.foreign.contents import files_of, hash_of, refused
from headstart.foreign.files import ForeignFile

needs_links = pytest.mark.skipif(os.name == "nt", reason="links need a right there")


def write(folder, **files):
    for name, content in files.items():
        path = folder / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def test_single_file_is_all(tmp_path):
    write(tmp_path, net_tflite=b"network", other_tflite=b"other")
    file = ForeignFile(tmp_path / "net.tflite", "tflite")
    assert files_of(file) == {"net.tflite": tmp_path / "net.tflite"}
    assert hash_of(file) == hashlib.sha256(b"network").hexdigest()


def test_weights_beside_the_graph_belong_to_it(tmp_path):
    write(tmp_path, net_xml=b"<net />", net_bin=b"weights")
    file = ForeignFile(tmp_path / "net.xml", "openvino")
    assert list(files_of(file)) == ["net.bin", "net.xml"]
    before = hash_of(file)
    write(tmp_path, net_bin=b"others")
    assert hash_of(file) != before


def test_external_weights_belong_to_the_network(tmp_path):
    write(tmp_path, net_onnx=onnx((5, tensor("sub/net.data"))), sub__net_data=b"weights")
    file = ForeignFile(tmp_path / "net.onnx", "onnx")
    assert list(files_of(file)) == ["net.onnx", "sub/net.data"]
    (tmp_path / "sub" / "net.data").unlink()
    with pytest.raises(ConversionError, match=r"its file 'sub/net\.data' is missing"):
        files_of(file)


def test_saved_model_is_its_folder(tmp_path):
    write(tmp_path, saved_pb=b"graph", variables__variables_index=b"i")
    (tmp_path / "assets").mkdir()
    file = ForeignFile(tmp_path, "saved_model")
    assert list(files_of(file)) == ["saved.pb", "variables/variables.index"]
    before = hash_of(file)
    (tmp_path / "saved.pb").rename(tmp_path / "other.pb")
    assert hash_of(file) != before


@needs_links
def test_what_belongs_to_a_network_is_no_link(tmp_path):
    (tmp_path / "secret").write_bytes(b"secret")
    folder = tmp_path / "model"
    write(folder, saved_pb=b"graph")
    (folder / "assets").symlink_to(tmp_path)
    with pytest.raises(ConversionError, match="'assets' is a link"):
        files_of(ForeignFile(folder, "saved_model"))
    write(tmp_path, net_onnx=onnx((5, tensor("net.data"))))
    (tmp_path / "net.data").symlink_to(tmp_path / "secret")
    with pytest.raises(ConversionError, match=r"'net\.data' is a link"):
        files_of(ForeignFile(tmp_path / "net.onnx", "onnx"))


@needs_links
def test_file_itself_may_be_a_link(tmp_path):
    write(tmp_path, blob=b"network")
    (tmp_path / "net.tflite").symlink_to(tmp_path / "blob")
    assert files_of(ForeignFile(tmp_path / "net.tflite", "tflite"))


def test_saved_model_with_too_many_files_is_refused(tmp_path, monkeypatch):
    write(tmp_path, a=b"", b=b"", c=b"")
    monkeypatch.setattr(contents, "_MOST_FILES", 1)
    with pytest.raises(ConversionError, match="more than 1 files"):
        files_of(ForeignFile(tmp_path, "saved_model"))


def test_refusal_names_the_file(tmp_path):
    error = refused(ForeignFile(tmp_path / "net.onnx", "onnx"), "something else")
    assert str(error).endswith("Received: something else.")
