"""Each operation that a graph may have: ONNX Runtime computes what OpenVINO computes."""

import numpy as np
import pytest
from tests.features.graphs import images, make_graph, run_openvino
from tests.networks.operation_graphs import GRAPHS

from headstart.errors import ConversionError
from headstart.exporting.onnx_operations import OPERATIONS, Translation
from headstart.networks import graph_check
from headstart.networks.runtime import load_openvino

# The reader of graphs writes these otherwise.
IN_TEXT = {"ReLU": "Relu", "SoftMax": "Softmax"}
# Those of heads, on networks that are exported.
OF_HEADS = {"Log", "Maximum", "OneHot", "ReduceSum", "TopK"}
TOLERANCE = 1e-4


def translated(network):
    model = load_openvino().Core().read_model(network.graph)
    for result in model.get_results():
        result.set_friendly_name("features")
    return b"".join(Translation("graph").translate(model).message({}))


@pytest.mark.parametrize("name", GRAPHS)
def test_operations_compute_what_openvino_computes(tmp_path, name):
    onnxruntime = pytest.importorskip("onnxruntime")
    network = make_graph(tmp_path, GRAPHS[name])
    pixels = images(3)
    expected = run_openvino(network, pixels)
    session = onnxruntime.InferenceSession(translated(network))
    (found,) = session.run(None, {"image": pixels})
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() <= TOLERANCE * max(1, np.abs(expected).max())


@pytest.mark.parametrize("name", GRAPHS)
def test_no_constant_is_written_that_nothing_uses(tmp_path, name):
    onnx = pytest.importorskip("onnx")
    graph = onnx.load_model_from_string(translated(make_graph(tmp_path, GRAPHS[name]))).graph
    used = {value for node in graph.node for value in node.input}
    assert {each.name for each in graph.initializer} <= used


def apart(_ops, x):
    """A mean over every second pixel."""
    ops = load_openvino().opset16
    x = ops.transpose(x, [0, 3, 1, 2])
    return ops.avg_pool(x, [1, 1], [0, 0], [0, 0], [2, 2], True, dilations=[2, 2]).output(0)


def test_every_operation_of_a_graph_is_in_the_table():
    ours = {IN_TEXT.get(name, name) for name in graph_check.OPERATIONS}
    assert set(OPERATIONS) == ours - {"Const"} | OF_HEADS


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (apart, "a mean over pixels"),
        (lambda ops, x: ops.cumsum(x, np.array(1)), "CumSum can't be written as ONNX: this"),
        (lambda ops, x: ops.pad(x, [0, 1, 0, 0], [0, 0, 0, 0], "symmetric"), "the mode symmetric"),
        (lambda ops, x: ops.convert(ops.convert(x, "u16"), "f32"), "the type u16"),
        (lambda ops, x: ops.reduce_mean(x, ops.shape_of(x), True), "ShapeOf"),
    ],
)
def test_what_has_no_counterpart_is_refused_by_name(tmp_path, function, says):
    with pytest.raises(ConversionError, match=says):
        translated(make_graph(tmp_path, function))
