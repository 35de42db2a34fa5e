"""Many conversions in one process, so that Keras is imported once; otherwise what a user gets.

It reads a request a line (JSON) and answers each with a line of JSON.
"""

import json
import os
import sys

os.environ["KERAS_BACKEND"] = "openvino"

import numpy as np

from headstart.backbones import keras_export
from headstart.backbones.architectures import ARCHITECTURES
from headstart.networks.keras_tracing import prepare


def save(request):
    """Write random weights for a network with any number of classes, or none."""
    import keras

    top = request["classes"] is not None
    options = {"classes": request["classes"]} if top else {"pooling": "avg"}
    name = request["builder"]
    builder = ARCHITECTURES.get(name) or getattr(keras.applications, name)
    # Keras on OpenVINO would compile a graph for each array that it draws.
    with keras.StatelessScope(initialize_variables=False):
        model = builder(
            weights=None,
            include_top=top,
            input_shape=(*request.get("size", (32, 32)), 3),
            **options,
        )
    rng = np.random.default_rng(0)
    for weight in model.weights:
        weight.assign(draw(rng, tuple(weight.shape)))
    model.save_weights(request["path"])
    return {}


def draw(rng, shape):
    """Return random weights that keep the size of what goes through a network."""
    if len(shape) < 2:
        return rng.uniform(0.5, 1.5, shape).astype(np.float32)
    scale = np.sqrt(2 / np.prod(shape[:-1]))
    return (scale * rng.standard_normal(shape)).astype(np.float32)


class Asked(Exception):
    """Keras asked for a file."""


def published(request):
    """Return what Keras would download: [name, address, hash] with classifier and without."""
    import keras
    from keras.src.utils import file_utils

    def get_file(fname, origin, file_hash=None, **_):
        raise Asked(fname, origin, file_hash)

    file_utils.get_file = get_file
    builder = getattr(keras.applications, request["builder"])
    asked = []
    for top in (True, False):
        keras.utils.clear_session()
        try:
            with keras.StatelessScope(initialize_variables=False):
                builder(weights="imagenet", include_top=top, input_shape=(*request["size"], 3))
        except Asked as file:
            asked.append(file.args)
    return {"published": asked}


if __name__ == "__main__":
    prepare()
    keras_export.TASKS.update(save=save, published=published)
    for line in sys.stdin:
        print(json.dumps(keras_export.answer(json.loads(line))), flush=True)
