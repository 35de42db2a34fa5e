"""The line of the tutorials: a classifier of TensorFlow Hub, by its address.

TensorFlow makes the SavedModel here, with random weights, in the layout of the hub; a server on
this machine has its archive.
"""

import os
import subprocess
import sys
import tarfile

import numpy as np
import pytest
from PIL import Image
from tests.hub.hub_server import Answer, serving

from headstart.backbones.finding import find_network
from headstart.backbones.spec import NetworkSpec
from headstart.cli.main import main

pytestmark = pytest.mark.slow

ADDRESS = "https://tfhub.dev/google/imagenet/inception_v3/classification/4"
PATH = "/google/imagenet/inception_v3/classification/4.tar.gz"

# Kernels keep the size of what goes through, so that images differ at the end.
MAKE = """
import sys
import keras, numpy as np, tensorflow as tf
folder, results = sys.argv[1:]
network = keras.applications.InceptionV3(weights=None, classes=1001, classifier_activation=None)
numbers = np.random.default_rng(0)
for layer in network.layers:
    if hasattr(layer, "kernel"):
        shape = layer.kernel.shape
        scale = np.sqrt(2 / np.prod(shape[:-1]))
        layer.kernel.assign(numbers.normal(0, scale, shape).astype(np.float32))

class Published(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec([None, 299, 299, 3], tf.float32, name="inputs")])
    def __call__(self, inputs):
        return {"logits": network(inputs * 2 - 1, training=False)}

module = Published()
module.kept = [variable.value for variable in network.variables]
tf.saved_model.save(module, folder, signatures={"serving_default": module.__call__})
images = numbers.integers(0, 256, (3, 299, 299, 3), dtype=np.uint8)
images[1] //= 3
images[2, :150] = 255
logits = module(tf.constant(images / np.float32(255)))["logits"]
np.savez(results, images=images, probabilities=tf.nn.softmax(logits).numpy())
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Return the archive of the SavedModel, images, and what TensorFlow predicts for them."""
    pytest.importorskip("tensorflow")
    place = tmp_path_factory.mktemp("made")
    command = [sys.executable, "-c", MAKE, place / "net", place / "results.npz"]
    environment = {**os.environ, "KERAS_BACKEND": "tensorflow"}
    subprocess.run(command, check=True, capture_output=True, env=environment)
    with tarfile.open(place / "net.tar.gz", "w:gz", compresslevel=1) as tar:
        tar.add(place / "net", ".")
    results = np.load(place / "results.npz")
    return (place / "net.tar.gz").read_bytes(), results["images"], results["probabilities"]


@pytest.fixture
def hub(made, monkeypatch):
    with serving() as server:
        server.routes[PATH] = Answer(made[0])
        monkeypatch.setenv("HEADSTART_MIRROR", server.url)
        yield server


def test_it_loads_by_its_address_and_predicts_as_tensorflow_does(hub, made):
    import openvino

    network = find_network(NetworkSpec(ADDRESS))
    assert network.size == (299, 299)
    assert network.outputs["probabilities"] == (1001,)
    assert network.outputs["features"] == (2048,)
    assert network.classes[0].label == "background"
    core = openvino.Core()
    precise = {"INFERENCE_PRECISION_HINT": "f32"}
    compiled = core.compile_model(core.read_model(network.graph), "CPU", precise)
    found = compiled(made[1])["probabilities"]
    assert np.abs(found - made[2]).max() < 1e-4
    assert (found.argmax(1) == made[2].argmax(1)).all()
    assert np.ptp(made[2], axis=0).max() > 0.01  # the images differ
    assert hub.paths() == [PATH]
    assert find_network(NetworkSpec(ADDRESS)).key == network.key
    assert hub.paths() == [PATH]


@pytest.mark.usefixtures("hub")
def test_command_takes_the_address(made, tmp_path, capsys):
    Image.fromarray(made[1][0]).save(tmp_path / "image.png")
    assert main(["predict", str(tmp_path / "image.png"), "--model", ADDRESS]) == 0
    assert "%" in capsys.readouterr().out
