"""Keras with the loading of the tutorials, but with predictions in batches of 32."""

import itertools
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from entry import Options, Predict, compete
from keras_model import build

BATCH = 32


def prepare(options: Options) -> Predict:
    """Build the model."""
    model, preprocess_input = build(options.model, options.weights)
    from keras.utils import img_to_array, load_img

    def predict(paths: Iterable[Path]) -> Iterator[np.ndarray]:
        paths = iter(paths)
        while chunk := list(itertools.islice(paths, BATCH)):
            images = [img_to_array(load_img(path, target_size=(224, 224))) for path in chunk]
            yield from model.predict(preprocess_input(np.stack(images)), verbose=0)

    return predict


if __name__ == "__main__":
    compete(prepare)
