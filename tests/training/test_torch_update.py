"""Optimizers on torch. test_steps.py compares them with Keras's on TensorFlow."""

import pytest

CODE = """
import json
import keras, numpy as np, torch
from headstart.training.optimizers import OPTIMIZERS, make_optimizer
from headstart.training.torch_update import Update

apart = {}
for name in OPTIMIZERS:
    ends = []
    for ours in (True, False):
        random = np.random.default_rng(0)
        layer = keras.layers.Dense(3)
        layer.build((None, 4))
        layer.kernel.assign(random.normal(size=(4, 3)))
        optimizer = make_optimizer(keras, name, 0.1, weight_decay=0.1)
        optimizer.build(layer.trainable_variables)
        update = Update(optimizer, layer.trainable_variables)
        for _ in range(3):
            gradients = [torch.tensor(random.normal(size=each.shape), dtype=torch.float32)
                         for each in layer.trainable_variables]
            with torch.no_grad():
                if ours:
                    update(gradients, 0.1)
                else:
                    optimizer.apply(gradients, layer.trainable_variables)
        ends.append([np.asarray(each) for each in [*layer.variables, *optimizer.variables]])
    apart[name] = max(float(np.abs(a - b).max()) for a, b in zip(*ends))
print(json.dumps(apart))
"""


def test_weights_and_state_end_where_kerass_optimizers_end(torch, script_on):
    del torch
    found = script_on("torch", CODE)
    assert found == pytest.approx(dict.fromkeys(found, 0), abs=1e-5)
    assert len(found) == 4
