"""Keras fixes its backend for a whole process, so the networks are built in one of their own."""

import json

import pytest

SCRIPT = """
import json, sys
from dataclasses import replace
import keras
import numpy as np
from pathlib import Path
from types import SimpleNamespace
from headstart.backbones import keras_weights
from headstart.backbones.catalogue import get_backbone
from headstart.prediction.scoring import Layer
from headstart.errors import UsageError
from headstart.finetuning.settings import FineTuning
from headstart.finetuning.split_network import split_network, with_head

name, file = sys.argv[1], Path(sys.argv[2])
row = get_backbone(name)
# With the classifier: where features come from a layer of it, its names are asked for, too.
keras_weights.build(row, row.size, row.n_classes).save_weights(file)
random = np.random.default_rng(0)


def split(size, view_size=None, **network):
    network = SimpleNamespace(**{"size": (size, size), "layer": None, "pooling": "auto"} | network)
    settings = FineTuning(where="all", view_size=view_size)
    return split_network(keras, row, file, network, settings, "f32")


def refusal(*args, **kwargs):
    try:
        split(*args, **kwargs)
    except UsageError as error:
        return str(error)


def headed(split):
    n = split.point.backbone.output.shape[-1]
    head = Layer(np.ones((n, 2), "f") * np.array([0.1, -0.1], "f"), np.zeros(2, "f"), "linear")
    return with_head(split, [head], dropout=0.5, upper_only=False)


# 40, 20, 10, 5, 3, 2 pixels against 64, 32, 16, 8, 4, 2: padded differently, to the same map.
as_built = split(40, 40)
views, small = headed(split(64, 40)), headed(as_built)
images = random.uniform(0, 255, (2, 40, 40, 3)).astype("float32")
own = {id(each) for each in views.network.weights}
maximum = split(64, pooling="max")
print(json.dumps({
    "apart": float(np.abs(views.model.predict_on_batch(images)
                          - small.network.predict_on_batch(images)).max()),
    "sizes": [views.network.input.shape[1], views.model.input.shape[1]],
    "shared": all(id(each) in own for each in views.model.weights),
    "alone": small.network is small.model,
    "same": as_built.for_views is None and maximum.for_views is None,
    "pooled": type(maximum.point.backbone.layers[-1]).__name__,
    "other map": refusal(64, 32),
    "too large": refusal(64, 80),
    "too small": refusal(64, 8),
    "policy": keras.config.dtype_policy().name,
}))
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mobilenet_v2", "mobilenet_v3_small", "efficientnet_b0"])
def test_views_of_another_size_are_trained_on_as_by_a_network_built_for_them(
    python, tmp_path, name
):
    process = python("-c", SCRIPT, name, tmp_path / "random.weights.h5")
    assert process.returncode == 0, process.stderr
    found = json.loads(process.stdout.strip().rpartition("\n")[2])
    assert found.pop("apart") < 1e-6
    assert "32 pixels, which make 1 x 1, for a network of 64 pixels" in found.pop("other map")
    assert "to the size of the network, 64. Received: 80" in found.pop("too large")
    assert "view_size must be from 32 to" in found.pop("too small")
    assert found == {
        "sizes": [64, 40],
        "shared": True,
        "alone": True,
        "same": True,
        "pooled": "GlobalMaxPooling2D",
        "policy": "float32",
    }
