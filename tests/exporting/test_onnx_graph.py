import numpy as np
import pytest

from headstart.errors import ConversionError
from headstart.exporting import onnx_graph
from headstart.exporting.onnx_graph import OPSET, OnnxGraph
from headstart.version import __version__


@pytest.fixture
def graph():
    """A graph that adds a constant, with a name that is no ordinary one."""
    made = OnnxGraph("<net> \u00e4")
    made.take("image", "uint8", ["n", 2])
    value = made.add("Cast", ["image"], to=1)
    made.add("Add", [value, made.constant(np.float32([1, 2]))], outputs=["sum"])
    made.give("sum", "float32", ["n", 2])
    return made


def test_the_package_onnx_finds_nothing_wrong_with_it(graph):
    onnx = pytest.importorskip("onnx")
    model = onnx.load_from_string(b"".join(graph.message({"key": "value \u00e4"})))
    onnx.checker.check_model(model, full_check=True)
    assert (model.producer_name, model.producer_version) == ("headstart", __version__)
    assert model.opset_import[0].version == OPSET
    assert {each.key: each.value for each in model.metadata_props} == {"key": "value \u00e4"}
    assert model.graph.name == "<net> \u00e4"


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("float32", np.float32(2.5)),
        ("float32", np.ones((2, 0), np.float32)),
        ("int64", [3, -4]),
        ("uint8", np.arange(6, dtype=np.uint8).reshape(2, 3).T),
    ],
)
def test_constants_keep_their_shape_and_order(kind, values):
    onnx = pytest.importorskip("onnx")
    made = OnnxGraph("net")
    name = made.constant(values, kind)
    (found,) = onnx.load_from_string(b"".join(made.message({}))).graph.initializer
    assert found.name == name
    np.testing.assert_array_equal(onnx.numpy_helper.to_array(found), np.asarray(values, kind))
    assert onnx.numpy_helper.to_array(found).shape == np.shape(values)


def test_a_file_that_protobuf_can_not_hold_is_refused(graph, monkeypatch):
    monkeypatch.setattr(onnx_graph, "_MOST_BYTES", 100)
    with pytest.raises(ConversionError, match=r"at most 2 GB(.|\n)*OpenVINO"):
        graph.message({})
