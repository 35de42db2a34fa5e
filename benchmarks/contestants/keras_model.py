"""Build a model of ``keras.applications`` on TensorFlow, as tutorials do."""

import os
from pathlib import Path
from typing import Any

BUILDERS = {
    "mobilenet": "MobileNet",
    "mobilenet_v2": "MobileNetV2",
    "resnet50": "ResNet50",
    "vgg16": "VGG16",
}


def build(name: str, weights: Path) -> tuple[Any, Any]:
    """Return the model and its ``preprocess_input``."""
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import keras

    model = getattr(keras.applications, BUILDERS[name])(weights=str(weights))
    return model, getattr(keras.applications, name).preprocess_input
