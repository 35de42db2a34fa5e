"""A small graph for each operation and each way of using it; see `tests.features.graphs`."""

import numpy as np
from tests.features.test_torch_operations import PLAIN, batch_norm, channels_first, noise

from headstart.networks.runtime import load_openvino


def convolution(*shape, **how):
    """Return a convolution with the bias that follows it."""
    settings = {
        "strides": [1, 1],
        "pads_begin": [0, 0],
        "pads_end": [0, 0],
        "dilations": [1, 1],
        **how,
    }

    def function(ops, x):
        make = ops.group_convolution if len(shape) == 5 else ops.convolution
        made = make(channels_first(ops, x), noise(*shape), **settings)
        channels = made.get_output_partial_shape(0)[1].get_length()
        return ops.relu(ops.add(made, noise(1, channels, 1, 1)))

    return function


def pool(kind, kernel, strides, before, after, exclude=True, rounding="floor", mode="explicit"):
    def function(ops, x):
        x = channels_first(ops, x)
        if kind == "max":
            return ops.max_pool(x, strides, [1, 1], before, after, kernel, rounding, mode).output(0)
        return ops.avg_pool(x, strides, before, after, kernel, exclude, rounding, mode)

    return function


def rounded_as_torch_does(ops, x):
    """Return means as a file of torch has them; older versions of the operation can't."""
    pooled = load_openvino().opset14.avg_pool
    x = channels_first(ops, x)
    return pooled(x, [2, 3], [0, 0], [0, 0], [2, 3], True, "ceil_torch")


def blocks(ops, x):
    """Return a bottleneck with squeeze and excitation, and a dense layer on its means."""
    x = channels_first(ops, x)
    wide = batch_norm(ops, ops.convolution(x, noise(8, 3, 1, 1), [1, 1], [0, 0], [0, 0], [1, 1]))
    wide = ops.clamp(wide, 0, 6)
    means = ops.reduce_mean(wide, [2, 3], True)
    share = ops.sigmoid(ops.convolution(means, noise(8, 8, 1, 1), [1, 1], [0, 0], [0, 0], [1, 1]))
    wide = ops.multiply(wide, share)
    back = ops.convolution(wide, noise(3, 8, 1, 1), [1, 1], [0, 0], [0, 0], [1, 1])
    features = ops.reduce_mean(ops.add(x, back), [2, 3], False)
    return ops.softmax(ops.add(ops.matmul(features, noise(3, 4), False, False), noise(1, 4)), 1)


def attention(ops, x):
    """Return what a transformer does with patches."""
    patches = ops.convolution(
        channels_first(ops, x), noise(8, 3, 3, 3), [3, 3], [0, 0], [0, 0], [1, 1]
    )
    rows = ops.transpose(ops.reshape(patches, [0, 8, -1], True), [0, 2, 1])
    heads = ops.transpose(ops.reshape(rows, [0, 0, 2, 4], True), [0, 2, 1, 3])
    weights = ops.softmax(ops.matmul(heads, heads, False, True), -1)
    mixed = ops.transpose(ops.matmul(weights, heads, False, False), [0, 2, 1, 3])
    return ops.reduce_mean(ops.reshape(mixed, [0, 0, 8], True), [1], False)


def neighbours(ops, x):
    """Return votes of the nearest of four examples."""
    features = ops.reduce_mean(x, [1, 2], False)
    similar = ops.matmul(features, noise(3, 4), False, False)
    places = ops.topk(similar, np.array(2), 1, "max", "value", "i32").output(1)
    codes = ops.gather(ops.constant(np.array([0, 1, 1, 0], np.int32)), places, np.array(0))
    votes = ops.one_hot(codes, np.array(2), np.float32(1), np.float32(0), axis=2)
    return ops.log(ops.add(ops.reduce_sum(votes, np.array([1]), False), np.float32(1)))


def both_halves(ops, x):
    """Return the mean over each image and its mirror image."""
    mirrored = ops.gather(x, np.arange(9, -1, -1), np.array(2))
    both = ops.reduce_mean(ops.relu(ops.concat([x, mirrored], 0)), [1], False)
    return ops.add(*ops.split(both, ops.constant(0), 2).outputs())


GRAPHS = {
    **PLAIN,
    "Maximum": lambda ops, x: ops.maximum(x, np.float32(0.1)),
    "Slice": lambda ops, x: ops.slice(x, [1, -7], [-2, 9], [3, 2], [1, 2]),
    "Pad zeros": lambda ops, x: ops.pad(x, [0, 1, 2, 0], [0, 0, 1, 0], "constant"),
    "Pad a number": lambda ops, x: ops.pad(
        x, [0, 1, 0, 0], [0, 0, 1, 2], "constant", np.float32(0.3)
    ),
    "Pad mirrored": lambda ops, x: ops.pad(x, [0, 1, 0, 0], [0, 2, 1, 0], "reflect"),
    "Windows": lambda ops, x: ops.reshape(x, [-1, 9, 5, 3], False),
    "Convolution": convolution(4, 3, 3, 3),
    "Convolution with steps": convolution(4, 3, 3, 2, strides=[2, 1]),
    "Convolution of the same size": convolution(4, 3, 3, 3, auto_pad="same_upper", strides=[2, 2]),
    "Convolution with padding": convolution(
        4, 3, 3, 3, pads_begin=[1, 2], pads_end=[0, 1], strides=[2, 2]
    ),
    "Convolution with gaps": convolution(4, 3, 3, 3, dilations=[2, 2], pads_begin=[2, 2]),
    "Convolution of each channel": convolution(3, 2, 1, 3, 3, auto_pad="same_lower"),
    "Convolution in groups": convolution(3, 5, 1, 1, 1),
    "MaxPool": pool("max", [3, 3], [2, 2], [1, 1], [1, 1]),
    "MaxPool rounded up": pool("max", [2, 2], [2, 2], [0, 0], [0, 0], rounding="ceil"),
    "MaxPool of the same size": pool("max", [3, 2], [1, 1], [0, 0], [0, 0], mode="same_upper"),
    "AvgPool": pool("avg", [3, 3], [2, 2], [0, 0], [0, 0]),
    "AvgPool of what is inside": pool("avg", [3, 3], [2, 2], [1, 1], [0, 1]),
    "AvgPool of zeros, too": pool("avg", [3, 3], [2, 2], [1, 0], [1, 1], exclude=False),
    "AvgPool rounded up": pool(
        "avg", [3, 2], [3, 3], [0, 0], [0, 0], exclude=False, rounding="ceil"
    ),
    "AvgPool rounded up as torch does": rounded_as_torch_does,
    "AvgPool of the same size, with more on one side": pool(
        "avg", [3, 2], [2, 2], [0, 0], [0, 0], mode="same_upper"
    ),
    "AvgPool of the same size": pool("avg", [3, 3], [1, 1], [0, 0], [0, 0], mode="same_upper"),
    "blocks": blocks,
    "attention": attention,
    "neighbours": neighbours,
    "both halves": both_halves,
}
