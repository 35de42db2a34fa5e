"""What a network of another program costs, before anything in it is computed."""

import numpy as np
import pytest

from headstart.foreign import cost_check
from headstart.foreign.cost_check import check_cost
from headstart.networks.runtime import load_openvino

SIZE = (16, 16)


@pytest.fixture(scope="module")
def openvino():
    return load_openvino()


@pytest.fixture(scope="module")
def ops(openvino):
    return openvino.opset13


@pytest.fixture
def image(ops, openvino):
    return ops.parameter([1, 3, *SIZE], openvino.Type.f32, name="x")


def model(openvino, image, output):
    return openvino.Model([output], [image], "net")


def test_usual_network_is_taken(openvino, ops, image):
    kernel = np.ones((4, 3, 3, 3), np.float32)
    maps = ops.convolution(image, kernel, [1, 1], [0, 0], [0, 0], [1, 1])
    pooled = ops.reduce_mean(maps, [2, 3])
    logits = ops.matmul(pooled, np.ones((4, 2), np.float32), False, False)
    check_cost(model(openvino, image, logits), SIZE)


def test_axes_that_are_not_known_count_as_one(openvino, ops):
    image = ops.parameter([-1, 3, -1, 16], openvino.Type.f32, name="x")
    check_cost(model(openvino, image, ops.matmul(image, image, True, False)), SIZE)
    anything = ops.parameter(openvino.PartialShape.dynamic(), openvino.Type.f32, name="x")
    check_cost(model(openvino, anything, ops.relu(anything)), SIZE)


def test_large_images_are_refused(openvino, ops):
    image = ops.parameter([1, 3, 2**30, 8], openvino.Type.f32, name="x")
    with pytest.raises(ValueError, match="where 4096 is the most"):
        check_cost(model(openvino, image, ops.relu(image)), (2**30, 8))


def test_large_tensors_are_refused(openvino, ops, image):
    large = ops.tile(image, [1, 1, 2**20, 2**20])
    with pytest.raises(ValueError, match=r"computes 844,424,930,131,968 values in Tile"):
        check_cost(model(openvino, image, large), SIZE)


@pytest.mark.parametrize("transposed", [False, True])
def test_large_products_are_refused(openvino, ops, image, transposed):
    side = [12_000, 11_000]
    one = ops.broadcast(ops.constant(np.float32(1)), side[::-1] if transposed else side)
    other = ops.broadcast(ops.constant(np.float32(1)), [11_000, 11_000])
    product = ops.matmul(one, other, transposed, False)
    total = ops.add(image, ops.reduce_sum(product, [0, 1]))
    with pytest.raises(ValueError, match="in MatMul"):
        check_cost(model(openvino, image, total), SIZE)


def test_many_operations_are_refused(openvino, ops, image, monkeypatch):
    monkeypatch.setattr(cost_check, "MAX_OPERATIONS", 3)
    with pytest.raises(ValueError, match="more than 3 operations"):
        check_cost(model(openvino, image, ops.relu(ops.relu(image))), SIZE)


def test_loops_are_refused(openvino, ops, image):
    inner = ops.parameter([1, 3, *SIZE], openvino.Type.f32)
    body = openvino.Model([ops.result(ops.relu(inner))], [inner], "body")
    loop = ops.tensor_iterator()
    loop.set_body(body)
    loop.set_invariant_input(inner, image.output(0))
    output = loop.get_iter_value(body.get_results()[0].output(0), -1)
    with pytest.raises(ValueError, match="TensorIterator, which repeats others"):
        check_cost(model(openvino, image, output), SIZE)
