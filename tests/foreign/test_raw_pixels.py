"""Which networks do their preprocessing inside."""

import numpy as np
import pytest

from headstart.foreign.raw_pixels import takes_raw_pixels
from headstart.networks.runtime import load_openvino


def network(*steps, channels_first=False):
    """Return a network of these steps: names of operations, or (name, number)."""
    openvino = load_openvino()
    ops = openvino.opset13
    shape = [1, 3, 8, 8] if channels_first else [1, 8, 8, 3]
    image = ops.parameter(shape, openvino.Type.f32, name="x")
    value = image
    for step in steps:
        if isinstance(step, str):
            value = (
                ops.transpose(value, np.array([0, 3, 1, 2])) if step == "move" else ops.relu(value)
            )
        else:
            value = getattr(ops, step[0])(value, np.float32(step[1]))
    return openvino.Model([ops.result(value)], [image], "net")


@pytest.mark.parametrize(
    "steps",
    [
        [("multiply", 1 / 255), ("subtract", [0.5, 0.4, 0.3])],
        [("multiply", 1 / 127.5), ("add", -1)],
        [("divide", 255)],
        [("divide", [58.4, 57.1, 57.4])],
        [("subtract", [123.7, 116.3, 103.5]), ("divide", [58.4, 57.1, 57.4])],
        [("add", [-123.7, -116.3, -103.5])],
    ],
)
def test_large_numbers_tell_of_raw_pixels(steps):
    assert takes_raw_pixels(network(*steps, "relu"))
    if all(np.ndim(number) == 0 for _, number in steps):
        assert takes_raw_pixels(network("move", *steps))


@pytest.mark.parametrize(
    "steps",
    [
        ["relu"],
        [("multiply", 2), ("subtract", 1)],
        [("subtract", [0.485, 0.456, 0.406]), ("divide", [0.229, 0.224, 0.225])],
        [("subtract", 0.5)],
        [("multiply", 0)],
        [("divide", [0.2, 255, 255])],
        ["move"],
        [],
    ],
)
def test_other_beginnings_tell_nothing(steps):
    assert not takes_raw_pixels(network(*steps))


def test_pixels_that_go_two_ways_tell_nothing():
    openvino = load_openvino()
    ops = openvino.opset13
    image = ops.parameter([1, 8, 8, 3], openvino.Type.f32, name="x")
    value = ops.add(ops.divide(image, np.float32(255)), ops.relu(image))
    assert not takes_raw_pixels(openvino.Model([ops.result(value)], [image], "net"))
