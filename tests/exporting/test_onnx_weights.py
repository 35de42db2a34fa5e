"""Weights and activations of 8 bits, in ONNX Runtime and in OpenVINO."""

import numpy as np
import pytest
from tests.exporting.test_onnx_operations import translated
from tests.features.graphs import images, make_graph, run_openvino
from tests.features.test_torch_operations import channels_first


def rounded(ops, shape, scale, kind=np.int8):
    """Return weights of 8 bits, as a network that was quantised has them."""
    values = np.random.default_rng(0).integers(0 if kind == np.uint8 else -127, 128, shape)
    converted = ops.convert(ops.constant(values.astype(kind)), np.float32)
    return ops.multiply(converted, ops.constant(np.asarray(scale, np.float32)))


def fake(ops, x, low, high, out=None, levels=256):
    ends = [np.asarray(end, np.float32) for end in (low, high, *(out or (low, high)))]
    return ops.fake_quantize(x, *ends, levels)


def convolved(scale, kind=np.int8):
    def function(ops, x):
        kernel = rounded(ops, (4, 3, 2, 2), scale, kind)
        return ops.convolution(channels_first(ops, x), kernel, [1, 1], [0, 0], [0, 0], [1, 1])

    return function


def grouped(ops, x):
    scale = np.float32([0.1, 0.2, 0.3]).reshape(3, 1, 1, 1, 1)
    kernel = rounded(ops, (3, 2, 1, 2, 2), scale)
    return ops.group_convolution(channels_first(ops, x), kernel, [1, 1], [0, 0], [0, 0], [1, 1])


def multiplied(turned):
    def function(ops, x):
        scale = np.float32([[0.1], [0.2], [0.3], [0.4]])
        weights = rounded(ops, (4, 3) if turned else (3, 4), scale if turned else scale.T)
        return ops.matmul(ops.reduce_mean(x, [1, 2], False), weights, False, turned)

    return function


GRAPHS = {
    "one scale": (convolved(0.1), "DequantizeLinear"),
    "a scale for each channel": (
        convolved(np.float32([0.1, 0.2, 0.3, 0.4]).reshape(4, 1, 1, 1)),
        "DequantizeLinear",
    ),
    "a scale for each number": (convolved(np.full((4, 3, 1, 1), 0.1)), None),
    "whole numbers without a sign": (convolved(0.1, np.uint8), None),
    "groups": (grouped, None),
    "a dense layer": (multiplied(False), "DequantizeLinear"),
    "a dense layer that is turned": (multiplied(True), "DequantizeLinear"),
    "activations": (lambda ops, x: fake(ops, x, -0.5, -0.5 + 255 / 256), "QuantizeLinear"),
    "activations of channels": (
        lambda ops, x: fake(
            ops, channels_first(ops, x), np.zeros((1, 3, 1, 1)), [[[[0.5]], [[0.2]], [[0.9]]]]
        ),
        "QuantizeLinear",
    ),
    "activations with a zero between two steps": (lambda ops, x: fake(ops, x, -0.3, 0.9), "Round"),
    "fewer steps": (lambda ops, x: fake(ops, x, -0.5, 0.5, levels=255), "Round"),
    "steps that become others": (lambda ops, x: fake(ops, x, 0, 1, out=(-2, 3)), "QuantizeLinear"),
    "steps that become others beside zero": (
        lambda ops, x: fake(ops, x, 0, 1, out=(-2, 3.01)),
        "Round",
    ),
}


@pytest.mark.parametrize("name", GRAPHS)
def test_numbers_of_8_bits_are_those_of_openvino(tmp_path, name):
    onnxruntime = pytest.importorskip("onnxruntime")
    function, operation = GRAPHS[name]
    network = make_graph(tmp_path, function)
    written, pixels = translated(network), images(2)
    assert operation is None or operation.encode() in written
    expected = run_openvino(network, pixels)
    (found,) = onnxruntime.InferenceSession(written).run(None, {"image": pixels})
    # A value between two steps may be rounded to either; and ONNX Runtime rounds what a dense layer
    # with such weights takes.
    tolerance = 5e-3 if "dense" in name else 1e-4
    off = np.abs(found - expected) > tolerance * max(1, np.abs(expected).max())
    assert off.mean() < 0.01
