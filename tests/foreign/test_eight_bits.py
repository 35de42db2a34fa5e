"""Networks of 8 bits from other programs keep their 8 bits, and say the same."""

import numpy as np
import pytest

from headstart.foreign.eight_bits import store_floats, store_whole_numbers, whole_number_pixels
from headstart.foreign.lowering import Unfit
from headstart.foreign.normalising import Wanted, normalise
from headstart.networks.graph_check import check_graph
from headstart.networks.runtime import load_openvino, load_processor, write_graph

SIZE = (16, 12)
RANDOM = np.random.default_rng(5)


@pytest.fixture
def ops():
    return load_openvino().opset13


def rounded(ops, value, low, high, out=None):
    ends = [np.float32(low), np.float32(high)]
    return ops.fake_quantize(value, *ends, *(out or ends), 256)


def weights(ops, *shape, dtype=np.uint8, zero=122, step=0.01):
    low, high = (0, 256) if dtype == np.uint8 else (-127, 128)
    numbers = np.random.default_rng(shape).integers(low, high, shape).astype(dtype)
    centred = ops.subtract(ops.convert(ops.constant(numbers), "f32"), np.float32(zero))
    return ops.multiply(centred, ops.constant(np.float32(step)))


def network(ops, *, kind="u8", pixels=(-1.0, 1.0), **how):
    """Return a small network as the front end for TensorFlow Lite reads it."""
    openvino = load_openvino()
    image = ops.parameter([1, *SIZE, 3], getattr(openvino.Type, kind))
    low, high = (-128, 127) if kind == "i8" else (0, 255)
    outs = [np.float32(end) for end in pixels]
    value = rounded(ops, ops.convert(image, "f32"), low, high, outs)
    value = ops.transpose(value, np.array([0, 3, 1, 2]))
    kernel = weights(ops, 8, 3, 3, 3, **how)
    value = ops.convolution(value, kernel, [2, 2], [1, 1], [1, 1], [1, 1])
    value = rounded(ops, ops.clamp(ops.add(value, np.float32(0.5)), 0.0, 6.0), 0, 6)
    value = rounded(ops, ops.reduce_mean(value, np.array([2, 3]), False), 0, 6)
    value = rounded(ops, ops.matmul(value, weights(ops, 1001, 8, **how), False, True), -12, 12)
    value = rounded(ops, ops.softmax(value, 1), 0, 1, [np.float32(0), np.float32(255)])
    return openvino.Model([ops.result(ops.convert(value, "u8"))], [image], "net")


def run(model, values):
    compiled = load_processor().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return compiled([values])


IMAGES = RANDOM.integers(0, 256, (4, *SIZE, 3), np.uint8)


@pytest.mark.parametrize(
    ("kind", "how"),
    [("u8", {}), ("i8", {"dtype": np.int8, "zero": 0}), ("u8", {"zero": 3})],
)
def test_the_graph_keeps_8_bits_and_says_the_same(ops, tmp_path, kind, how):
    made = normalise(network(ops, kind=kind, **how), Wanted())
    assert made.quantised
    assert made.outputs == {"features": (8,), "feature_map": (8, 6, 8), "probabilities": (1001,)}
    write_graph(made.model, tmp_path / "graph.xml")
    check_graph(
        (tmp_path / "graph.xml").read_bytes(), np.fromfile(tmp_path / "graph.bin", np.uint8)
    )
    stored = {
        str(each.get_element_type())
        for each in made.model.get_ordered_ops()
        if each.get_type_name() == "Constant" and each.get_output_shape(0)
    }
    found = run(made.model, IMAGES)["probabilities"]
    given = IMAGES if kind == "u8" else (IMAGES.astype(np.int16) - 128).astype(np.int8)
    original = network(ops, kind=kind, **how)
    store_floats(original)
    expected = [run(original, each[None])[0][0] / 255 for each in given]
    assert any("int8" in kind for kind in stored)
    np.testing.assert_allclose(found, expected, atol=0.01)
    assert found.sum() == pytest.approx(4, abs=1e-4)


def test_numbers_that_are_no_pixels_are_refused(ops):
    with pytest.raises(Unfit, match=r"from -2.1 to 2.6. Export it with floats"):
        whole_number_pixels(network(ops, pixels=(-2.1, 2.6)))
    model = network(ops, kind="i32")
    with pytest.raises(Unfit, match="an input of type i32"):
        whole_number_pixels(model)


@pytest.mark.parametrize("steps", [[0.01], [0.01, 0.013, 0.0171, 0.3]])
def test_one_step_for_all_channels_or_one_for_each(ops, steps):
    openvino = load_openvino()
    image = ops.parameter([1, 3, 8, 8], openvino.Type.f32)
    numbers = RANDOM.integers(-127, 128, (4, 3, 3, 3))
    numbers[:, 0, 0, :2] = 5, 6  # the step itself is a distance in each channel
    kernel = (numbers * np.array(steps).reshape(-1, 1, 1, 1)).astype("float32")
    value = ops.convolution(rounded(ops, image, 0, 1), kernel, [1, 1], [0, 0], [0, 0], [1, 1])
    model = openvino.Model([ops.result(value)], [image], "net")
    store_whole_numbers(model)
    (stored,) = [
        node.get_data()
        for node in model.get_ordered_ops()
        if node.get_type_name() == "Constant" and str(node.get_element_type()) == "<Type: 'int8_t'>"
    ]
    np.testing.assert_array_equal(stored, numbers)


def test_weights_that_are_no_multiples_stay_floats(ops):
    openvino = load_openvino()
    image = ops.parameter([1, 3, 8, 8], openvino.Type.f32)
    kernel = RANDOM.standard_normal((4, 3, 1, 1)).astype("float32")
    both = [
        ops.convolution(value, kernel, [1, 1], [0, 0], [0, 0], [1, 1])
        for value in (rounded(ops, image, 0, 1), image)
    ]
    model = openvino.Model([ops.result(ops.add(*both))], [image], "net")
    store_whole_numbers(model)
    assert "Multiply" not in {node.get_type_name() for node in model.get_ordered_ops()}


def test_constants_are_computed_only_once(ops):
    model = network(ops)
    store_floats(model)
    kinds = [node.get_type_name() for node in model.get_ordered_ops()]
    assert "Subtract" not in kinds
    store_floats(model)
    assert kinds == [node.get_type_name() for node in model.get_ordered_ops()]
