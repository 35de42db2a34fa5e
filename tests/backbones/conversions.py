"""Many conversions in one process, so that Keras is imported once; otherwise what a user gets.

It reads a request a line (JSON) and answers each with a line of JSON.
"""

import json
import os
import sys

os.environ["KERAS_BACKEND"] = "openvino"

from headstart.backbones import keras_export


def save(request):
    """Write random weights for a network with any number of classes, or none."""
    import keras

    top = request["classes"] is not None
    options = {"classes": request["classes"]} if top else {"pooling": "avg"}
    builder = getattr(keras.applications, request["builder"])
    model = builder(weights=None, include_top=top, input_shape=(32, 32, 3), **options)
    model.save_weights(request["path"])
    return {}


if __name__ == "__main__":
    keras_export.prepare()
    keras_export.TASKS["save"] = save
    for line in sys.stdin:
        print(json.dumps(keras_export.answer(json.loads(line))), flush=True)
