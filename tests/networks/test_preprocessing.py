"""Preprocessing as numbers: what Keras does under its names, to the bit."""

import os
import subprocess
import sys
from typing import get_args

import numpy as np
import pytest

from headstart.networks.graph import take_pixels
from headstart.networks.preprocessing import KERAS_MODES, USUAL, Preprocessing, PreprocessingName
from headstart.networks.runtime import load_openvino, load_processor

OWN = Preprocessing("bgr", 2.0, (1.0, 2.0, 3.0), (4.0, 5.0, 6.0))

SAME_IN_KERAS = """
import keras, numpy as np
from keras.applications.imagenet_utils import preprocess_input
from headstart.backbones.keras_outputs import preprocess
from headstart.networks.preprocessing import KERAS_MODES

pixels = np.random.default_rng(0).integers(0, 256, (2, 5, 4, 3)).astype(np.float32)
for mode in ("tf", "torch", "caffe"):
    expected = preprocess_input(pixels.copy(), data_format="channels_last", mode=mode)
    found = preprocess(keras.ops.convert_to_tensor(pixels), KERAS_MODES[mode])
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(found), expected)
    inputs = keras.Input((5, 4, 3), dtype="float32")
    model = keras.Model(inputs, preprocess(inputs, KERAS_MODES[mode]))
    np.testing.assert_array_equal(model.predict(pixels, verbose=0), expected)
assert preprocess(pixels, KERAS_MODES["inside"]) is pixels
"""


def in_openvino(preprocessing, pixels):
    ops = load_openvino().opset13
    image = ops.parameter([-1, *pixels.shape[1:]], np.float32)
    result = ops.result(ops.multiply(image, np.float32(1)))
    model = load_openvino().Model([result], [image], "net")
    take_pixels(model, preprocessing)
    kinds = [node.get_type_name() for node in model.get_ordered_ops()]
    core = load_processor()
    compiled = core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return np.array(compiled(pixels)[0]), kinds


@pytest.mark.parametrize(
    ("preprocessing", "expected"),
    [
        (KERAS_MODES["inside"], lambda rgb: rgb),
        (KERAS_MODES["tf"], lambda rgb: rgb / 127.5 - 1),
        (
            KERAS_MODES["torch"],
            lambda rgb: (rgb / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225],
        ),
        (KERAS_MODES["caffe"], lambda rgb: rgb[..., ::-1] - [103.939, 116.779, 123.68]),
        (OWN, lambda rgb: (rgb[..., ::-1] / 2 - [1, 2, 3]) / [4, 5, 6]),
    ],
)
def test_pixels_in_the_graph(preprocessing, expected):
    pixels = np.random.default_rng(4).integers(0, 256, (2, 8, 6, 3), np.uint8)
    found, _ = in_openvino(preprocessing, pixels)
    np.testing.assert_allclose(found, expected(pixels.astype("float64")), atol=1e-4)


@pytest.mark.parametrize(
    ("mode", "steps"),
    [
        ("inside", []),
        ("tf", ["Divide", "Subtract"]),
        ("torch", ["Divide", "Subtract", "Divide"]),
        ("caffe", ["Gather", "Subtract"]),
    ],
)
def test_steps_that_change_nothing_are_left_out(mode, steps):
    _, kinds = in_openvino(KERAS_MODES[mode], np.zeros((1, 2, 2, 3), np.uint8))
    assert [kind for kind in kinds if kind in ("Divide", "Subtract", "Gather")] == steps


def test_keras_computes_the_same_under_its_names():
    """In a process of its own: Keras's backend is chosen once a process."""
    environment = {**os.environ, "KERAS_BACKEND": "numpy"}
    command = [sys.executable, "-W", "ignore", "-c", SAME_IN_KERAS]
    subprocess.run(command, check=True, timeout=120, env=environment)


@pytest.mark.parametrize(
    ("preprocessing", "words"),
    [
        (USUAL["inside"], "inside: RGB"),
        (USUAL["tf"], "tf: RGB, divided by 127.5, minus 1"),
        (USUAL["caffe"], "caffe: BGR, minus 103.939 116.779 123.68"),
        (OWN, "BGR, divided by 2, minus 1 2 3, divided by 4 5 6"),
    ],
)
def test_in_words(preprocessing, words):
    assert preprocessing.in_words() == words


def test_every_name_stands_for_another_preprocessing():
    assert tuple(USUAL) == get_args(PreprocessingName)
    assert len(set(USUAL.values())) == len(USUAL)


def test_the_other_order_of_channels_keeps_the_arithmetic_of_each_colour():
    assert OWN.reversed() == Preprocessing("rgb", 2.0, (3.0, 2.0, 1.0), (6.0, 5.0, 4.0))
    assert OWN.reversed().reversed() == OWN
    pixels = np.random.default_rng(4).integers(0, 256, (1, 8, 6, 3), np.uint8)
    found, _ = in_openvino(USUAL["torch-bgr"], pixels)
    expected, _ = in_openvino(USUAL["torch"], pixels)
    np.testing.assert_array_equal(found, expected[..., ::-1])
