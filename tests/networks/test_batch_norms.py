"""A batch normalisation is folded into the convolution before it, and the outputs stay the same."""

import numpy as np
import openvino
import pytest

from headstart.networks.batch_norms import fold_batch_norms

ops = openvino.opset13
RANDOM = np.random.default_rng(0)


def numbers(*shape):
    return RANDOM.uniform(0.5, 1.5, shape).astype(np.float32)


def convolution(image, kernel):
    return ops.convolution(image, kernel, [1, 1], [1, 1], [1, 1], [1, 1])


def depthwise(image, kernel):
    return ops.group_convolution(image, kernel, [1, 1], [1, 1], [1, 1], [1, 1])


def normalised(node, channels=4):
    values = [numbers(channels) for _ in range(4)]
    return ops.batch_norm_inference(node, *values, 1e-3)


def kinds(model):
    return [node.get_type_name() for node in model.get_ordered_ops()]


def run(model, image):
    core = openvino.Core()
    compiled = core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return compiled({0: image})[0]


@pytest.mark.parametrize("bias", [None, (1, 4, 1, 1)])
@pytest.mark.parametrize(
    ("layer", "kernel"), [(convolution, (4, 4, 3, 3)), (depthwise, (4, 1, 1, 3, 3))]
)
def test_outputs_stay_the_same(layer, kernel, bias):
    image = ops.parameter([1, 4, 5, 6], np.float32)
    node = layer(image, numbers(*kernel))
    if bias is not None:
        node = ops.add(node, numbers(*bias))
    model = openvino.Model([ops.relu(normalised(node))], [image])
    pixels = numbers(1, 4, 5, 6)
    before = run(model.clone(), pixels)
    fold_batch_norms(model)
    assert "BatchNormInference" not in kinds(model)
    np.testing.assert_allclose(run(model, pixels), before, rtol=1e-5)


def test_a_convolution_that_others_read_stays():
    image = ops.parameter([1, 4, 5, 6], np.float32)
    node = convolution(image, numbers(4, 4, 3, 3))
    model = openvino.Model([ops.add(normalised(node), node)], [image])
    fold_batch_norms(model)
    assert "BatchNormInference" in kinds(model)


def test_one_without_a_convolution_stays():
    image = ops.parameter([1, 4, 5, 6], np.float32)
    model = openvino.Model([normalised(ops.relu(image))], [image])
    fold_batch_norms(model)
    assert "BatchNormInference" in kinds(model)
