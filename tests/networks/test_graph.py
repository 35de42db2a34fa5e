"""The passes over a traced graph."""

import numpy as np
import pytest

from headstart.networks.graph import (
    drop_idle_converts,
    finish_graph,
    fold_constants,
    free_batch_size,
    insert_preprocessing,
    pad_while_pooling,
    stabilise_variances,
    take_pixels,
)
from headstart.networks.preprocessing import INSIDE, MINUS_ONE_TO_ONE, USUAL
from headstart.networks.runtime import load_openvino, load_processor


def draw(shape=(1, 8, 6, 3)):
    return np.random.default_rng(4).standard_normal(shape).astype("float32")


def draw_pixels(count):
    return np.random.default_rng(4).integers(0, 256, (count, 8, 6, 3), np.uint8)


@pytest.fixture(scope="module")
def ops():
    return load_openvino().opset13


def model_of(ops, build, shape=(1, 8, 6, 3)):
    image = ops.parameter(list(shape), np.float32)
    return load_openvino().Model([ops.result(build(image))], [image], "net")


def run(model, images):
    core = load_processor()
    compiled = core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return np.array(compiled(images)[0])


def kinds(model):
    return [node.get_type_name() for node in model.get_ordered_ops()]


@pytest.mark.parametrize("name", USUAL)
def test_preprocessing_may_be_added_afterwards(ops, name):
    model = model_of(ops, ops.negative)
    take_pixels(model, INSIDE)
    insert_preprocessing(model, USUAL[name])
    expected = model_of(ops, ops.negative)
    take_pixels(expected, USUAL[name])
    pixels = draw_pixels(1)
    np.testing.assert_array_equal(run(model, pixels), run(expected, pixels))


@pytest.mark.parametrize("pattern", [[1, -1], [1, 8 * 6 * 3], [1, 8, 6 * 3]])
def test_reshape_lets_any_batch_through(ops, pattern):
    model = model_of(ops, lambda image: ops.reshape(image, pattern, special_zero=False))
    free_batch_size(model)
    images = draw((5, 8, 6, 3))
    np.testing.assert_array_equal(run(model, images), images.reshape(5, *pattern[1:]))


def test_reshape_of_a_constant_stays(ops):
    table = draw((6, 3))
    model = model_of(ops, lambda image: ops.add(image, ops.reshape(table, [1, 1, 6, 3], False)))
    free_batch_size(model)
    images = draw((2, 8, 6, 3))
    np.testing.assert_allclose(run(model, images), images + table, atol=1e-6)


def test_only_conversions_to_the_same_type_are_removed(ops):
    def build(image):
        return ops.convert(ops.convert(ops.convert(image, "f32"), "i32"), "f32")

    model = model_of(ops, build)
    drop_idle_converts(model)
    assert kinds(model).count("Convert") == 2


def layer_norm(ops, x):
    """Normalise as Keras's backend traces it."""
    mean = ops.reduce_mean(x, [-1], keep_dims=True)
    squares = ops.reduce_mean(ops.power(x, np.float32(2)), [-1], keep_dims=True)
    variance = ops.subtract(squares, ops.power(mean, np.float32(2)))
    return ops.divide(ops.subtract(x, mean), ops.sqrt(ops.add(variance, np.float32(1e-6))))


def test_variance_of_large_numbers_is_exact(ops):
    images = 1000 + draw()
    exact = images.astype("float64")
    exact = (exact - exact.mean(-1, keepdims=True)) / exact.std(-1, keepdims=True)
    model = model_of(ops, lambda image: layer_norm(ops, image))
    before = np.abs(run(model.clone(), images) - exact).max()
    stabilise_variances(model)
    after = np.abs(run(model, images) - exact).max()
    assert after < 1e-2 < before


def test_other_differences_stay(ops):
    def build(image):
        mean = ops.reduce_mean(image, [-1], keep_dims=True)
        return ops.subtract(ops.power(image, np.float32(2)), ops.power(mean, np.float32(2)))

    model = model_of(ops, build)
    names = kinds(model)
    stabilise_variances(model)
    assert kinds(model) == names


def pooling(ops, *, value=0.0, pads=(0, 0, 1, 1), first="relu", kernel=3):
    def build(image):
        x = getattr(ops, first)(ops.transpose(image, [0, 3, 1, 2]))
        x = ops.pad(x, list(pads), list(pads), "constant", np.float32(value))
        return ops.max_pool(x, [2, 2], [1, 1], [0, 0], [0, 0], [kernel] * 2, "floor", "valid")

    model = model_of(ops, build)
    fold_constants(model)
    return model


def test_pooling_pads_by_itself(ops):
    model = pooling(ops)
    images = draw()
    expected = run(model.clone(), images)
    pad_while_pooling(model)
    assert "Pad" not in kinds(model)
    np.testing.assert_array_equal(run(model, images), expected)


@pytest.mark.parametrize(
    "different",
    [{"value": 1.0}, {"pads": (0, 1, 1, 1)}, {"first": "negative"}, {"kernel": 1}],
    ids=str,
)
def test_padding_that_changes_outputs_stays(ops, different):
    model = pooling(ops, **different)
    pad_while_pooling(model)
    assert "Pad" in kinds(model)


def test_finished_graph_takes_pixels_and_names_its_ends(ops):
    model = model_of(ops, ops.relu)
    finish_graph(model, ["features"], MINUS_ONE_TO_ONE)
    assert model.input("image").get_element_type() == load_openvino().Type.u8
    assert model.input().get_partial_shape()[0].is_dynamic
    pixels = draw_pixels(3)
    expected = np.maximum(pixels.astype("float32") / 127.5 - 1, 0)
    np.testing.assert_allclose(run(model, pixels), expected, atol=1e-6)
