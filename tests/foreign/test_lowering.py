"""Every rule computes what the operation computes, with operations of our graphs."""

import numpy as np
import pytest

from headstart.foreign.lowering import RULES, Unfit, lower
from headstart.networks.graph_check import OPERATIONS
from headstart.networks.runtime import load_openvino, load_processor

SHAPE = (1, 8, 6, 4)


@pytest.fixture(scope="module")
def core():
    return load_processor()


def whole(*numbers):
    return np.array(numbers, np.int64)


def draw(*shape):
    return np.random.default_rng(shape).standard_normal(shape).astype("float32")


def split(ops, x):
    parts = ops.variadic_split(x, np.array(1), whole(3, 4, 1))
    return ops.concat([parts.output(2), parts.output(0)], 1)


def cut(ops, x, start, stop, step, **masks):
    size = {"begin_mask": [0] * 4, "end_mask": [0] * 4} | masks
    return ops.strided_slice(x, whole(*start), whole(*stop), whole(*step), **size)


def resize(ops, x, mode, sizes=(12, 3), **how):
    return ops.interpolate(x, whole(*sizes), mode, "sizes", axes=whole(2, 3), **how)


def batch_norm(ops, x):
    numbers = np.abs(draw(4, 8)) + 0.5
    return ops.batch_norm_inference(x, *numbers, epsilon=1e-3)


def group_norm(_, x):
    opset = load_openvino().opset14
    return opset.group_normalization(x, draw(8), draw(8), 4, 1e-3)


def attention(_, x, *, mask=False):
    rest = [draw(6, 6)] if mask else []
    return load_openvino().opset15.scaled_dot_product_attention(x, x, x, *rest, causal=False)


CASES = {
    "Abs": lambda ops, x: ops.abs(x),
    "AdaptiveAvgPool": lambda ops, x: ops.adaptive_avg_pool(x, whole(3, 2)),
    "AdaptiveAvgPool to one": lambda ops, x: ops.adaptive_avg_pool(x, whole(1, 1)),
    "AvgPool": lambda ops, x: ops.avg_pool(x, [1, 1], [0, 0], [0, 0], [6, 4], True),
    "BatchNormInference": batch_norm,
    "BatchNormInference of rows": lambda ops, x: batch_norm(
        ops, ops.reshape(x, whole(24, 8), False)
    ),
    "Broadcast": lambda ops, x: ops.broadcast(ops.reduce_mean(x, whole(2), True), whole(*SHAPE)),
    "Broadcast of nothing": lambda ops, x: ops.broadcast(x, whole(*SHAPE)),
    "Broadcast to more": lambda ops, x: ops.broadcast(x, whole(2, 1, 8, 6, 4)),
    "Broadcast explicit": lambda ops, x: ops.broadcast(
        ops.reduce_mean(x, whole(2, 3), False), whole(1, 8, 5), whole(0, 1), "explicit"
    ),
    "ConvertLike": lambda ops, x: ops.convert_like(x, np.float32(1)),
    "DepthToSpace": lambda ops, x: ops.depth_to_space(x, "blocks_first", 2),
    "DepthToSpace by depth": lambda ops, x: ops.depth_to_space(x, "depth_first", 2),
    "Einsum": lambda ops, x: ops.einsum([x, draw(1, 8, 5, 4)], "bhid,bhjd->bhij"),
    "Einsum in another order": lambda ops, x: ops.einsum([x, draw(6, 7, 8)], "nchw,hkc->knwc"),
    "Einsum of weights": lambda ops, x: ops.einsum([x, draw(4, 5)], "nchw,wd->nchd"),
    "Einsum of most axes": lambda ops, x: ops.einsum([x, draw(1, 8, 6, 5)], "nchw,nchd->wd"),
    "Einsum without a sum": lambda ops, x: ops.einsum([x, draw(5)], "nchw,d->ncdhw"),
    "GroupNormalization": group_norm,
    "HSigmoid": lambda ops, x: ops.hsigmoid(x),
    "HardSigmoid": lambda ops, x: ops.hard_sigmoid(x, np.float32(0.3), np.float32(0.4)),
    "Interpolate": lambda ops, x: resize(ops, x, "linear_onnx"),
    "Interpolate nearest": lambda ops, x: resize(ops, x, "nearest"),
    "Interpolate cubic": lambda ops, x: resize(ops, x, "cubic", cube_coeff=-0.5),
    "Interpolate by scales": lambda ops, x: ops.interpolate(
        x, np.float32([1.5, 2]), "linear_onnx", "scales", axes=whole(2, 3)
    ),
    "Interpolate corners": lambda ops, x: resize(
        ops, x, "linear_onnx", coordinate_transformation_mode="align_corners"
    ),
    "MVN": lambda ops, x: ops.mvn(x, whole(-1), True, 1e-3, "inside_sqrt"),
    "MVN outside": lambda ops, x: ops.mvn(x, whole(1, 2), True, 1e-3, "outside_sqrt"),
    "MVN of means": lambda ops, x: ops.mvn(x, whole(3), False, 1e-3, "inside_sqrt"),
    "MatMul": lambda ops, x: ops.reshape(
        ops.matmul(ops.reshape(x, whole(48, 4), False), draw(5, 4), False, True),
        whole(1, 8, 6, 5),
        False,
    ),
    "MatMul as it is": lambda ops, x: ops.matmul(x, draw(4, 5), False, False),
    "Maximum": lambda ops, x: ops.maximum(np.float32(0.1), x),
    "Minimum": lambda ops, x: ops.minimum(x, np.float32(0.1)),
    "NormalizeL2": lambda ops, x: ops.normalize_l2(x, whole(1), 1e-3, "add"),
    "NormalizeL2 of the largest": lambda ops, x: ops.normalize_l2(x, whole(3), 4.0, "max"),
    "Identity": lambda _, x: load_openvino().opset16.identity(x),
    "PRelu": lambda ops, x: ops.prelu(x, draw(8)),
    "PRelu of one": lambda ops, x: ops.prelu(x, np.float32([0.3])),
    "ReduceL2": lambda ops, x: ops.reduce_l2(x, whole(1, -1), True),
    "ReduceSum": lambda ops, x: ops.reduce_sum(x, whole(1, -1), False),
    "Reshape": lambda ops, x: ops.reshape(x, whole(0, -1), special_zero=True),
    "Roll": lambda ops, x: ops.roll(x, whole(2, -3), whole(1, 2)),
    "ScaledDotProductAttention": attention,
    "ScaledDotProductAttention masked": lambda ops, x: attention(ops, x, mask=True),
    "Select": lambda ops, x: ops.select(draw(6, 4) > 0, x, np.float32(7)),
    "ShuffleChannels": lambda ops, x: ops.shuffle_channels(x, 1, 4),
    "SpaceToDepth": lambda ops, x: ops.space_to_depth(x, "blocks_first", 2),
    "SpaceToDepth by depth": lambda ops, x: ops.space_to_depth(x, "depth_first", 2),
    "SquaredDifference": lambda ops, x: ops.squared_difference(x, draw(8, 1, 1)),
    "Squeeze": lambda ops, x: ops.squeeze(ops.reduce_mean(x, whole(2, 3), True), whole(2, 3)),
    "Squeeze of nothing": lambda ops, x: ops.squeeze(x, whole()),
    "Squeeze first": lambda ops, x: ops.squeeze(
        ops.reduce_mean(ops.transpose(x, whole(1, 0, 2, 3)), whole(0), True), whole(0)
    ),
    "StridedSlice": lambda ops, x: cut(ops, x, [0, 1, 0, 3], [1, 7, -1, 0], [1, 2, 1, -1]),
    "StridedSlice all": lambda ops, x: cut(
        ops, x, [9] * 4, [9] * 4, [1, 1, 1, -1], begin_mask=[1] * 4, end_mask=[1] * 4
    ),
    "StridedSlice of one": lambda ops, x: cut(
        ops, x, [0, 0, -2, 1], [1, 8, 9, 9], [1] * 4, shrink_axis_mask=[0, 0, 1, 1]
    ),
    "StridedSlice new": lambda ops, x: cut(
        ops, x, [0, 0, 2, 0], [1, 9, 3, 6], [1] * 4, new_axis_mask=[0, 1, 0, 0]
    ),
    "Tile": lambda ops, x: ops.tile(x, whole(2, 1, 3)),
    "Tile longer": lambda ops, x: ops.tile(x, whole(1, 1, 2, 1, 1)),
    "Unsqueeze": lambda ops, x: ops.unsqueeze(x, whole(1, 3)),
    "VariadicSplit": split,
}


