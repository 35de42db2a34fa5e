"""Steps on torch. test_steps.py compares their numbers with TensorFlow's."""

CODE = """
import json
import numpy as np
from stepping import odd, steps_of, trained

network = odd()
steps = steps_of(network)
first = steps.mixed(None, 1)
found = trained(steps)
half = steps.arrays(steps.mixed(steps.arrays(first), 0.5))
start = steps.arrays(first)
ends = steps.network.get_weights()
images = np.random.default_rng(2).integers(0, 256, (5, 12, 12, 3)).astype(np.float32)
apart = float(np.abs(steps.predict(images) - np.asarray(network.predict_on_batch(images))).max())
print(json.dumps({
    "apart": apart,
    "count": int(steps.optimizer.iterations.value),
    "mean": max(float(np.abs(m - (a + b) / 2).max()) for m, a, b in zip(half, start, ends)),
    "moved": max(float(np.abs(a - b).max()) for a, b in zip(start, ends)),
}))
"""


def test_predictions_are_kerass_and_averages_are_means(torch, script_on):
    del torch
    found = script_on("torch", CODE)
    assert found["apart"] < 1e-5
    assert found["count"] == 3
    assert found["moved"] > 1e-3
    assert found["mean"] < 1e-6
