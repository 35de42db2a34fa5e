"""Plain Keras: steps of `train_on_batch` that train all of a network.

Batch normalisation is frozen, as Keras's guide to transfer learning says.
"""

import argparse
import json
import os
import time

import numpy as np

CLASSES = 10


def main() -> None:
    """Warm up, time the steps, and print the record."""
    options = _options()
    os.environ["KERAS_BACKEND"] = options.backend
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import keras
    from keras_model import BUILDERS

    began = time.perf_counter()
    if options.precision == "bf16":
        keras.config.set_dtype_policy("mixed_bfloat16")
    shape = (options.size, options.size, 3)
    backbone = getattr(keras.applications, BUILDERS[options.model])(
        input_shape=shape, weights=None, include_top=False, pooling="avg"
    )
    for layer in backbone.layers:
        layer.trainable = not isinstance(layer, keras.layers.BatchNormalization)
    pixels = keras.Input(shape, dtype="uint8")
    features = backbone(keras.layers.Rescaling(1 / 127.5, -1)(pixels))
    answers = keras.layers.Dense(CLASSES, "softmax", dtype="float32")(features)
    model = keras.Model(pixels, answers)
    model.compile(keras.optimizers.Adam(1e-4), "sparse_categorical_crossentropy")
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (options.batch, *shape), np.uint8)
    labels = random.integers(0, CLASSES, options.batch)
    for _ in range(options.warm_up):
        model.train_on_batch(images, labels)
    ready = time.perf_counter()
    for _ in range(options.steps):
        model.train_on_batch(images, labels)  # returns the loss, so the step is done
    seconds = time.perf_counter() - ready
    record = {
        "images_per_second": options.steps * options.batch / seconds,
        "step_seconds": seconds / options.steps,
        "set_up_seconds": ready - began,
    }
    print(json.dumps(record))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True)
    parser.add_argument("--backend", choices=("tensorflow", "jax", "torch"), required=True)
    parser.add_argument("--precision", choices=("f32", "bf16"), required=True)
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--size", type=int, required=True)
    parser.add_argument("--warm-up", type=int, default=5)
    parser.add_argument("--steps", type=int, required=True)
    return parser.parse_args()


if __name__ == "__main__":
    main()
