"""Keras with its parallel pipeline: image_dataset_from_directory, mapped and prefetched."""

import itertools
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from entry import Options, Predict, compete
from keras_model import build

BATCH = 32


def prepare(options: Options) -> Predict:
    """Build the model and the pipeline."""
    model, preprocess_input = build(options.model, options.weights)
    import tensorflow as tf
    from keras.utils import image_dataset_from_directory

    images = image_dataset_from_directory(
        options.photos,
        labels=None,
        image_size=(224, 224),
        batch_size=BATCH,
        shuffle=False,
        verbose=False,
    )
    ready = images.map(preprocess_input, num_parallel_calls=tf.data.AUTOTUNE).prefetch(
        tf.data.AUTOTUNE
    )
    n_photos = len(options.paths())

    def predict(paths: Iterable[Path]) -> Iterator[np.ndarray]:
        # The pipeline reads the folder itself, so each pass predicts all photos.
        paths = iter(paths)
        while list(itertools.islice(paths, n_photos)):
            yield from model.predict(ready, verbose=0)

    return predict


if __name__ == "__main__":
    compete(prepare)
