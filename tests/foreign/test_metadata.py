"""What a network's file, and the files beside it, say of it."""

import contextlib
import json
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.foreign.test_tflite_metadata import WHOLE

from headstart.errors import ConversionError
from headstart.foreign.facts import Facts
from headstart.foreign.files import ForeignFile, recognise
from headstart.foreign.metadata import MOST_PROPS, read_facts, read_sources
from headstart.networks.classes import ClassName
from headstart.networks.preprocessing import INSIDE, MINUS_ONE_TO_ONE, ZERO_TO_ONE
from headstart.networks.runtime import load_openvino
from headstart.untrusted.json_text import MAX_BYTES

CATS = (ClassName("cat", "cat"), ClassName("dog", "dog"))


def field(number, content):
    """Return one field of a protocol buffer."""
    length, out = len(content), bytearray([number << 3 | 2])
    while length > 127:
        out.append(length & 127 | 128)
        length >>= 7
    return bytes([*out, length]) + content


def onnx(**texts):
    """Return an ONNX file with an empty graph, and texts as its metadata."""
    pairs = [field(1, name.encode()) + field(2, text.encode()) for name, text in texts.items()]
    return b"\x08\x08" + field(7, b"") + b"".join(field(14, pair) for pair in pairs)


def written(folder, content, name="net.onnx"):
    (folder / name).write_bytes(content)
    found = recognise(folder / name)
    assert found is not None
    return found


def test_onnx(tmp_path):
    file = written(tmp_path, onnx(**{"Image.NominalPixelRange": "Normalized_1_1"}))
    assert read_facts(file) == Facts(preprocessing=MINUS_ONE_TO_ONE)


def test_openvino(tmp_path):
    openvino = load_openvino()
    ops = openvino.opset13
    image = ops.parameter([1, 3, 8, 8], np.float32)
    model = openvino.Model([ops.result(ops.relu(image))], [image], "net")
    model.set_rt_info("Classification", ["model_info", "model_type"])
    model.set_rt_info("cat dog", ["model_info", "labels"])
    openvino.save_model(model, tmp_path / "net.xml")
    assert read_facts(recognise(tmp_path / "net.xml")) == Facts(classes=CATS)


def test_notes_of_a_single_layer_are_not_those_of_the_graph(tmp_path):
    inner = '<rt_info><model_info><model_type value="x"/><labels value="a"/></model_info></rt_info>'
    xml = f'<net name="n"><layers><layer id="0">{inner}</layer></layers></net>'
    assert read_facts(written(tmp_path, xml.encode(), "net.xml")) == Facts()


