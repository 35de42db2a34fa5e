"""Channels-first graphs compute the same, without transposing feature maps."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headstart.networks.graph import fold_constants
from headstart.networks.layout import inverse, run_channels_first
from headstart.networks.runtime import load_openvino, load_processor

HEIGHT, WIDTH, CHANNELS = 12, 11, 4


def draw(*shape):
    return np.random.default_rng(shape).standard_normal(shape).astype("float32")


@pytest.fixture(scope="module")
def ops():
    return load_openvino().opset13


def conv(ops, x):
    """Convolve the way Keras's backend does: there and back."""
    channels = x.get_output_partial_shape(0)[3].get_length()
    kernel = draw(channels, channels, 3, 3) / 3
    there = ops.transpose(x, [0, 3, 1, 2])
    return ops.transpose(
        ops.convolution(there, kernel, [1, 1], [1, 1], [1, 1], [1, 1]), [0, 2, 3, 1]
    )


def batch_norm(ops, x):
    size = x.get_output_partial_shape(0)[3].get_length()
    gamma, beta, mean, variance = np.exp(draw(4, size) / 3)
    swapped = ops.transpose(x, [0, 3, 2, 1])
    normed = ops.batch_norm_inference(swapped, gamma, beta, mean, variance, 1e-3)
    return ops.transpose(normed, [0, 3, 2, 1])


def bias(ops, x):
    size = x.get_output_partial_shape(0)[3].get_length()
    return ops.add(x, draw(size))


def position_bias(ops, x):
    shape = [dim.get_length() for dim in list(x.get_output_partial_shape(0))[1:]]
    return ops.add(x, draw(1, *shape))


def scale(ops, x):
    return ops.multiply(np.float32(0.5), x)


def pad(ops, x):
    return ops.pad(x, [0, 1, 2, 0], [0, 0, 1, 0], "constant", np.float32(0))


def crop(ops, x):
    return ops.slice(x, [0, 1, 0, 0], [99, 99, 99, 99], [1, 1, 1, 1])


def crop_height(ops, x):
    return ops.slice(x, [1], [99], [1], [-3])


def twice(ops, x):
    return ops.concat([x, ops.relu(x)], -1)


def reverse_channels(ops, x):
    size = x.get_output_partial_shape(0)[3].get_length()
    return ops.gather(x, np.arange(size)[::-1].copy(), np.array(3))


def squeeze_and_excite(ops, x):
    size = x.get_output_partial_shape(0)[3].get_length()
    mean = ops.reduce_mean(x, [1, 2], keep_dims=False)
    shaped = ops.reshape(mean, [0, 1, 1, size], special_zero=True)
    return ops.multiply(x, ops.sigmoid(conv_1x1(ops, shaped)))


def conv_1x1(ops, x):
    size = x.get_output_partial_shape(0)[3].get_length()
    kernel = draw(size, size, 1, 1)
    there = ops.transpose(x, [0, 3, 1, 2])
    return ops.transpose(
        ops.convolution(there, kernel, [1, 1], [0, 0], [0, 0], [1, 1]), [0, 2, 3, 1]
    )


def layer_norm(ops, x):
    centred = ops.subtract(x, ops.reduce_mean(x, [-1], keep_dims=True))
    variance = ops.reduce_mean(ops.multiply(centred, centred), [-1], keep_dims=True)
    return ops.divide(centred, ops.sqrt(ops.add(variance, np.float32(1e-3))))


def dense(ops, x):
    size = x.get_output_partial_shape(0)[3].get_length()
    return ops.matmul(x, draw(size, 3), False, False)


def dense_transposed(ops, x):
    size = x.get_output_partial_shape(0)[3].get_length()
    return ops.matmul(x, draw(3, size), False, True)


STEPS = [
    batch_norm,
    bias,
    conv,
    crop,
    crop_height,
    dense,
    dense_transposed,
    layer_norm,
    pad,
    position_bias,
    reverse_channels,
    scale,
    squeeze_and_excite,
    twice,
]


def build(ops, steps):
    image = ops.parameter([-1, HEIGHT, WIDTH, CHANNELS], np.float32)
    x = image
    for step in steps:
        x = step(ops, x)
    pooled = ops.reduce_mean(x, [1, 2], keep_dims=False)
    openvino = load_openvino()
    return openvino.Model([ops.result(x), ops.result(pooled)], [image], "net")


def run(model, images):
    core = load_processor()
    compiled = core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return [np.array(value) for value in compiled(images).values()]


def hold_against_original(ops, steps):
    model = build(ops, steps)
    images = draw(2, HEIGHT, WIDTH, CHANNELS)
    expected = run(model.clone(), images)
    fold_constants(model)
    run_channels_first(model)
    for value, wanted in zip(run(model, images), expected, strict=True):
        np.testing.assert_allclose(value, wanted, atol=1e-4 * max(1, np.abs(wanted).max()))
    return [node.get_type_name() for node in model.get_ordered_ops()]


def test_values_that_are_broadcast_along_new_axes_compute_the_same(ops):
    def of_each_channel(ops, x):
        return ops.multiply(x, ops.reduce_mean(x, [0, 1, 2], keep_dims=False))

    def with_an_axis_before(ops, x):
        return ops.reduce_mean(ops.add(x, draw(2, 1, 1, 1, CHANNELS)), [0], keep_dims=False)

    for step in (of_each_channel, with_an_axis_before):
        hold_against_original(ops, [conv, step, conv])


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.__name__)
def test_step_computes_the_same(ops, step):
    hold_against_original(ops, [step])
    hold_against_original(ops, [conv, step, conv])


@settings(max_examples=25, deadline=None)
@given(steps=st.lists(st.sampled_from(STEPS), min_size=1, max_size=6))
def test_any_chain_computes_the_same(ops, steps):
    hold_against_original(ops, steps)


@pytest.mark.parametrize(
    "steps",
    [
        [conv, batch_norm, bias, conv, pad, conv],
        [conv, twice, batch_norm, conv, crop, conv],
        [conv, squeeze_and_excite, conv],
        [conv, layer_norm, dense, bias],
    ],
)
def test_feature_maps_are_not_transposed(ops, steps):
    kinds = hold_against_original(ops, steps)
    assert kinds.count("Transpose") == 2  # the image coming in, the feature map going out


def test_inverse_undoes_a_permutation():
    assert inverse((0, 3, 1, 2)) == (0, 2, 3, 1)
