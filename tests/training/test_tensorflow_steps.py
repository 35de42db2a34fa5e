"""On TensorFlow a step is one traced function. test_steps.py has its numbers on other backends."""

import pytest

TRACED = """
import json
import keras, numpy as np, tensorflow as tf
from stepping import compiled
from headstart.training.batches import Batch
from headstart.training.optimizers import compile_model, make_loss, make_optimizer

data = keras.Input((None, None, 3))
pooled = keras.layers.GlobalAveragePooling2D()(data / 255)
model = keras.Model(data, keras.layers.Dense(3, "softmax")(pooled))
steps = compile_model(
    keras, model, make_optimizer(keras, "adam", 0.01), [make_loss(keras, "binary_crossentropy")]
)
classes = np.eye(3, dtype=np.float32)[np.arange(8) % 3]
random = np.random.default_rng(0)

def batch(size):
    return Batch(random.integers(0, 256, (8, size, size, 3)).astype(np.uint8), [classes])

counts, kinds = [], set()
for size, rate in [(4, 0.1), (4, 0.2), (5, 0.3), (6, 0.1), (7, 0.1), (4, 0.1)]:
    compiled.clear()
    figures = steps.train(batch(size), rate)
    kinds |= {tf.is_tensor(each) for each in figures}
    counts.append(len(compiled))
first = steps.mixed(None, 1)
half = steps.mixed(steps.arrays(first), 0.5)
steps.train(batch(4), 0.1)
print(json.dumps({
    "counts": counts, "kinds": list(kinds), "rate": float(steps.optimizer.learning_rate),
    "kept": all(map(np.array_equal, steps.arrays(first), steps.arrays(half))),
    "moved": not any(map(np.array_equal, steps.arrays(first), model.get_weights())),
}))
"""


def test_a_step_is_traced_once_or_twice_and_its_figures_stay_on_the_device(script_on):
    found = script_on("tensorflow", TRACED)
    # The third size is accepted by what was traced for the second one.
    assert found["counts"] == [1, 0, 1, 0, 0, 0]
    assert found["kinds"] == [True]
    assert found["rate"] == pytest.approx(0.1)
    # A copy of the weights does not follow them.
    assert found["kept"]
    assert found["moved"]


@pytest.mark.slow
def test_nothing_is_traced_after_the_first_epoch(steps_on):
    assert steps_on("tensorflow")["compiled later"] == [0, 0, 0]
