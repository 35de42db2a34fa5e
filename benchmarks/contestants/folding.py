"""Time training steps of a whole network with frozen batch normalisation, plain and folded.

The weights are random, which is as fast as real ones.
"""

import argparse
import json
import statistics
import time
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np

from headstart.backbones.catalogue import get_backbone
from headstart.backbones.keras_weights import build
from headstart.training.backend import start_keras
from headstart.training.folding import fold

if TYPE_CHECKING:
    from keras import Model

BATCH, STEPS, ROUNDS = 64, 8, 5
CLASSES = 10


def main() -> None:
    """Print the median seconds of a step in each round, for both forms in turn."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True)
    parser.add_argument("--size", type=int, required=True)
    options = parser.parse_args()
    keras = start_keras()
    backbone = build(get_backbone(options.model), (options.size, options.size), None)
    for layer in backbone.layers:
        layer.trainable = not isinstance(layer, keras.layers.BatchNormalization)
    folded = fold(keras, backbone).model
    models = {"plain": _compiled(keras, backbone), "folded": _compiled(keras, folded)}
    batch = _batch(options.size)
    for model in models.values():
        model.train_on_batch(*batch)
    found: dict[str, list[float]] = {name: [] for name in models}
    for _ in range(ROUNDS):
        for name, model in models.items():
            found[name].append(statistics.median(_step(model, batch) for _ in range(STEPS)))
    print(json.dumps(found))


def _compiled(keras: ModuleType, backbone: "Model") -> "Model":
    outputs = keras.layers.Dense(CLASSES, "softmax")(backbone.output)
    model = keras.Model(backbone.input, outputs)
    model.compile(keras.optimizers.Adam(1e-4), "categorical_crossentropy", jit_compile=False)
    return model


def _batch(size: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    images = random.uniform(-1, 1, (BATCH, size, size, 3)).astype(np.float32)
    return images, np.eye(CLASSES, dtype=np.float32)[random.integers(0, CLASSES, BATCH)]


def _step(model: "Model", batch: tuple[np.ndarray, np.ndarray]) -> float:
    began = time.perf_counter()
    model.train_on_batch(*batch)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
