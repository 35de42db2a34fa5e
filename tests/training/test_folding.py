"""Keras fixes its backend for a whole process: networks are folded in one of their own."""

import json

import pytest

SCRIPT = """
import json, sys
import keras
import numpy as np
from headstart.training.folding import fold

L = keras.layers
random = np.random.default_rng(0)


def odd():
    "Every kind of convolution with a normalisation behind it, and some that can't be folded."
    inputs = x = keras.Input((8, 8, 3))
    x = L.BatchNormalization(name="follows_nothing")(x)
    x = L.Conv2D(6, 3, strides=2, padding="same", name="biased")(x)
    x = L.BatchNormalization(scale=False, name="without_scale")(x)
    x = L.DepthwiseConv2D(3, depth_multiplier=2, padding="same", use_bias=False, name="deep")(x)
    x = L.BatchNormalization(epsilon=0.1, name="after_deep")(x)
    x = L.Conv2D(12, 1, groups=2, name="grouped")(L.ReLU()(x))
    x = L.BatchNormalization(name="after_grouped")(x)
    x = L.Conv2D(5, 1, activation="relu", name="active")(x)
    x = L.BatchNormalization(name="after_active")(x)
    twice = L.Conv2D(5, 1, name="used_twice")(x)
    x = L.Add()([twice, L.BatchNormalization(name="after_used_twice")(twice)])
    x = L.Conv2D(4, 1, use_bias=False, name="frozen")(x)
    x = L.BatchNormalization(name="after_frozen")(x)
    x = L.SeparableConv2D(4, 3, name="separable")(x)
    x = L.BatchNormalization(name="after_separable")(x)
    x = L.Conv2D(4, 1, name="seen_from_outside")(x)
    return keras.Model(inputs, [x, L.BatchNormalization(name="after_seen")(x)])


def application(name, size):
    return getattr(keras.applications, name)(
        weights=None, include_top=False, pooling="avg", input_shape=(size, size, 3)
    )


def near(one, other):
    ones, others = (each if isinstance(each, list) else [each] for each in (one, other))
    return max(
        float(np.abs(a - b).max() / np.abs(b).max()) for a, b in zip(ones, others, strict=True)
    )


found = []
for name, size in json.load(sys.stdin):
    model = application(name, size) if name else odd()
    norms = [each for each in model.layers if isinstance(each, L.BatchNormalization)]
    for norm in norms:
        for weight in norm.weights:
            low, high = (0.0, 1.0) if weight.path.endswith("beta") else (0.5, 1.5)
            weight.assign(random.uniform(low, high, weight.shape))
        if norm.scale:  # as real ones have them: a channel that is switched off
            norm.gamma.assign(np.where(np.arange(norm.gamma.shape[0]) == 1, 0, norm.gamma))
    for layer in model.layers:
        layer.trainable = layer.name != "frozen" and layer not in norms
    images = random.normal(size=(4, *model.input.shape[1:])).astype("float32")
    folded = fold(keras, model)
    before = near(folded.model.predict_on_batch(images), model.predict_on_batch(images))
    statistics = [np.array(each) for n in norms for each in n.non_trainable_variables[-2:]]
    frozen = {each.path: np.array(each) for each in model.weights if "frozen" in each.path}
    for pair in folded.pairs:
        if pair.folded.trainable:
            pair.folded.set_weights(
                [each * random.uniform(0.9, 1.1, each.shape) + 0.01
                 for each in pair.folded.get_weights()]
            )
    folded.unfold()
    found.append({
        "name": name, "before": before,
        "after": near(model.predict_on_batch(images), folded.model.predict_on_batch(images)),
        "norms": len(norms),
        "pairs": [[pair.convolution.name, pair.normalisation.name] for pair in folded.pairs],
        "left": [each.name for each in folded.model.layers
                 if isinstance(each, L.BatchNormalization)],
        "learning": sum(pair.folded.trainable for pair in folded.pairs),
        "same_statistics": all(
            np.array_equal(a, b) for a, b in zip(
                statistics, [each for n in norms for each in n.non_trainable_variables[-2:]],
                strict=True)
        ),
        "same_frozen": all(np.array_equal(frozen[each.path], each)
                           for each in model.weights if each.path in frozen),
        "frozen": len(frozen),
    })
print(json.dumps(found))
"""


def folded(python, *networks):
    process = python("-c", SCRIPT, stdin=json.dumps(networks))
    assert process.returncode == 0, process.stderr
    return json.loads(process.stdout.strip().rpartition("\n")[2])


@pytest.fixture(scope="module")
def odd(python):
    (found,) = folded(python, ("", 0))
    return found


def test_the_folded_network_predicts_the_same(odd):
    assert odd["before"] < 1e-5


def test_the_original_network_gets_what_the_folded_one_has_learnt(odd):
    assert odd["after"] < 1e-5


def test_statistics_and_frozen_layers_stay_the_same_to_the_bit(odd):
    assert odd["same_statistics"]
    assert odd["same_frozen"]
    assert odd["frozen"] == 5  # a kernel, and its normalisation


def test_a_normalisation_is_folded_where_it_alone_follows_a_plain_convolution(odd):
    assert odd["pairs"] == [
        ["biased", "without_scale"],
        ["deep", "after_deep"],
        ["grouped", "after_grouped"],
        ["frozen", "after_frozen"],
    ]
    assert odd["learning"] == 3
    assert odd["left"] == [
        *("follows_nothing", "after_active", "after_used_twice", "after_separable", "after_seen")
    ]


@pytest.mark.slow
def test_real_networks_are_folded_and_unfolded(python):
    networks = [
        *(("MobileNet", 32), ("MobileNetV2", 32), ("MobileNetV3Small", 32), ("ResNet50", 32)),
        *(("ResNet50V2", 32), ("InceptionV3", 75), ("EfficientNetB0", 32), ("DenseNet121", 32)),
        *(("Xception", 71), ("NASNetMobile", 32), ("ConvNeXtTiny", 32)),
    ]
    found = folded(python, *networks)
    for each in found:
        assert each["before"] < 1e-3, each["name"]
        assert each["after"] < 1e-3, each["name"]
        assert each["same_statistics"], each["name"]
    whole = {"MobileNet", "MobileNetV2", "MobileNetV3Small", "ResNet50", "InceptionV3"}
    for each in found:
        if each["name"] in whole:
            assert len(each["pairs"]) == each["norms"] > 0
