"""What Keras itself answers; runs as a process of its own, on TensorFlow.

    python reference.py

It reads a case a line (JSON) and answers each with the line ``done``. For each case a network gets
random weights, which are saved for the conversion to load, and answers some random images.
Nothing here comes from headstart but the networks that are its own, so that an error there can't
hide.
"""

import gc
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

from headstart.backbones.architectures import ARCHITECTURES


def answer(case):
    keras.utils.clear_session()
    images = draw_images(case, np.random.default_rng(1))
    pixels = preprocess(case["builder"], images)
    model = build(case)
    randomise(model, pixels[: 2 * at_once(case)], np.random.default_rng(2))
    save(model, Path(case["weights"]))
    if case["official"]:
        model = as_official(case, model)
    np.savez(case["answers"], images=images, **run(case, model, pixels))


def run(case, model, pixels):
    """Return the network's answers, computed in small batches for the sake of memory."""
    outputs = list(ends(case, model))
    network = keras.Model(model.input, outputs)
    batches = np.split(pixels, range(at_once(case), len(pixels), at_once(case)))
    parts = [network(batch, training=False) for batch in batches]
    if len(outputs) == 1:
        parts = [[part] for part in parts]
    values = [np.concatenate(pieces) for pieces in zip(*parts, strict=True)]
    if case["builder"].startswith("ConvNeXt"):
        features = values.pop()
    else:
        features = values[0].mean((1, 2), dtype="float64")
    return dict(zip(("feature_map", "probabilities"), values, strict=False), features=features)


def at_once(case):
    """Return how many images fit: Keras keeps every layer's output until the last is done."""
    height, width = case["size"]
    return max(1, min(8, 4 * 224 * 224 // (height * width)))


def ends(case, model):
    """Name the last feature map, the probabilities, and what ConvNeXt makes of the pooled map."""
    kinds = [type(layer).__name__ for layer in model.layers]
    pooling = "GlobalAveragePooling2D" if "GlobalAveragePooling2D" in kinds else "Flatten"
    last = max(place for place, kind in enumerate(kinds) if kind == pooling)
    yield model.layers[last].input
    if case["top"]:
        yield model.output
    if case["builder"].startswith("ConvNeXt"):
        yield model.layers[last + 1].output


def draw_images(case, rng):
    """Blocks of colour under noise, so that images differ in their features too."""
    height, width = case["size"]
    blocks = rng.integers(0, 256, (case["batch"], 4, 6, 3))
    blocks = blocks[:, np.arange(height) * 4 // height][:, :, np.arange(width) * 6 // width]
    noise = rng.integers(-40, 41, blocks.shape)
    return np.clip(blocks + noise, 0, 255).astype(np.uint8)


def build(case, weights=None):
    options = {"include_top": True} if case["top"] else {"include_top": False, "pooling": "avg"}
    if "classes" in case:
        options["classes"] = case["classes"]
    name = case["builder"]
    builder = ARCHITECTURES.get(name) or getattr(keras.applications, name)
    return builder(weights=weights, input_shape=(*case["size"], 3), **options)


def as_official(case, model):
    """Load weights the way ``weights="imagenet"`` does, from a file that is given instead."""
    path = Path(case["answers"]).with_name("official.weights.h5")
    model.save_weights(path)
    file_utils.get_file, kept = lambda *_, **__: str(path), file_utils.get_file
    try:
        return build(case, weights="imagenet")
    finally:
        file_utils.get_file = kept
        path.unlink()


def preprocess(builder, images):
    if builder in ARCHITECTURES:
        return images.astype("float32")
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
    last = [layer for layer in model.layers if layer.weights][-1]
    classified = keras.Model(model.input, last.input)(pixels, training=True)
    # The statistics are now those of the images.
    for layer in batch_norms:
        variance = np.asarray(layer.moving_variance)
        layer.moving_variance.assign(np.maximum(variance, variance.mean() / 5))
    if hasattr(last, "kernel"):  # a softmax of large numbers would hide differences
        last.kernel.assign(last.kernel / np.sqrt(np.mean(np.square(classified))))


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
        return rng.uniform(0.5, 1.2, shape)
    if name in ("beta", "bias"):
        # Mostly positive: random networks of ReLUs that cut half of everything are chaotic, and
        # would blow up even the rounding errors.
        return rng.normal(0.5, 0.3, shape)
    return None


def save(model, path):
    if path.name.endswith(".weights.h5"):
        model.save_weights(path)
    else:  # as the official files are
        with h5py.File(path, "w") as file:
            legacy_h5_format.save_weights_to_hdf5_group(file, model)


if __name__ == "__main__":
    gc.freeze()  # a session is cleared with a search for garbage, which need not look at imports
    for line in sys.stdin:
        answer(json.loads(line))
        print("done", flush=True)
    os._exit(0)  # taking TensorFlow apart needs a second