@pytest.mark.parametrize("name", CASES)
def test_the_same_is_computed(core, name):
    openvino = load_openvino()
    ops = openvino.opset13
    image = ops.parameter(SHAPE, openvino.Type.f32)
    made = ops.relu(CASES[name](ops, ops.add(image, np.float32(0.5))))
    model = openvino.Model([ops.result(made)], [image], "one")
    values, settings = draw(*SHAPE), {"INFERENCE_PRECISION_HINT": "f32"}
    (expected,) = core.compile_model(model, "CPU", settings)([values]).to_tuple()
    lower(model)
    kinds = {node.get_type_name() for node in model.get_ordered_ops()}
    assert kinds <= {*OPERATIONS, "Constant", "Relu", "Softmax"}
    (found,) = core.compile_model(model, "CPU", settings)([values]).to_tuple()
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_every_rule_is_tried():
    assert {name.split()[0] for name in CASES} == {*RULES}


@pytest.mark.parametrize("equation", ["nchw,dd->nchw", "n...w,d->n...wd"])
def test_other_sums_stay_to_be_refused_by_name(equation):
    openvino = load_openvino()
    ops = openvino.opset13
    image = ops.parameter(SHAPE, openvino.Type.f32)
    other = draw(5, 5) if ",dd" in equation else draw(5)
    made = ops.einsum([image, other], equation)
    model = openvino.Model([ops.result(made)], [image], "one")
    lower(model)
    assert "Einsum" in [node.get_type_name() for node in model.get_ordered_ops()]


def refused(build):
    openvino = load_openvino()
    ops = openvino.opset13
    image = ops.parameter(SHAPE, openvino.Type.f32)
    lower(openvino.Model([ops.result(build(ops, image))], [image], "one"))


@pytest.mark.parametrize(
    ("build", "why"),
    [
        (lambda ops, x: resize(ops, x, "linear_onnx", antialias=True), "antialiasing"),
        (lambda ops, x: resize(ops, x, "nearest", pads_begin=[0, 0, 1, 1]), "padding"),
        (lambda ops, x: ops.adaptive_avg_pool(x, whole(4, 4)), "cells"),
        (
            lambda ops, x: ops.hard_sigmoid(
                x, ops.reduce_mean(x, whole(0, 1, 2, 3), False), np.float32(1)
            ),
            "depends on the image",
        ),
        (
            lambda ops, x: cut(ops, x, [0] * 4, [1] * 4, [1] * 4, ellipsis_mask=[1, 0, 0, 0]),
            "an ellipsis",
        ),
    ],
)
def test_settings_that_no_rule_can_follow_are_refused(build, why):
    with pytest.raises(Unfit, match=why):
        refused(build)
