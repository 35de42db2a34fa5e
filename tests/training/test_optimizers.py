"""Keras fixes its backend for a whole process, so what needs TensorFlow runs in one of its own."""

import json
from typing import get_args

import pytest

from headstart.training.optimizers import LOSSES, OPTIMIZERS
from headstart.training.settings import LossName, OptimizerName

SCRIPT = """
import json
import keras, numpy as np
from headstart.training.batches import Batch
from headstart.training.optimizers import (
    OPTIMIZERS, compile_model, layerwise_rates, make_loss, make_optimizer
)

found = {"steps": {}}
for name in OPTIMIZERS:
    for decay in (1.0, 0.5):
        keras.utils.set_random_seed(0)
        inner = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4, name="low"),
                                  keras.layers.Dense(4, name="middle")])
        model = keras.Sequential([keras.Input((4,)), inner, keras.layers.Dense(3, "softmax")])
        rates = layerwise_rates(model, decay)
        optimizer = make_optimizer(keras, name, 0.01, rates=rates if decay < 1 else None)
        model.compile(optimizer, make_loss(keras, "categorical_crossentropy", 0.0))
        before = [np.array(w) for w in model.get_weights()]
        model.train_on_batch(np.ones((8, 4)), np.eye(3)[np.arange(8) % 2])
        after = model.get_weights()
        moved = [float(np.abs(b - a).max()) for a, b in zip(before, after)]
        found["steps"][f"{name} {decay}"] = moved[0::2]
found["rates"] = sorted(set(rates))
found["n_rates"] = len(rates)

model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, "softmax")])
model.compile(make_optimizer(keras, "adamw", 0.01, weight_decay=0.5), "mse")
model.layers[0].set_weights([np.ones((4, 3)), np.ones(3)])
model.train_on_batch(np.zeros((8, 4)), np.full((8, 3), 1 / 3))
found["decayed"] = [float(np.mean(w)) for w in model.get_weights()]

data = keras.Input((4,))
classes = keras.layers.Dense(3, "softmax", name="classes")(data)
loss = make_loss(keras, "categorical_crossentropy")
x, y = np.ones((8, 4), np.float32), np.eye(3, dtype=np.float32)[np.arange(8) % 2]

def first_loss(outputs, targets, **options):
    model = keras.Model(data, outputs)
    still = make_optimizer(keras, "sgd", 0.0, momentum=0)
    steps = compile_model(keras, model, still, [loss] * len(targets), **options)
    return float(steps.train(Batch(x, targets), 0.0)[0])

found["loss"] = first_loss(classes, [y])
found["two"] = first_loss([classes, keras.layers.Identity()(classes)], [y, y])
found["weighted"] = first_loss(classes, [y], weights=[2.0])
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def found(python):
    process = python("-c", SCRIPT)
    assert process.returncode == 0, process.stderr
    return json.loads(process.stdout.strip().rpartition("\n")[2])


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_lower_layers_take_smaller_steps_with_layer_decay(found, name):
    alike, graded = found["steps"][f"{name} 1.0"], found["steps"][f"{name} 0.5"]
    shares = [one / other for one, other in zip(graded, alike, strict=True)]
    # adamw decays weights by the same rate everywhere, which adds a little.
    assert shares == pytest.approx([0.25, 0.5, 1.0], rel=0.02)


def test_each_layer_has_its_own_rate(found):
    assert found["rates"] == [0.25, 0.5, 1.0]
    assert found["n_rates"] == 6


def test_weights_decay_and_biases_do_not(found):
    kernel, bias = found["decayed"]
    assert kernel == pytest.approx(1 - 0.5 * 0.01, rel=1e-4)
    assert bias == pytest.approx(1, rel=1e-4)


def test_there_is_an_optimizer_and_a_loss_for_each_name():
    assert set(OPTIMIZERS) == set(get_args(OptimizerName))
    assert set(LOSSES) == set(get_args(LossName))


def test_the_losses_of_all_outputs_are_added_by_their_weights(found):
    assert found["two"] == pytest.approx(found["loss"] * 2, rel=1e-5)
    assert found["weighted"] == pytest.approx(found["loss"] * 2, rel=1e-5)
