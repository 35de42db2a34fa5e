"""A graph made for one image takes any number of them, or is refused."""

import numpy as np
import pytest

from headstart.foreign.batches import take_any_batch
from headstart.foreign.lowering import Unfit
from headstart.networks.runtime import load_openvino, load_processor


def draw(*shape):
    return np.random.default_rng(shape).standard_normal(shape).astype("float32")


def reshape(ops, value, *shape):
    return ops.reshape(value, np.array(shape), special_zero=False)


def windows(ops, x):
    """Put windows of an image into the first axis, as Swin does, and take them back."""
    parts = ops.transpose(reshape(ops, x, 1, 2, 3, 2, 2, 3), np.array([0, 1, 3, 2, 4, 5]))
    each = ops.add(reshape(ops, parts, 4, 6, 3), draw(1, 6, 3))
    return reshape(ops, ops.softmax(each, 2), 1, 4, 18)


def class_token(ops, x):
    tokens = reshape(ops, x, 1, 24, 3)
    return ops.concat([draw(1, 1, 3), tokens, draw(1, 2, 3)], 1)


def constants_among_images(ops, x):
    return ops.concat([x, draw(1, 2, 6, 3), draw(1, 1, 6, 3), x, ops.negative(x)], 1)


def constants_along_the_last_axis(ops, x):
    return ops.concat([draw(1, 4, 6, 2), x], -1)


def one_of_one(ops, x):
    mean = ops.reduce_mean(x, np.array([1, 2]), True)
    return ops.gather(ops.gather(mean, np.array(0), np.array(1)), np.array(0), np.array(1))


@pytest.mark.parametrize(
    "build",
    [windows, class_token, constants_among_images, constants_along_the_last_axis, one_of_one],
)
def test_each_image_becomes_what_it_becomes_alone(build):
    openvino = load_openvino()
    ops, settings = openvino.opset13, {"INFERENCE_PRECISION_HINT": "f32"}
    image = ops.parameter([1, 4, 6, 3], openvino.Type.f32)
    model = openvino.Model([ops.result(build(ops, ops.relu(image)))], [image], "one")
    images, core = draw(3, 4, 6, 3), load_processor()
    one = core.compile_model(model, "CPU", settings)
    expected = [one([each[None]]).to_tuple()[0][0] for each in images]
    take_any_batch(model)
    assert model.input().get_partial_shape()[0].is_dynamic
    (found,) = core.compile_model(model, "CPU", settings)([images]).to_tuple()
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize(
    ("build", "why"),
    [
        (lambda ops, x: reshape(ops, x, 6, 12), "shape \\[6, 12\\]"),
        (lambda ops, x: ops.transpose(x, np.array([1, 0, 2, 3])), "shape \\[4, 1, 6, 3\\]"),
        (lambda ops, x: reshape(ops, x, 72), "shape \\[72\\]"),
    ],
)
def test_outputs_that_are_not_of_one_image_each_are_refused(build, why):
    openvino = load_openvino()
    ops = openvino.opset13
    image = ops.parameter([1, 4, 6, 3], openvino.Type.f32)
    model = openvino.Model([ops.result(build(ops, ops.relu(image)))], [image], "one")
    with pytest.raises(Unfit, match=f"several images at once.*{why}"):
        take_any_batch(model)
