"""Makes Keras files and reads them back; runs as a process on Keras's OpenVINO backend.

It prints, for each file, the largest difference between what Keras computes and what the graph
that headstart reads computes, and its operations with names.
"""

import json
import sys
from pathlib import Path

import numpy as np

from headstart.foreign.keras_models import read_keras_model
from headstart.networks.keras_tracing import prepare
from headstart.networks.layers import is_numbered
from headstart.networks.runtime import load_processor

SIDE = 16


def functional(keras):
    base = keras.Sequential(
        [
            keras.Input((None, None, 3)),
            keras.layers.Conv2D(4, 3, strides=2, use_bias=False),
            keras.layers.BatchNormalization(),
            keras.layers.Activation("relu"),
        ],
        name="base",
    )
    image = keras.Input((SIDE, SIDE, 3))
    values = keras.layers.RandomFlip("horizontal")(image)
    values = keras.layers.Rescaling(1 / 127.5, offset=-1)(values)
    values = base(values)
    more = keras.layers.DepthwiseConv2D(3, padding="same", activation="silu")(values)
    values = keras.layers.Add()([values, more])
    values = keras.layers.GlobalAveragePooling2D()(values)
    values = keras.layers.Dropout(0.5)(values)
    return keras.Model(image, keras.layers.Dense(3, activation="softmax")(values))


def with_operations(keras):
    image = keras.Input((None, None, 3))
    values = keras.ops.mean(image[..., 1:] / 255 - 0.5, axis=(1, 2))
    return keras.Model(image, keras.layers.Dense(2)(values))


def check(keras, model, path):
    for variable in model.weights:
        values = np.random.default_rng(0).uniform(-0.2, 0.2, variable.shape)
        if "seed" not in variable.path:
            variable.assign(np.abs(values) + 0.5 if "variance" in variable.path else values)
    model.save(path)
    image = np.random.default_rng(1).integers(0, 256, (1, SIDE, SIDE, 3)).astype(np.float32)
    expected = np.asarray(keras.ops.convert_to_numpy(model(image, training=False)))
    graph = read_keras_model(path, (SIDE, SIDE))
    found = load_processor().compile_model(graph, "CPU")(image)[0]
    named = {
        node.get_friendly_name(): node.get_type_name()
        for node in graph.get_ordered_ops()
        if node.get_type_name() != "Constant" and not is_numbered(node)
    }
    return float(np.abs(found - expected).max()), named


def refused(path):
    try:
        read_keras_model(path)
    except ValueError as error:
        return str(error)
    return None


def main():
    folder = Path(sys.argv[1])
    prepare()
    import keras

    made = {
        name: check(keras, make(keras), folder / name)
        for name, make in {
            "functional.keras": functional,
            "functional.h5": functional,
            "operations.keras": with_operations,
        }.items()
    }
    two = [keras.Input((4, 4, 3)), keras.Input((4, 4, 3))]
    keras.Model(two, keras.layers.Add()(two)).save(folder / "two.keras")
    errors = {name: refused(folder / name) for name in ("operations.keras", "two.keras")}
    for path in map(Path, sys.argv[2:]):
        errors[path.name] = refused(path)
    differences = {name: difference for name, (difference, _) in made.items()}
    named = {name: kinds for name, (_, kinds) in made.items()}
    print(json.dumps({"differences": differences, "named": named, "errors": errors}))


if __name__ == "__main__":
    main()
