"""Write a network of keras.applications as TFLite, which says nothing of its preprocessing.

python benchmarks/contestants/keras_to_tflite.py MobileNet WEIGHTS.h5 OUT.tflite
"""

import sys
from pathlib import Path

import keras
import tensorflow as tf


def main() -> None:
    """Convert one network."""
    name, weights, out = sys.argv[1:]
    model = getattr(keras.applications, name)(weights=weights)
    Path(out).write_bytes(tf.lite.TFLiteConverter.from_keras_model(model).convert())


main()