def keras(path, **entries):
    """Write a ``.keras`` archive with entries in its metadata."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", "{}")
        archive.writestr("metadata.json", json.dumps({"keras_version": "3.9.0", **entries}))
    return recognise(path)


def test_keras(tmp_path):
    resize = {"rule": "pad", "height": 96, "width": 128, "crop_fraction": 0.9}
    own = {
        "preprocessing": "inside",
        "resize": {**resize, "interpolation": "bicubic", "antialias": True},
        "labels": ["cat", "dog"],
        "license": None,
        "source": None,
    }
    found = read_facts(keras(tmp_path / "net.keras", headstart=own))
    assert (found.preprocessing, found.size, found.classes) == (INSIDE, (96, 128), CATS)
    assert read_facts(keras(tmp_path / "other.keras")) == Facts()
    with pytest.raises(ConversionError, match=r"What .*net\.keras says of its network"):
        read_facts(keras(tmp_path / "net.keras", headstart={"labels": []}))
    with pytest.raises(ConversionError, match=f"of more than {MAX_BYTES:,} bytes"):
        read_facts(keras(tmp_path / "net.keras", headstart="a" * MAX_BYTES))


def test_hdf5_says_nothing(tmp_path):
    (tmp_path / "net.h5").write_bytes(b"\x89HDF\r\n\x1a\n")
    assert read_facts(ForeignFile(tmp_path / "net.h5", "keras")) == Facts()


def test_tflite(tmp_path):
    assert read_facts(written(tmp_path, WHOLE, "net.tflite")).classes == CATS


@pytest.mark.parametrize("mark", ["tfhub_module.pb", "assets.extra/tfhub_module.pb", None])
def test_modules_of_tensorflow_hub_take_zero_to_one(tmp_path, mark):
    (tmp_path / "saved_model.pb").touch()
    if mark is not None:
        (tmp_path / mark).parent.mkdir(exist_ok=True)
        (tmp_path / mark).touch()
    expected = Facts() if mark is None else Facts(preprocessing=ZERO_TO_ONE)
    assert read_facts(recognise(tmp_path)) == expected


def test_what_stands_in_the_file_counts_more_than_what_lies_beside_it(tmp_path):
    file = written(tmp_path, onnx(**{"Image.NominalPixelRange": "Normalized_0_1"}))
    config = {"do_normalize": False, "do_rescale": False, "size": 96}
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(config), "utf-8")
    labels = {"id2label": {"0": "cat", "1": "dog"}}
    (tmp_path / "config.json").write_text(json.dumps(labels), "utf-8")
    (tmp_path / "labels.txt").write_text("one\ntwo", "utf-8")
    found = read_facts(file)
    assert found == Facts(preprocessing=ZERO_TO_ONE, size=(96, 96), resize="squash", classes=CATS)
    names = ["net.onnx", "preprocessor_config.json", "config.json", "labels.txt"]
    assert [source.name for source in read_sources(file)] == names


def test_files_beside_a_folder(tmp_path):
    folder = tmp_path / "saved"
    folder.mkdir()
    (folder / "saved_model.pb").touch()
    (tmp_path / "config.json").write_text('{"id2label": {"0": "cat", "1": "dog"}}', "utf-8")
    assert read_facts(recognise(folder)).classes == CATS


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("config.json", b"{"),
        ("config.json", b'{"id2label": []}x'),
        ("config.json", b'{"id2label": 7}'),
        ("preprocessor_config.json", b'{"size": "large"}'),
        ("labels.txt", b"cat\n\ndog"),
    ],
)
def test_files_beside_that_are_something_else_are_named(tmp_path, name, content):
    file = written(tmp_path, onnx())
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ConversionError, match=rf"(?s)What .*{name} says.*Received.*Correct it"):
        read_facts(file)


def test_a_file_that_is_damaged_is_to_be_had_again(tmp_path):
    file = written(tmp_path, b"\x1c\0\0\0TFL3" + bytes(4), "net.tflite")
    with pytest.raises(ConversionError, match=r"net\.tflite says.*cut short.*Get the file again"):
        read_facts(file)


def test_labels_of_one_of_two_networks_are_refused(tmp_path):
    file = written(tmp_path, onnx())
    (tmp_path / "other.onnx").write_bytes(onnx())
    (tmp_path / "labels.txt").write_text("cat", "utf-8")
    with pytest.raises(ConversionError, match=r"clear which labels .*net\.onnx has"):
        read_facts(file)


def test_a_list_in_place_of_a_config_says_nothing(tmp_path):
    file = written(tmp_path, onnx())
    (tmp_path / "config.json").write_text("[]", "utf-8")
    assert read_facts(file) == Facts()


def test_far_too_much_metadata_is_refused(tmp_path):
    pair = field(14, field(1, b"a"))
    file = written(tmp_path, onnx() + pair * (MOST_PROPS + 1))
    with pytest.raises(ConversionError, match=f"more than {MOST_PROPS:,} metadata_props"):
        read_facts(file)
    file = written(tmp_path, onnx(a="a" * 2**22))
    with pytest.raises(ConversionError, match=f"more than {2**22:,} bytes"):
        read_facts(file)


def test_elements_inside_each_other_without_end_are_refused(tmp_path):
    xml = '<net name="n"><rt_info>' + '<a value="1">' * 500_000
    (tmp_path / "net.xml").write_text(xml, "utf-8")
    with pytest.raises(ConversionError, match="more than 30 deep inside each other"):
        read_facts(ForeignFile(tmp_path / "net.xml", "openvino"))


def test_entities_in_xml_are_refused(tmp_path):
    xml = b'<!DOCTYPE net [<!ENTITY a "b">]><net name="n"><rt_info><x value="&a;"/></rt_info></net>'
    file = ForeignFile(tmp_path / "net.xml", "openvino")
    file.path.write_bytes(xml)
    with pytest.raises(ConversionError, match="a document type"):
        read_facts(file)


ONNX = onnx(**{"model_info model_type": "Classification", "model_info labels": "cat dog"})


@given(st.sampled_from([ONNX, WHOLE]), st.integers(0, 300), st.binary(max_size=6))
def test_damaged_files_are_read_or_refused(content, place, damage):
    damaged = bytearray(content)
    damaged[place : place + len(damage)] = damage
    kind = "onnx" if content is ONNX else "tflite"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "net")
        path.write_bytes(damaged)
        with contextlib.suppress(ConversionError):
            read_facts(ForeignFile(path, kind))
