"""Graphs of other programs become graphs of ours, and compute the same."""

import math
import re

import numpy as np
import pytest

from headstart.foreign.lowering import Unfit
from headstart.foreign.normalising import Wanted, normalise, takes_floats
from headstart.networks import layers as room
from headstart.networks.preprocessing import INSIDE, MINUS_ONE_TO_ONE
from headstart.networks.runtime import load_openvino, load_processor

SIZE = (16, 12)


def draw(*shape):
    return np.random.default_rng(shape).standard_normal(shape).astype("float32") / 3


@pytest.fixture(scope="module")
def ops():
    return load_openvino().opset13


@pytest.fixture(scope="module")
def run():
    core = load_processor()

    def compute(model, values):
        settings = {"INFERENCE_PRECISION_HINT": "f32"}
        outputs = core.compile_model(model, "CPU", settings)([values])
        return {output.get_any_name(): value for output, value in outputs.to_dict().items()}

    return compute


def network(ops, *, batch=1, classes=1000, softmax=False, first=True, kind="f32", size=SIZE):
    """Return a small convolutional classifier as a front end would read it."""
    openvino = load_openvino()
    kinds = {"f32": openvino.Type.f32, "u8": openvino.Type.u8}
    shape = [batch, 3, *size] if first else [batch, *size, 3]
    image = ops.parameter(openvino.PartialShape(shape), kinds[kind])
    image.output(0).set_names({"input"})
    value = image if kind == "f32" else ops.convert(image, "f32")
    value = value if first else ops.transpose(value, np.array([0, 3, 1, 2]))
    value = ops.convolution(value, draw(5, 3, 3, 3), [2, 2], [1, 1], [1, 1], [1, 1])
    value.set_friendly_name("convolution")
    value = ops.relu(ops.add(value, draw(1, 5, 1, 1)))
    value.set_friendly_name("stem")
    value = ops.reduce_mean(value, np.array([2, 3]), keep_dims=True)
    batch_size = ops.gather(ops.shape_of(value), np.array([0]), np.array(0))
    value = ops.reshape(value, ops.concat([batch_size, np.array([5])], 0), special_zero=False)
    value = ops.add(ops.matmul(value, draw(5, classes), False, False), draw(classes))
    value.set_friendly_name("scores")
    value = ops.softmax(value, 1) if softmax else value
    value.output(0).set_names({"output"})
    return openvino.Model([ops.result(value)], [image], "net")


IMAGES = np.random.default_rng(1).integers(0, 256, (3, *SIZE, 3), np.uint8)


@pytest.mark.parametrize("batch", [1, -1])
@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("softmax", [True, False])
def test_a_classifier_gets_our_input_and_outputs(ops, run, batch, first, softmax):
    original = network(ops, softmax=softmax, first=first)
    made = normalise(
        network(ops, batch=batch, softmax=softmax, first=first),
        Wanted(preprocessing=MINUS_ONE_TO_ONE, size=SIZE),
    )
    assert made.outputs == {"features": (5,), "feature_map": (8, 6, 5), "probabilities": (1000,)}
    assert made.size == SIZE
    found = run(made.model, IMAGES)
    given = IMAGES.astype("float32") / 127.5 - 1
    for image, probabilities in zip(given, found["probabilities"], strict=True):
        (expected,) = run(
            original, image.transpose(2, 0, 1)[None] if first else image[None]
        ).values()
        if not softmax:
            expected = np.exp(expected) / np.exp(expected).sum()
        np.testing.assert_allclose(probabilities, expected[0], atol=1e-6)
    np.testing.assert_allclose(found["features"], found["feature_map"].mean((1, 2)), atol=1e-5)


def test_bytes_go_in_as_they_are(ops, run):
    model = network(ops, kind="u8", first=False)
    assert not takes_floats(model)
    made = normalise(model, Wanted(preprocessing=MINUS_ONE_TO_ONE))
    expected = normalise(network(ops, first=False), Wanted(preprocessing=INSIDE))
    found, other = (run(each.model, IMAGES)["features"] for each in (made, expected))
    np.testing.assert_allclose(found, other, rtol=1e-5)


