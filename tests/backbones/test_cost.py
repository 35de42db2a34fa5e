"""Multiply-accumulates."""

import numpy as np
import pytest

from headstart.backbones.cost import count_macs
from headstart.backbones.runtime import load_openvino


@pytest.fixture
def ops():
    return load_openvino().opset13


@pytest.fixture
def count(ops):
    """Return what counts the operations that a function makes of a (?, 4, 8, 6) input."""

    def run(build):
        image = ops.parameter([-1, 4, 8, 6], np.float32)
        return count_macs(load_openvino().Model([ops.result(build(image))], [image], "net"))

    return run


SAME = ([1, 1], [1, 1], [1, 1], [1, 1])


def test_convolution(ops, count):
    kernel = np.ones((5, 4, 3, 3), np.float32)
    assert count(lambda x: ops.convolution(x, kernel, *SAME)) == 8 * 6 * 5 * 4 * 3 * 3


def test_depthwise_convolution(ops, count):
    kernel = np.ones((4, 1, 1, 3, 3), np.float32)
    assert count(lambda x: ops.group_convolution(x, kernel, *SAME)) == 8 * 6 * 4 * 3 * 3


def test_matrix_product(ops, count):
    matrix = np.ones((4, 7), np.float32)
    means = [2, 3]
    assert count(lambda x: ops.matmul(ops.reduce_mean(x, means), matrix, False, False)) == 4 * 7


def test_elementwise_operations_cost_nothing(ops, count):
    assert count(lambda x: ops.relu(ops.add(x, np.float32(1)))) == 0
