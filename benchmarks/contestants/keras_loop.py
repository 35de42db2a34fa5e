"""The loop of the tutorials for each photo: load_img, img_to_array, preprocess_input, predict."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from entry import Options, Predict, compete
from keras_model import build


def prepare(options: Options) -> Predict:
    """Build the model."""
    model, preprocess_input = build(options.model, options.weights)
    from keras.utils import img_to_array, load_img

    def predict(paths: Iterable[Path]) -> Iterator[np.ndarray]:
        for path in paths:
            image = img_to_array(load_img(path, target_size=(224, 224)))
            batch = preprocess_input(np.expand_dims(image, axis=0))
            yield model.predict(batch, verbose=0)[0]

    return predict


if __name__ == "__main__":
    compete(prepare)