def test_outputs_of_another_number_are_features_unless_classes_are_known(ops):
    made = normalise(network(ops, classes=7), Wanted())
    assert made.outputs == {"features": (7,), "feature_map": (8, 6, 5)}
    made = normalise(network(ops, classes=7), Wanted(n_classes=7))
    assert made.outputs["probabilities"] == (7,)


def test_a_layer_gives_the_features(ops):
    made = normalise(network(ops), Wanted(layer="stem"))
    assert made.outputs == {"features": (5,), "feature_map": (8, 6, 5), "probabilities": (1000,)}
    assert normalise(network(ops), Wanted(layer="scores")).outputs["features"] == (1000,)
    with pytest.raises(Unfit, match=r"'stam'. Did you mean stem"):
        normalise(network(ops), Wanted(layer="stam"))


@pytest.mark.parametrize("first", [True, False])
def test_maps_of_layers_have_their_channels_last_whatever_the_file_has(ops, run, first):
    for layer in ("stem", "convolution"):
        made = normalise(network(ops, first=first), Wanted(layer=layer))
        assert made.outputs["feature_map"] == (8, 6, 5)
        found = run(made.model, IMAGES)
        means = found["feature_map"].mean((1, 2))
        np.testing.assert_allclose(found["features"], means, rtol=1e-4, atol=1e-4)


def test_layers_without_names_are_numbered(ops):
    for _ in range(2):  # whatever else this process has made before
        made = normalise(network(ops), Wanted(layer="MatMul:1"))
        assert made.outputs["features"] == (1000,)


def test_a_free_size_must_be_given(ops):
    assert normalise(network(ops, size=(-1, -1)), Wanted(size=(20, 24))).size == (20, 24)
    with pytest.raises(Unfit, match="any size"):
        normalise(network(ops, size=(-1, -1)), Wanted())
    with pytest.raises(Unfit, match=r"16 x 12 only. Received: size=\(20, 24\)"):
        normalise(network(ops), Wanted(size=(20, 24)))


def test_networks_that_take_no_images_are_refused(ops):
    openvino = load_openvino()
    text = ops.parameter([1, 7], openvino.Type.f32)
    model = openvino.Model([ops.result(ops.relu(text))], [text], "net")
    with pytest.raises(Unfit, match="must take colour images"):
        normalise(model, Wanted())
    image = ops.parameter([1, 3, 8, 8], openvino.Type.f32)
    both = ops.add(image, ops.reduce_mean(text, np.array([0, 1]), True))
    model = openvino.Model([ops.result(both)], [image, text], "net")
    with pytest.raises(Unfit, match=r"one input, for images. Received: 2"):
        normalise(model, Wanted())


def test_unknown_operations_are_refused_by_name(ops):
    openvino = load_openvino()
    image = ops.parameter([1, 3, 8, 8], openvino.Type.f32)
    mean = ops.reduce_mean(ops.cos(image), np.array([2, 3]), False)
    model = openvino.Model([ops.result(mean)], [image], "net")
    with pytest.raises(Unfit, match="Received, besides: Cos"):
        normalise(model, Wanted())


def test_a_network_that_moves_the_batch_computes_on_each_image_alone(ops):
    openvino = load_openvino()
    image = ops.parameter([1, 3, 8, 8], openvino.Type.f32)
    channels = ops.reshape(ops.relu(image), np.array([3, 64]), special_zero=False)
    value = ops.reshape(ops.softmax(channels, 0), np.array([1, 192]), special_zero=False)
    model = openvino.Model([ops.result(value)], [image], "net")
    # Compared with the file inside.
    assert normalise(model, Wanted()).outputs["features"] == (192,)


def test_every_layer_that_is_listed_can_give_the_features(ops, tiny_network, monkeypatch):
    def normalised(**wanted):
        original = network(ops)
        return normalise(original, Wanted(preprocessing=MINUS_ONE_TO_ONE, **wanted))

    graph = normalised().model
    monkeypatch.setattr(room, "read_graph", lambda *_: graph)
    layers = room.list_layers(tiny_network)
    names = [layer.name for layer in layers]
    assert {"convolution", "stem", "scores"} < set(names)
    assert not [name for name in names if re.fullmatch(r"[A-Za-z]+_\d+", name)]
    for layer in layers:
        assert math.prod(normalised(layer=layer.name).outputs["features"]) in layer.shape
