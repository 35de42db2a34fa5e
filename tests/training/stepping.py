"""Train small networks on Keras's backend with ``python stepping.py OUT``; write what comes out."""

import json
import sys
from itertools import pairwise
from pathlib import Path

import keras
import numpy as np

from headstart.backbones.architectures import mini
from headstart.training.batches import Batch
from headstart.training.loop import TrainingLoop
from headstart.training.optimizers import (
    OPTIMIZERS,
    compile_model,
    layerwise_rates,
    make_loss,
    make_optimizer,
)
from headstart.training.schedule import Schedule
from headstart.training.validation import ValidationSet

BACKEND = keras.backend.backend()
compiled = []
if BACKEND == "tensorflow":
    import tensorflow as tf

    function = tf.function

    def counted(called=None, **options):
        """Note each time that TensorFlow traces a function of ours."""
        if not getattr(called, "__module__", "").startswith("headstart."):
            return function(called, **options)

        def noted(*values):
            compiled.append(called)
            return called(*values)

        return function(noted, **options)

    tf.function = counted
if BACKEND == "jax":
    import jax

    def noted(event, seconds, **more):
        del seconds, more
        if "backend_compile" in event:
            compiled.append(event)

    jax.monitoring.register_event_duration_secs_listener(noted)
random = np.random.default_rng(0)
images = random.integers(0, 256, (4, 8, 12, 12, 3)).astype(np.uint8)
labels = np.arange(8) % 3
classes = np.eye(3, dtype=np.float32)[labels]


def filled(network):
    """Give a network weights that are the same on every backend."""
    numbers = np.random.default_rng(1)
    for weight in network.weights:
        spread = 1 / np.sqrt(np.prod(weight.shape[:-1]))
        if weight.path.endswith("kernel"):
            weight.assign(numbers.normal(0, spread, weight.shape))
        elif "variance" not in weight.path and "seed" not in weight.path:
            weight.assign(np.asarray(weight) + numbers.normal(0, 0.1, weight.shape))
    return network


def odd():
    """Return a network of what backbones are made of, and of layers that only Keras computes."""
    layers = keras.layers
    image = keras.Input((12, 12, 3))
    values = layers.Rescaling(1 / 127.5, offset=-1)(image)
    values = layers.ZeroPadding2D(((0, 1), (0, 1)))(values)
    values = layers.Conv2D(8, 3, strides=2, padding="valid")(values)
    values = layers.BatchNormalization(trainable=False)(values)
    values = layers.ReLU(6.0)(values)
    inside = keras.Input(values.shape[1:])
    depthwise = layers.DepthwiseConv2D(3, padding="same", depth_multiplier=2)(inside)
    block = keras.Model(inside, layers.Activation("silu")(depthwise))
    wide = block(values)
    wide = layers.Conv2D(8, 2, strides=2, padding="same", groups=2, activation="relu")(wide)
    small = layers.SeparableConv2D(8, 3, strides=2, padding="same")(values)
    small = layers.LeakyReLU()(small)
    values = layers.Add()([wide, small])
    values = layers.Concatenate()([values, keras.ops.multiply(values, 0.5)])
    values = layers.Conv2D(8, 3, dilation_rate=2, padding="same")(values)
    values = layers.GlobalAveragePooling2D(keepdims=True)(layers.MaxPooling2D(2)(values))
    values = layers.BatchNormalization()(layers.Flatten()(values))
    values = layers.Dropout(0.0, seed=0)(layers.Dense(6, "tanh")(values))
    return filled(keras.Model(image, layers.Dense(3, "softmax", dtype="float32")(values)))


def steps_of(network, name="adam", rates=None, model=None, **more):
    optimizer = make_optimizer(keras, name, 1e-2, rates=rates, weight_decay=0.01)
    losses = [make_loss(keras, "categorical_crossentropy", 0.1)] * (2 if model else 1)
    return compile_model(keras, model or network, optimizer, losses, network=network, **more)


def trained(steps, n=3, weights=None, targets=(classes,)):
    """Return the figures of some steps, and what the network predicts and has learnt then."""
    figures = [
        [*map(float, steps.train(Batch(images[i], list(targets), weights), 3e-3))] for i in range(n)
    ]
    predicted = steps.predict(images[0].astype(np.float32))
    steps.settle()
    weights = steps.network.get_weights()
    norms = [float(np.abs(weight).mean()) for weight in weights]
    return {"figures": figures, "predicted": predicted.tolist(), "weights": norms}


def with_two_outputs():
    network = odd()
    second = keras.layers.Dense(3, "softmax", name="second")(network.layers[-3].output)
    model = filled(keras.Model(network.input, [network.output, second]))
    return trained(
        steps_of(network, model=model, weights=[1.0, 0.5]), targets=[classes, classes[::-1]]
    )


def in_bfloat16():
    keras.config.set_dtype_policy("mixed_bfloat16")
    network = odd()
    keras.config.set_dtype_policy("float32")
    return trained(steps_of(network))


class Batches:
    def __len__(self):
        return len(images)

    def epoch(self, epoch, sizes):
        del epoch
        for number in range(len(images) - len(sizes), len(images)):
            yield Batch(images[number], [classes])


def loop(epochs, *, folder=None, until=None):
    """Train in the loop, and return it: the network has batch normalisation and dropout."""
    data = keras.Input((12, 12, 3))
    values = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(data))
    values = keras.layers.BatchNormalization()(keras.layers.Dense(8, "relu")(values))
    values = keras.layers.Dropout(0.5, seed=3)(values)
    network = filled(keras.Model(data, keras.layers.Dense(3, "softmax")(values)))
    validation = ValidationSet(labels, lambda rows: images[0][rows], batch_size=5)
    made = TrainingLoop(
        steps_of(network),
        Batches(),
        validation=validation,
        schedule=Schedule(epochs=epochs, learning_rate=0.01),
        folder=folder,
    )
    made.resume()
    done = [len(compiled) for _ in made.run(until=until)]
    made.finish()
    return made, [more - first for first, more in pairwise(done)]


def main(folder):
    found = {"odd": trained(steps_of(odd())), "two": with_two_outputs(), "bf16": in_bfloat16()}
    network = filled(mini(input_shape=(None, None, 3), classes=3))
    found["mini"] = trained(steps_of(network, "sgd"))
    weights = np.linspace(0.5, 1.5, 8, dtype=np.float32)
    found["weighted"] = trained(steps_of(odd()), weights=weights)
    for name in OPTIMIZERS:
        data = keras.Input((12, 12, 3))
        values = keras.layers.Dense(4, "relu")(keras.layers.Flatten()(data / 255))
        network = filled(keras.Model(data, keras.layers.Dense(3, "softmax")(values)))
        rates = layerwise_rates(network, 0.5)
        found[name] = trained(steps_of(network, name))
        found[f"{name} with layer decay"] = trained(steps_of(network, name, rates))
    whole, more = loop(4)
    loop(4, folder=folder, until=2)
    resumed, _ = loop(4, folder=folder)
    found["compiled later"] = more
    found["whole"], found["resumed"] = (
        [[epoch.loss, epoch.val_loss] for epoch in each.history] for each in (whole, resumed)
    )
    found["apart"] = max(
        float(np.abs(one - other).max())
        for one, other in zip(
            whole._network.get_weights(), resumed._network.get_weights(), strict=True
        )
    )
    return found


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]))))
