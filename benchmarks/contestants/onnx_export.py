"""Write the model with its preprocessing as ONNX, for `onnx_runtime`. This is not measured."""

import sys
from pathlib import Path

from keras_model import build


def export(name: str, weights: Path, path: Path) -> None:
    """Write the Keras model to an ONNX file that takes float32 pixels from 0 to 255."""
    model, preprocess_input = build(name, weights)
    import keras
    import numpy as np

    pixels = keras.Input((224, 224, 3))
    whole = keras.Model(pixels, model(preprocess_input(pixels)))
    whole(np.zeros((1, 224, 224, 3), np.float32))
    whole.export(path, format="onnx", verbose=False)


if __name__ == "__main__":
    export(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
