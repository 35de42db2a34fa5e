"""SavedModels as TensorFlow 1 and 2, their hubs and Keras write them, beside TensorFlow itself."""

import os
import subprocess
import sys

import numpy as np
import pytest

from headstart.backbones.finding import find_network
from headstart.backbones.spec import NetworkSpec
from headstart.networks.runtime import load_openvino

pytestmark = pytest.mark.slow

MAKE = """
import sys
from pathlib import Path
import keras, numpy as np, tensorflow as tf
out = Path(sys.argv[1])
layers = keras.layers
keras.utils.set_random_seed(0)
network = keras.Sequential([
    keras.Input((32, 32, 3)),
    layers.Conv2D(8, 3, strides=2, padding="same"),
    layers.ReLU(),
    layers.Conv2D(12, 3, strides=2, activation="relu"),
    layers.GlobalAveragePooling2D(),
    layers.Dense(5, activation="softmax"),
])
pixels = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), dtype=np.uint8)
np.savez(out / "results", pixels=pixels, expected=network(pixels / np.float32(255)).numpy())
network.export(out / "of_keras")
tf.saved_model.save(network, out / "of_tensorflow_2")

class Reusable(tf.Module):
    def __init__(self):
        self.kept = [variable.value for variable in network.variables]

    @tf.function
    def __call__(self, inputs, training=False):
        return network(inputs, training=training)

module = Reusable()
module(tf.zeros([1, 32, 32, 3]))
given = tf.TensorSpec([None, 32, 32, 3], tf.float32, name="inputs")
predict = tf.function(lambda inputs: {"logits": network(inputs)}, input_signature=[given])
tf.saved_model.save(module, out / "of_hub_2", signatures=predict)

old = tf.compat.v1
weights = [weight.numpy() for weight in network.weights]
with old.Graph().as_default() as graph:
    images = old.placeholder(tf.float32, [None, 32, 32, 3], name="images")
    kept = [old.get_variable(f"w{i}", initializer=each, use_resource=False)
            for i, each in enumerate(weights)]
    maps = tf.nn.relu(tf.nn.conv2d(images, kept[0], 2, "SAME") + kept[1])
    maps = tf.nn.relu(tf.nn.conv2d(maps, kept[2], 2, "VALID") + kept[3])
    features = tf.reduce_mean(maps, [1, 2])
    logits = tf.matmul(features, kept[4]) + kept[5]
    signature = old.saved_model.predict_signature_def
    signatures = {
        "default": signature({"images": images}, {"default": logits}),
        "image_classification": signature({"images": images}, {"logits": logits}),
        "image_feature_vector": signature({"images": images}, {"default": features}),
    }
    with old.Session(graph=graph) as session:
        session.run(old.global_variables_initializer())
        for name, tags in (("of_tensorflow_1", ["serve"]), ("of_hub_1", [])):
            builder = old.saved_model.Builder(str(out / name))
            builder.add_meta_graph_and_variables(session, tags, signature_def_map=signatures)
            builder.save()
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    pytest.importorskip("tensorflow")
    place = tmp_path_factory.mktemp("made")
    environment = {**os.environ, "KERAS_BACKEND": "tensorflow"}
    command = [sys.executable, "-c", MAKE, place]
    subprocess.run(command, check=True, capture_output=True, env=environment)
    return place


@pytest.mark.parametrize(
    "name", ["of_keras", "of_tensorflow_2", "of_hub_2", "of_tensorflow_1", "of_hub_1"]
)
def test_outputs_are_those_of_tensorflow(made, name):
    results = np.load(made / "results.npz")
    network = find_network(NetworkSpec(made / name, preprocessing="zero-to-one"))
    assert network.size == (32, 32)
    assert network.outputs["features"] == (12,)
    core = load_openvino().Core()
    precise = {"INFERENCE_PRECISION_HINT": "f32"}
    compiled = core.compile_model(core.read_model(network.graph), "CPU", precise)
    found = compiled(results["pixels"])["probabilities"]
    assert np.abs(found - results["expected"]).max() < 1e-5
    assert np.ptp(results["expected"], axis=0).max() > 1e-3  # the images differ
