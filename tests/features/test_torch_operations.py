"""Each operation that a graph may have: torch computes what OpenVINO computes, or refuses."""

import contextlib

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from tests.features.graphs import difference, images, make_graph, run_openvino

from headstart.errors import UsageError
from headstart.networks.graph_check import OPERATIONS as LET_THROUGH

TOLERANCE = 1e-5


class Outside(Exception):
    """A mean of nothing but padding, which is refused."""


# Some ten milliseconds each.
few = settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much],
)


@pytest.fixture
def agree(torch, tmp_path_factory):
    """Compare torch with OpenVINO: ``agree(function)``, and return the steps that torch makes."""
    from headstart.features.torch_graph import graph_module

    def check(function, size=(9, 10)):
        network = make_graph(tmp_path_factory.mktemp("graph"), function, size)
        pixels = images(3, size)
        try:
            module = graph_module(network, ("features",))
        except UsageError as error:
            raise Outside if "windows outside" in str(error) else error from error
        with torch.inference_mode():
            (found,) = module(torch.from_numpy(pixels))
        assert found.dtype == torch.float32
        assert difference(run_openvino(network, pixels), found.numpy()) < TOLERANCE
        return module._steps

    return check


@pytest.fixture
def refused(torch, tmp_path):
    """Check that a graph is refused: ``refused(function, why)``."""
    assert torch
    from headstart.features.torch_graph import graph_module

    def check(function, why):
        network = make_graph(tmp_path, function)
        with pytest.raises(UsageError, match=rf"graph, with {why}.*Use device='cpu'"):
            graph_module(network, ("features",))

    return check


