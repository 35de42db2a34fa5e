"""What Keras itself answers; runs as a process of its own, on TensorFlow.

    python reference.py < cases.json

For each case a network gets random weights, which are saved for the conversion to load, and
answers some random images. Nothing here comes from headstart, so that an error there can't hide.
"""

import importlib
import json
import os
import sys
from pathlib import Path

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import h5py
import keras
import numpy as np
from keras.src.legacy.saving import legacy_h5_format
from keras.src.utils import file_utils


def answer(case):
    keras.utils.clear_session()
    images = np.random.default_rng(1).integers(0, 256, (case["batch"], *case["size"], 3), np.uint8)
    pixels = preprocess(case["builder"], images)
    model = build(case, top=case["top"])
    randomise(model, pixels[:2], np.random.default_rng(2))
    save(model, Path(case["weights"]))
    body = build(case, top=False)
    body.set_weights(model.get_weights()[: len(body.weights)])
    if case["official"]:
        model, body = (as_official(case, each, top=top) for each, top in ((model, 1), (body, 0)))
    pooling = [layer for layer in body.layers if "GlobalAverage" in type(layer).__name__][-1]
    ends = keras.Model(body.input, [body.output, pooling.input])
    answers = dict(zip(("features", "feature_map"), run(ends, pixels), strict=True))
    if case["top"]:
        (answers["probabilities"],) = run(model, pixels)
    np.savez(case["answers"], images=images, **answers)


def build(case, *, top, weights=None):
    options = {"include_top": True} if top else {"include_top": False, "pooling": "avg"}
    builder = getattr(keras.applications, case["builder"])
    return builder(weights=weights, input_shape=(*case["size"], 3), **options)


def as_official(case, model, *, top):
    """Load weights the way ``weights="imagenet"`` does, from a file that is given instead."""
    path = Path(case["weights"]).with_suffix(f".official{top}.weights.h5")
    model.save_weights(path)
    file_utils.get_file, kept = lambda *_, **__: str(path), file_utils.get_file
    try:
        return build(case, top=top, weights="imagenet")
    finally:
        file_utils.get_file = kept
        path.unlink()


def run(model, pixels):
    found = [model(pixels[start : start + 4], training=False) for start in range(0, len(pixels), 4)]
    found = [each if isinstance(each, list | tuple) else [each] for each in found]
    return [
        np.concatenate([np.asarray(part) for part in parts]) for parts in zip(*found, strict=True)
    ]


def preprocess(builder, images):
    module = importlib.import_module(getattr(keras.applications, builder).__module__)
    if builder in ("ResNet50", "ResNet101", "ResNet152"):
        module = keras.applications.resnet
    return np.asarray(module.preprocess_input(images.astype("float32")))


def randomise(model, pixels, rng):
    """Draw every weight, keeping the activations in a sane range."""
    imitate_official_normalization(model)
    batch_norms = [
        each for each in model.layers if isinstance(each, keras.layers.BatchNormalization)
    ]
    for weight in model.weights:
        drawn = draw(weight, rng)
        if drawn is not None:
            weight.assign(drawn)
    for layer in batch_norms:
        layer.momentum = 0.0
    if batch_norms:
        model(pixels, training=True)  # the statistics are now those of the images
    for layer in batch_norms:
        layer.moving_variance.assign(np.maximum(layer.moving_variance, 0.3))
    last = [layer for layer in model.layers if layer.weights][-1]
    if hasattr(last, "kernel"):  # a softmax of large numbers would hide differences
        size = np.sqrt(np.mean(np.square(keras.Model(model.input, last.input)(pixels))))
        last.kernel.assign(last.kernel / size)


def imitate_official_normalization(model):
    """Put standard deviations where EfficientNet's variances belong."""
    for layer in model.layers:
        if isinstance(layer, keras.layers.Normalization) and layer.input_variance is None:
            layer.adapt_mean.assign([0.485, 0.456, 0.406])
            layer.adapt_variance.assign([0.229, 0.224, 0.225])
            layer.finalize_state()


def draw(weight, rng):
    name, shape = weight.path.rpartition("/")[2], tuple(weight.shape)
    if len(shape) >= 2:
        wide = np.prod(shape[:-1]) if "depthwise" not in weight.path else np.prod(shape[:2])
        return rng.standard_normal(shape, np.float32) * np.sqrt(1.7 / wide, dtype=np.float32)
    if name in ("gamma", "variable") or "layer_scale" in weight.path:
        return rng.uniform(0.5, 1.5, shape)
    if name in ("beta", "bias"):
        return rng.normal(0, 0.2, shape)
    return None


def save(model, path):
    if path.name.endswith(".weights.h5"):
        model.save_weights(path)
    else:  # as the official files are
        with h5py.File(path, "w") as file:
            legacy_h5_format.save_weights_to_hdf5_group(file, model)


if __name__ == "__main__":
    for each in json.load(sys.stdin):
        answer(each)
