"""The classifier, the features before it and the feature map are found."""

import numpy as np
import pytest

from headstart.foreign.ends import find_ends
from headstart.foreign.lowering import Unfit
from headstart.networks.runtime import load_openvino

AXES = np.array([2, 3])


def draw(*shape):
    return np.random.default_rng(shape).standard_normal(shape).astype("float32")


@pytest.fixture
def ops():
    return load_openvino().opset13


@pytest.fixture
def ends(ops):
    """Return the shapes of the outputs that are found: ``ends(build)``."""

    def find(build, **known):
        openvino = load_openvino()
        image = ops.parameter([1, 3, 8, 8], openvino.Type.f32)
        stem = ops.convolution(image, draw(6, 3, 2, 2), [2, 2], [0, 0], [0, 0], [1, 1])
        made = build(ops, ops.relu(stem))
        results = [ops.result(each) for each in (made if isinstance(made, list) else [made])]
        model = openvino.Model(results, [image], "net")
        found = find_ends(model, channels_first=True, **known)
        return {name: tuple(value.get_shape())[1:] for name, value in found.named().items()}

    return find


def dense(ops, value, n, name=None):
    size = value.get_output_shape(0)[-1]
    layer = ops.matmul(value, draw(size, n), False, False)
    layer.set_friendly_name(name or layer.get_friendly_name())
    return ops.add(layer, draw(n))


def pooled(ops, x):
    return ops.reduce_mean(x, AXES, False)


def convolved(ops, x, n):
    return ops.convolution(x, draw(n, 6, 1, 1), [1, 1], [0, 0], [0, 0], [1, 1])


def tokens(ops, x, extra=0):
    size = x.get_output_shape(0)
    flat = ops.transpose(
        ops.reshape(x, np.array([1, size[1], size[2] * size[3]]), False), np.array([0, 2, 1])
    )
    return ops.concat([draw(1, extra, size[1]), flat], 1) if extra else flat


def token(ops, x, place):
    return ops.gather(tokens(ops, x, 2), np.array(place), np.array(1))


def two_heads(ops, features):
    scaled = ops.multiply(features, draw(6))
    both = ops.add(dense(ops, features, 1000), dense(ops, scaled, 1000))
    return ops.multiply(both, np.float32(0.5))


FOUND = {"features": (6,), "feature_map": (4, 4, 6), "probabilities": (1000,)}


@pytest.mark.parametrize(
    "build",
    [
        lambda ops, x: dense(ops, pooled(ops, x), 1000),
        lambda ops, x: ops.softmax(dense(ops, pooled(ops, x), 1000), 1),
        # Squeezenet: of each place, then the mean.
        lambda ops, x: ops.reduce_mean(ops.relu(convolved(ops, x, 1000)), AXES, False),
        lambda ops, x: convolved(ops, ops.reduce_mean(x, AXES, True), 1000),
        lambda ops, x: dense(ops, ops.multiply(pooled(ops, x), draw(6)), 1000),
        lambda ops, x: dense(ops, token(ops, x, 0), 1000),
        lambda ops, x: dense(ops, ops.reduce_mean(tokens(ops, x), np.array([1]), False), 1000),
        # Two classifiers of the same features.
        lambda ops, x: two_heads(ops, pooled(ops, x)),
    ],
)
def test_classifiers(ends, build):
    assert ends(build) == FOUND


def test_a_flattened_map_is_the_feature_map(ends):
    def vgg(ops, x):
        flat = ops.reshape(x, np.array([1, 96]), False)
        return dense(ops, ops.relu(dense(ops, flat, 20)), 1000)

    assert ends(vgg) == {"features": (20,), "feature_map": (4, 4, 6), "probabilities": (1000,)}


@pytest.mark.parametrize(
    ("build", "features"),
    [
        (lambda _, x: x, (6,)),
        (lambda ops, x: tokens(ops, x, 1), (6,)),
        (tokens, (6,)),
        (lambda ops, x: [tokens(ops, x, 1), token(ops, x, 0)], (6,)),
        (lambda ops, x: dense(ops, pooled(ops, x), 512), (512,)),
    ],
)
def test_networks_without_classifier(ends, build, features):
    assert ends(build) == {"features": features, "feature_map": (4, 4, 6)}


def test_a_name_tells_a_classifier(ends):
    for name in ("model/fc/MatMul", "head.weight", "Predictions"):
        found = ends(lambda ops, x, name=name: dense(ops, pooled(ops, x), 7, name))
        assert found["probabilities"] == (7,)


def test_the_number_of_classes_tells_a_classifier(ends):
    build = lambda ops, x: dense(ops, pooled(ops, x), 7)  # noqa: E731 - used twice
    assert "probabilities" not in ends(build)
    assert ends(build, n_classes=7)["probabilities"] == (7,)


def test_each_operation_is_looked_at_once(ends):
    def doubled(ops, x):
        # By each way to it, the layer would be looked at 2 ** 64 times.
        logits = dense(ops, pooled(ops, x), 1000)
        for _ in range(64):
            logits = ops.add(logits, logits)
        return logits

    assert ends(doubled) == FOUND


def test_classifiers_of_different_features_are_refused(ends):
    def distilled(ops, x):
        both = [dense(ops, token(ops, x, place), 1000) for place in (0, 1)]
        return ops.multiply(ops.add(*both), np.float32(0.5))

    with pytest.raises(Unfit, match="2 classifiers"):
        ends(distilled)


def test_layers_that_are_no_features_are_refused(ends):
    def build(ops, x):
        odd = ops.reshape(x, np.array([1, 2, 3, 4, 4]), False)
        odd.set_friendly_name("odd")
        return ops.reduce_mean(odd, np.array([1, 3, 4]), False)

    with pytest.raises(Unfit, match=r"'odd', with the shape \(2, 3, 4, 4\)"):
        ends(build, layer="odd")


def test_layers_of_windows_are_refused_and_never_suggested(ends):
    def build(ops, x):
        windows = ops.reshape(x, np.array([4, 6, 2, 2]), False)
        windows.set_friendly_name("window")
        return ops.reshape(windows, np.array([1, 96]), False)

    with pytest.raises(Unfit, match=r"\(6, 2, 2\) for each of 4 windows"):
        ends(build, layer="window")
    with pytest.raises(Unfit, match=r"'windo'\. `headstart models FILE` lists"):
        ends(build, layer="windo")


def test_a_map_made_of_tokens_has_its_channels_last(ends):
    def build(ops, x):
        made = ops.reshape(tokens(ops, x), np.array([1, 4, 4, 6]), False)
        normalised = ops.multiply(made, draw(6))
        normalised.set_friendly_name("map")
        return ops.reduce_mean(normalised, np.array([1, 2]), False)

    assert ends(build, layer="map") == {"features": (6,), "feature_map": (4, 4, 6)}