def noise(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def channels_first(ops, x):
    return ops.transpose(x, [0, 3, 1, 2])


def batch_norm(ops, x, seed=0):
    gamma, beta, mean, spread = noise(4, x.get_output_partial_shape(0)[1].get_length(), seed=seed)
    return ops.batch_norm_inference(x, gamma, beta, mean, spread**2, 1e-3)


PLAIN = {
    "Add": lambda ops, x: ops.add(x, noise(3)),
    "Add a number": lambda ops, x: ops.add(x, np.float32(2.5)),
    "Add what is of the same image": lambda ops, x: ops.add(x, ops.reduce_max(x, [1], True)),
    "BatchNormInference": lambda ops, x: batch_norm(ops, channels_first(ops, x)),
    "Clamp": lambda ops, x: ops.clamp(x, -0.3, 0.6),
    "Concat": lambda ops, x: ops.concat([x, ops.relu(x), x], -1),
    "Concat with a constant": lambda ops, x: ops.concat(
        [ops.reshape(x, [0, -1], True), ops.reshape(ops.relu(x), [0, -1], True)], 1
    ),
    "Convert": lambda ops, x: ops.convert(ops.convert(x, np.float64), np.float32),
    "Divide": lambda ops, x: ops.divide(x, noise(10, 3)),
    "Divide a number": lambda ops, x: ops.divide(np.float32(2), ops.add(x, np.float32(3))),
    "Elu": lambda ops, x: ops.elu(x, 0.7),
    "Erf": lambda ops, x: ops.erf(x),
    "Gather": lambda ops, x: ops.gather(x, np.array([[3, 0], [-1, 3]]), np.array(2)),
    "Gather one": lambda ops, x: ops.gather(x, np.array(4), np.array(-2)),
    "Gather in reverse": lambda ops, x: ops.gather(x, np.array([2, 1, 0]), np.array(3)),
    "Gelu": lambda ops, x: ops.gelu(x, "ERF"),
    "Gelu by tanh": lambda ops, x: ops.gelu(x, "TANH"),
    "HSwish": lambda ops, x: ops.hswish(ops.multiply(x, np.float32(5))),
    "MatMul": lambda ops, x: ops.matmul(x, noise(3, 5), False, False),
    "MatMul of a transposed matrix": lambda ops, x: ops.matmul(x, noise(5, 3), False, True),
    "MatMul from the left": lambda ops, x: ops.matmul(noise(4, 10), x, False, False),
    "MatMul of transposed images": lambda ops, x: ops.matmul(x, noise(10, 4), True, False),
    "MatMul of a vector": lambda ops, x: ops.matmul(x, noise(3), False, False),
    "MatMul of two": lambda ops, x: ops.matmul(x, ops.relu(x), False, True),
    "MatMul of many matrices": lambda ops, x: ops.matmul(x, noise(9, 3, 2), False, False),
    "Multiply": lambda ops, x: ops.multiply(noise(9, 1, 1), x),
    "Negative": lambda ops, x: ops.negative(x),
    "Pad less than nothing": lambda ops, x: ops.pad(
        x, [0, -1, 2, 0], [0, 3, -2, 1], "constant", np.float32(0.5)
    ),
    "Power": lambda ops, x: ops.power(ops.add(x, np.float32(2)), noise(3)),
    "Power of a number": lambda ops, x: ops.power(np.float32(1.7), x),
    "Power 2": lambda ops, x: ops.power(x, np.float32(2)),
    "ReduceMax": lambda ops, x: ops.reduce_max(x, [1, -2], True),
    "ReduceMean": lambda ops, x: ops.reduce_mean(x, [-1], False),
    "ReLU": lambda ops, x: ops.relu(x),
    "Reshape": lambda ops, x: ops.reshape(x, [0, -1, 5], True),
    "Reshape of one image": lambda ops, x: ops.reshape(x, [-1, 270], False),
    "Sigmoid": lambda ops, x: ops.sigmoid(x),
    "SoftMax": lambda ops, x: ops.softmax(x, -2),
    "Split": lambda ops, x: ops.subtract(*ops.split(x, -2, 2).outputs()),
    "Sqrt": lambda ops, x: ops.sqrt(ops.add(x, np.float32(1.5))),
    "Subtract": lambda ops, x: ops.subtract(noise(10, 1), x),
    "Swish": lambda ops, x: ops.swish(x),
    "Swish with a factor": lambda ops, x: ops.swish(x, np.float32(1.3)),
    "Tanh": lambda ops, x: ops.tanh(x),
    "Transpose": lambda ops, x: ops.transpose(x, [0, 2, 3, 1]),
}  # fmt: skip


@pytest.mark.parametrize("name", PLAIN)
def test_an_operation_computes_what_openvino_computes(agree, name):
    agree(PLAIN[name])


def test_every_operation_that_a_graph_may_have_is_tried():
    elsewhere = {"AvgPool", "Convolution", "GroupConvolution", "MaxPool", "Slice", "Pad"}
    tried = {name.split()[0] for name in PLAIN} | elsewhere
    # Networks with 8 bits run on the processor only.
    assert {*LET_THROUGH} - {"Const", "FakeQuantize", "Parameter", "Result"} == tried


sides = st.integers(1, 4)


@few
@given(data=st.data())
def test_convolutions_compute_what_openvino_computes(agree, data):
    groups, more = data.draw(st.sampled_from([(1, 5), (3, 1), (3, 2)]))
    kernel = data.draw(st.tuples(sides, sides))
    weights = noise(groups, more, 3 // groups, *kernel)
    strides, dilations = (data.draw(st.tuples(sides, sides)) for _ in range(2))
    before, after = (data.draw(st.tuples(*[st.integers(0, 4)] * 2)) for _ in range(2))
    mode = data.draw(st.sampled_from(["explicit", "same_upper", "same_lower", "valid"]))

    def function(ops, x):
        x, settings = channels_first(ops, x), (strides, before, after, dilations, mode)
        if groups == 1:
            return ops.convolution(x, weights[0], *settings)
        return ops.group_convolution(x, weights, *settings)

    reach = [(side - 1) * step + 1 for side, step in zip(kernel, dilations, strict=True)]
    padded = np.array((9, 10)) + (np.add(before, after) if mode == "explicit" else 0)
    assume(mode.startswith("same") or all(padded >= reach))
    agree(function)


@few
@given(data=st.data())
def test_pooling_computes_what_openvino_computes(agree, data):
    kernel, strides = (data.draw(st.tuples(sides, sides)) for _ in range(2))
    before, after = (
        data.draw(st.tuples(*[st.integers(0, side - 1) for side in kernel])) for _ in "ab"
    )
    mode = data.draw(st.sampled_from(["explicit", "same_upper", "same_lower", "valid"]))
    rounding = data.draw(st.sampled_from(["floor", "ceil", "ceil_torch"]))
    dilations = data.draw(st.sampled_from([(1, 1), (2, 1), (2, 2)]))
    outside = data.draw(st.booleans())

    def largest(ops, x):
        x = channels_first(ops, x)
        return ops.max_pool(x, strides, dilations, before, after, kernel, rounding, mode).output(0)

    def mean(ops, x):
        x = channels_first(ops, x)
        return ops.avg_pool(x, strides, before, after, kernel, outside, rounding, mode)

    assume(rounding == "floor" or not mode.startswith("same"))
    agree(largest)
    if outside or rounding == "floor":
        with contextlib.suppress(Outside):
            agree(mean)


@few
@given(data=st.data())
def test_padding_computes_what_openvino_computes(agree, data):
    mode = data.draw(st.sampled_from(["constant", "edge", "reflect", "symmetric"]))
    widths = st.lists(st.integers(0, 2), min_size=3, max_size=3)
    before, after = [0, *data.draw(widths)], [0, *data.draw(widths)]
    agree(lambda ops, x: ops.pad(x, before, after, mode, np.float32(0.3)))


@few
@given(data=st.data())
def test_slices_are_those_of_openvino(agree, data):
    axes = data.draw(st.permutations([1, 2, -1]))[: data.draw(st.integers(1, 3))]
    places = st.integers(-12, 12)
    starts, stops = ([data.draw(places) for _ in axes] for _ in range(2))
    steps = [data.draw(st.sampled_from([1, 2, -1, -3])) for _ in axes]

    def function(ops, x):
        part = ops.slice(x, starts, stops, steps, axes)
        assume(all(axis.get_min_length() for axis in list(part.get_output_partial_shape(0))[1:]))
        return part

    agree(function)


@pytest.mark.parametrize(
    ("function", "why"),
    [
        (lambda ops, x: ops.convert(ops.convert(x, "i32"), "f32"), "Convert .of type i32"),
        (
            lambda ops, x: ops.avg_pool(
                channels_first(ops, x), [2, 2], [0, 0], [0, 0], [3, 3], False, "ceil"
            ),
            "AvgPool .rounding_type=ceil",
        ),
        (
            lambda ops, x: ops.max_pool(
                channels_first(ops, x), [2, 3], [1, 1], [0, 0], [0, 0], [2, 2], "ceil", "same_lower"
            ).output(0),
            "MaxPool .auto_pad=same_lower with rounding_type=ceil",
        ),
    ],
)  # fmt: skip
def test_what_torch_does_otherwise_is_refused_by_name(refused, function, why):
    refused(function, why)


def test_an_operation_that_is_new_to_a_graph_is_refused_by_name(refused, monkeypatch):
    from headstart.features import torch_graph

    monkeypatch.delitem(torch_graph.OPERATIONS, "Tanh")
    refused(lambda ops, x: ops.tanh(x), "Tanh .unknown to torch")
