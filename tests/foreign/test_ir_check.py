"""What of a graph in OpenVINO's format must not be read."""

import contextlib

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headstart.foreign import ir_check
from headstart.foreign.ir_check import check_ir
from headstart.networks.runtime import load_openvino

CONSTANT = (
    '<layer id="0" type="Const"><data element_type="{}" shape="{}" offset="{}" size="{}"/></layer>'
)


@pytest.fixture
def checked(tmp_path):
    def check(text, weights=bytes(24)):
        content = text if isinstance(text, bytes) else text.encode()
        (tmp_path / "net.xml").write_bytes(content)
        (tmp_path / "net.bin").write_bytes(weights)
        check_ir(tmp_path / "net.xml")

    return check


def graph(*layers):
    return f'<net name="x" version="11"><layers>{"".join(layers)}</layers></net>'


def test_graph_that_openvino_writes_is_taken(tmp_path):
    openvino = load_openvino()
    ops = openvino.opset13
    image = ops.parameter([1, 8, 8, 3], openvino.Type.f32, name="x")
    halves = ops.multiply(image, ops.constant(np.full(3, 0.5, np.float32)))
    model = openvino.Model([ops.reduce_mean(halves, [1, 2])], [image], "net")
    model.set_rt_info(["body"], ["model_info", "labels"])
    for half in (False, True):
        openvino.save_model(model, tmp_path / "net.xml", compress_to_fp16=half)
        check_ir(tmp_path / "net.xml")


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        (graph(CONSTANT.format("f32", "2,4", 0, 24)), "of 24 bytes"),
        (graph(CONSTANT.format("f32", "1099511627776", 0, 24)), "of 24 bytes"),
        (graph(CONSTANT.format("f32", "2,3", 1, 24)), "beyond the end"),
        (graph(CONSTANT.format("f32", "2,3", -1, 24)), "beyond the end"),
        (graph(CONSTANT.format("f32", "-2,-3", 0, 24)), "of the shape"),
        (graph(CONSTANT.format("x32", "2,3", 0, 24)), "no graph: KeyError"),
        (graph(CONSTANT.format("f32", "two", 0, 24)), "invalid literal"),
        (graph('<layer type="Loop"><body/></layer>'), "loops or conditions"),
        (graph("<layer/>"), "no graph: KeyError"),
        (graph(), "without layers"),
        (graph("<a>" * 40 + "</a>" * 40), "30 deep"),
        ('<!DOCTYPE net [<!ENTITY a "aa">]>' + graph(), "a document type"),
        ("<net ", "no XML: "),
    ],
)
def test_what_is_no_such_graph_is_refused(checked, text, refused):
    with pytest.raises(ValueError, match=refused):
        checked(text)


def test_layers_and_constants_have_limits(checked, monkeypatch):
    constant = CONSTANT.format("f32", 2**20, 0, 2**22)
    checked(graph(*[constant] * 10), bytes(2**22))
    with pytest.raises(ValueError, match="tensors of more than"):
        checked(graph(*[constant] * 30), bytes(2**22))
    monkeypatch.setattr(ir_check, "MAX_LAYERS", 2)
    with pytest.raises(ValueError, match="more than 2 layers"):
        checked(graph(*[CONSTANT.format("i8", "", 0, 1)] * 3))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_altered_files_are_checked_or_refused(checked, data):
    content = bytearray(graph(CONSTANT.format("f32", "2,3", 0, 24)).encode())
    for _ in range(data.draw(st.integers(1, 5))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(ValueError):
        checked(bytes(content))
