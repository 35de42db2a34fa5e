"""Time epochs of a plain Keras script with the same frozen layers, with validation data.

The images are decoded once and kept in memory, so that only the network is compared.
"""

import argparse
import json
import os
import statistics
import time
from pathlib import Path

EPOCHS, BATCH, VALIDATION = 4, 32, 0.1
BUILDERS = {
    "mobilenet_v2": ("MobileNetV2", "mobilenet_v2"),
    "resnet50": ("ResNet50", "resnet"),
}


def main() -> None:
    """Fit for some epochs, and print the median time without the first epoch."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--where", required=True)
    options = parser.parse_args()
    os.environ["KERAS_BACKEND"] = "tensorflow"
    import keras

    builder, module = BUILDERS[options.model]
    base = getattr(keras.applications, builder)(weights=options.weights)
    backbone = keras.Model(base.input, base.get_layer(index=-2).output)
    names = [layer.name for layer in backbone.layers]
    first = next(i for i, name in enumerate(names) if name.startswith(f"{options.where}_"))
    for number, layer in enumerate(backbone.layers):
        norm = isinstance(layer, keras.layers.BatchNormalization)
        layer.trainable = number >= first and not norm
    parts = [
        keras.utils.image_dataset_from_directory(
            options.folder, validation_split=VALIDATION, subset=subset, seed=0, verbose=False,
            image_size=(224, 224), batch_size=BATCH, label_mode="categorical",
        ).cache()
        for subset in ("training", "validation")
    ]  # fmt: skip
    inputs = keras.Input((224, 224, 3))
    views = keras.layers.RandomFlip("horizontal")(inputs)
    prepared = getattr(keras.applications, module).preprocess_input(views)
    features = keras.layers.Dropout(0.5)(backbone(prepared))
    outputs = keras.layers.Dense(3, activation="softmax")(features)
    model = keras.Model(inputs, outputs)
    model.compile(keras.optimizers.Adam(1e-4), "categorical_crossentropy", metrics=["accuracy"])
    times = []
    clock = keras.callbacks.LambdaCallback(
        on_epoch_begin=lambda *_: times.append(-time.perf_counter()),
        on_epoch_end=lambda *_: times.append(times.pop() + time.perf_counter()),
    )
    model.fit(parts[0], validation_data=parts[1], epochs=EPOCHS, callbacks=[clock], verbose=0)
    learning = sum(bool(layer.trainable_weights) for layer in backbone.layers)
    record = {"seconds": statistics.median(times[1:]), "epochs": times, "n_learning": learning}
    print(json.dumps(record))


if __name__ == "__main__":
    main()
