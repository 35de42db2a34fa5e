"""Keras fixes its backend for a whole process: networks are assembled in one of their own."""

import json

import pytest

SCRIPT = """
import json, sys
import keras
import numpy as np
from pathlib import Path
from headstart.backbones import keras_weights
from headstart.backbones.catalogue import get_backbone
from headstart.prediction.scoring import Layer
from headstart.errors import UsageError
from headstart.finetuning.assembling import divide, with_head

name, file = sys.argv[1], Path(sys.argv[2])
row = get_backbone(name)
# With the classifier: where features come from a layer of it, its names are asked for, too.
keras_weights.build(row, row.size, row.n_classes).save_weights(file)
random = np.random.default_rng(0)


def divided(size):
    return divide(keras, row, file, size, layer=None, pooling="auto", where="all", precision="f32")


def assembled(divided):
    n = divided.point.backbone.output.shape[-1]
    head = Layer(np.ones((n, 2), "f") * np.array([0.1, -0.1], "f"), np.zeros(2, "f"), "linear")
    return with_head(divided, [head], dropout=0.5, upper_only=False)


# 40, 20, 10, 5, 3, 2 pixels against 64, 32, 16, 8, 4, 2: padded elsewhere, to as many.
both, small = assembled(divided(64).learning_from(40)), assembled(divided(40))
images = random.uniform(0, 255, (2, 40, 40, 3)).astype("float32")
own = {id(each) for each in both.network.weights}
found = {
    "apart": float(np.abs(both.learner.predict_on_batch(images)
                          - small.network.predict_on_batch(images)).max()),
    "sizes": [both.network.input.shape[1], both.learner.input.shape[1]],
    "shared": all(id(each) in own for each in both.learner.weights),
    "alone": small.network is small.learner,
    "same": divided(40).learning_from(40).for_size is None,
}
try:
    divided(64).learning_from(32)
except UsageError as error:
    found["refused"] = str(error)
print(json.dumps(found))
"""


@pytest.mark.parametrize(
    "name",
    [
        "mobilenet_v2",
        pytest.param("mobilenet_v3_small", marks=pytest.mark.slow),
        pytest.param("efficientnet_b0", marks=pytest.mark.slow),
    ],
)
def test_images_of_another_size_are_learnt_from_as_by_a_network_built_for_them(
    python, tmp_path, name
):
    process = python("-c", SCRIPT, name, tmp_path / "random.weights.h5")
    assert process.returncode == 0, process.stderr
    found = json.loads(process.stdout.strip().rpartition("\n")[2])
    refused = found.pop("refused")
    assert found.pop("apart") < 1e-6
    assert found == {"sizes": [64, 40], "shared": True, "alone": True, "same": True}
    assert "Received: 32 pixels, which make 1 x 1, for a network of 64 pixels" in refused
