"""Keras files written without Keras."""

import io
import json
import zipfile

import h5py
import numpy as np


def layer(kind, name, inputs=(), **settings):
    """Return the description of a layer, as Keras 3 writes it."""
    args = [
        {
            "class_name": "__keras_tensor__",
            "config": {"shape": [None], "keras_history": [one, 0, 0]},
        }
        for one in inputs
    ]
    return {
        "module": "keras.layers",
        "class_name": kind,
        "config": {"name": name, **settings},
        "registered_name": None,
        "name": name,
        "inbound_nodes": [{"args": args, "kwargs": {}}] if inputs else [],
    }


def network(layers, first="image", last="dense"):
    """Return the description of a network, as Keras 3 writes it."""
    return {
        "module": "keras.src.models.functional",
        "class_name": "Functional",
        "config": {
            "name": "network",
            "layers": layers,
            "input_layers": [[first, 0, 0]],
            "output_layers": [[last, 0, 0]],
        },
        "registered_name": "Functional",
    }


CONFIG = network(
    [
        layer("InputLayer", "image", batch_shape=[None, 4, 4, 3], dtype="float32"),
        layer("GlobalAveragePooling2D", "pool", ["image"]),
        layer("Dense", "dense", ["pool"], units=2, activation="softmax"),
    ]
)


def weights():
    """Return the weights of `CONFIG`: 8 numbers."""
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        file["layers/dense/vars/0"] = np.ones((3, 2), np.float32)
        file["layers/dense/vars/1"] = np.zeros(2, np.float32)
    return content.getvalue()


def write_archive(path, config, more=(), **options):
    """Write a ``.keras`` file with this description, and `more` members by name."""
    text = config if isinstance(config, bytes) else json.dumps(config).encode()
    members = {"metadata.json": b"{}", "config.json": text, "model.weights.h5": weights()}
    with zipfile.ZipFile(path, "w", **options) as archive:
        for name, content in {**members, **dict(more)}.items():
            archive.writestr(name, content)
    return path
