"""On JAX a step is one program. test_steps.py compares its numbers with TensorFlow's."""

import pytest

ONE_PROGRAM = """
import json
import jax, keras, numpy as np
from headstart.training.batches import Batch
from headstart.training.optimizers import compile_model, make_loss, make_optimizer

compiled = []
jax.monitoring.register_event_duration_secs_listener(
    lambda event, seconds, **more: compiled.append(event) if "backend_compile" in event else None
)
data = keras.Input((4,))
model = keras.Model(data, keras.layers.Dense(3, "softmax")(data))
steps = compile_model(
    keras, model, make_optimizer(keras, "adam", 0.01), [make_loss(keras, "binary_crossentropy")]
)
labels = np.arange(8) % 3
batch = Batch(np.eye(4, dtype=np.float32)[labels], [np.eye(3, dtype=np.float32)[labels]])
counts, losses = [], []
for rate in (0.1, 0.2, 0.3):
    compiled.clear()
    losses.append(float(steps.train(batch, rate)[0]))
    counts.append(len(compiled))
steps.settle()
moved = [float(np.abs(each).max()) for each in model.get_weights()]
print(json.dumps({"counts": counts, "losses": losses, "moved": moved}))
"""


def test_on_jax_a_step_is_one_program_and_keras_has_its_state_afterwards(script_on):
    found = script_on("jax", ONE_PROGRAM)
    assert found["counts"] == [1, 0, 0]
    assert found["losses"][2] < found["losses"][0]
    assert found["moved"][1] > 0.05  # the bias began at 0


@pytest.mark.slow
def test_nothing_is_compiled_after_the_first_epoch(steps_on):
    assert steps_on("jax")["compiled later"] == [0, 0, 0]
