"""Operations that use the first axis for something else compute the same on each image."""

import numpy as np
import pytest

from headstart.foreign.batches import take_any_batch
from headstart.foreign.lifting import RULES, lift_what_moves_the_batch
from headstart.networks.runtime import load_openvino, load_processor

SHAPE = (1, 4, 6, 3)


def draw(*shape):
    return np.random.default_rng(shape).standard_normal(shape).astype("float32")


def whole(*numbers):
    return np.array(numbers, np.int64)


def reshape(ops, value, *shape):
    return ops.reshape(value, whole(*shape), special_zero=False)


def moved(ops, x):
    """Put the batch behind the first axis, as torch's attention does: (4, 1, 18)."""
    return reshape(ops, ops.transpose(x, whole(1, 0, 2, 3)), 4, 1, 18)


def attention(ops, x):
    """As torch's own, with two heads: tokens first, then heads and images in one axis."""
    parts = ops.matmul(moved(ops, x), draw(24, 18), False, True)
    parts = ops.transpose(reshape(ops, parts, 4, 2, 12), whole(1, 0, 2))
    query, key, value = ops.split(parts, np.array(-1), 3).outputs()
    weights = ops.softmax(ops.matmul(query, key, False, True), -1)
    heads = ops.transpose(ops.matmul(weights, value, False, False), whole(1, 0, 2))
    return ops.transpose(reshape(ops, heads, 4, 1, 8), whole(1, 0, 2))


def windows(ops, x):
    """As Swin does, with convolutions in them."""
    parts = ops.transpose(reshape(ops, x, 1, 2, 2, 3, 2, 3), whole(0, 1, 3, 5, 2, 4))
    parts = reshape(ops, parts, 4, 3, 2, 3)
    found = ops.convolution(parts, draw(5, 3, 1, 1), [1, 1], [0, 0], [0, 0], [1, 1])
    return reshape(ops, ops.relu(found), 1, 4, 30)


def lower_rank(ops, x):
    """Add to the axes of an image what has none for the batch."""
    return ops.add(x, reshape(ops, ops.reduce_mean(x, whole(0, 1), False), 6, 3))


def cut(ops, x):
    tokens = moved(ops, x)
    first = ops.slice(tokens, whole(1), whole(3), whole(1), whole(0))
    without_axes = ops.slice(tokens, whole(2, 0), whole(4, 1), whole(1, 1))
    return ops.concat([first, without_axes, draw(1, 1, 18)], 0)


CASES = {
    "attention": attention,
    "windows": windows,
    "lower rank": lower_rank,
    "cut": cut,
    "constant of a higher rank": lambda ops, x: ops.multiply(x, draw(2, 1, 4, 6, 3)),
    "constant along the batch": lambda ops, x: ops.subtract(x, draw(5, 1, 1, 1)),
    "matrices of constants": lambda ops, x: ops.matmul(x, draw(7, 1, 3, 2), False, False),
    "rows and columns": lambda ops, x: ops.matmul(
        reshape(ops, x, 1, 72), reshape(ops, x, 1, 72), True, False
    ),
    "constant before": lambda ops, x: ops.matmul(draw(3, 1), reshape(ops, x, 1, 72), False, False),
    "gather": lambda ops, x: ops.gather(moved(ops, x), whole(2, 0), np.array(0)),
    "gather one": lambda ops, x: ops.gather(x, np.array(0), np.array(-4)),
    "softmax": lambda ops, x: ops.softmax(moved(ops, x), -3),
    "reduce": lambda ops, x: ops.reduce_max(moved(ops, x), whole(0, -1), False),
    "split": lambda ops, x: ops.split(moved(ops, x), np.array(0), 2).output(1),
    "pad": lambda ops, x: ops.pad(moved(ops, x), whole(1, 0, 2), whole(0, 0, 1), "constant"),
    "8 bits": lambda ops, x: ops.fake_quantize(
        moved(ops, x), draw(4, 1, 1) - 9, draw(4, 1, 1) + 9, np.float32(-9), np.float32(9), 255
    ),
    "all in one axis": lambda ops, x: ops.sigmoid(reshape(ops, x, 72)),
}


@pytest.mark.parametrize("build", CASES.values(), ids=CASES.keys())
def test_each_image_becomes_what_it_becomes_alone(build):
    openvino, core = load_openvino(), load_processor()
    ops = openvino.opset13
    image = ops.parameter(SHAPE, openvino.Type.f32)
    value = build(ops, ops.relu(image))
    flat = reshape(ops, value, 1, -1)
    model = openvino.Model([ops.result(flat)], [image], "one")
    images, settings = draw(3, *SHAPE[1:]), {"INFERENCE_PRECISION_HINT": "f32"}
    one = core.compile_model(model, "CPU", settings)
    expected = np.concatenate([one([each[None]]).to_tuple()[0] for each in images])
    take_any_batch(model)
    (found,) = core.compile_model(model, "CPU", settings)([images]).to_tuple()
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_weights_and_what_keeps_the_batch_stay_as_they_are():
    openvino = load_openvino()
    ops = openvino.opset13
    image = ops.parameter(SHAPE, openvino.Type.f32)
    matrix = ops.multiply(ops.convert(ops.constant(np.ones((5, 3), np.int8)), "f32"), draw(5, 1))
    value = ops.matmul(ops.transpose(image, whole(0, 2, 1, 3)), matrix, False, True)
    model = openvino.Model([ops.result(ops.softmax(value, 2))], [image], "one")
    before = [node.get_friendly_name() for node in model.get_ordered_ops()]
    lift_what_moves_the_batch(model)
    assert [node.get_friendly_name() for node in model.get_ordered_ops()] == before


def test_every_rule_is_needed():
    """Operations on single values are alike; each other kind is in a case above."""
    alike = {
        "Clamp",
        "Convert",
        "Elu",
        "Erf",
        "Gelu",
        "HSwish",
        "Negative",
        "Sqrt",
        "Swish",
        "Tanh",
    }
    openvino = load_openvino()
    found = set()
    for build in CASES.values():
        image = openvino.opset13.parameter(SHAPE, openvino.Type.f32)
        value = build(openvino.opset13, image)
        model = openvino.Model([openvino.opset13.result(value)], [image], "one")
        found |= {node.get_type_name() for node in model.get_ordered_ops()}
    assert set(RULES) - found <= alike | {"Divide", "Power", "ReduceMean"}
