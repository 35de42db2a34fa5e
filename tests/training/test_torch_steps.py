"""Steps on torch. test_steps.py compares their numbers with TensorFlow's."""

import pytest

CODE = """
import json, sys
from types import SimpleNamespace
import numpy as np
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from stepping import classes, odd, steps_of, trained
from headstart.training.batches import Batch

class Noted(TorchDispatchMode):
    def __torch_dispatch__(self, operation, types, arguments=(), options=None):
        operations[-1].append(str(operation))
        return operation(*arguments, **(options or {}))

operations = []

network = odd()
steps = steps_of(network)
first = steps.mixed(None, 1)
found = trained(steps)
half = steps.arrays(steps.mixed(steps.arrays(first), 0.5))
start = steps.arrays(first)
ends = steps.network.get_weights()
images = np.random.default_rng(2).integers(0, 256, (5, 12, 12, 3)).astype(np.float32)
apart = float(np.abs(steps.predict(images) - np.asarray(network.predict_on_batch(images))).max())
batch = Batch(images.astype(np.uint8), [classes[:5]])
for _ in range(4):
    operations.append([])
    with Noted():
        steps.train(batch, 0.1)

# A stand-in for a GPU: it notes what is copied to it, and how.
uploads = []
def pin(tensor):
    uploads.append([str(tensor.dtype), "pinned"])
    return tensor
to = torch.Tensor.to
def copy(tensor, device, *more, **options):
    if device is not gpu:
        return to(tensor, device, *more, **options)
    uploads[-1].append(options)
    return tensor
gpu = SimpleNamespace(type="cuda")
steps._device, torch.Tensor.pin_memory, torch.Tensor.to = gpu, pin, copy
steps.train(batch, 0.1)

print(json.dumps({
    "operations": operations,
    "compiler": "torch._inductor.compile_fx" in sys.modules,
    "uploads": uploads,
    "apart": apart,
    "count": int(steps.optimizer.iterations.value),
    "mean": max(float(np.abs(m - (a + b) / 2).max()) for m, a, b in zip(half, start, ends)),
    "moved": max(float(np.abs(a - b).max()) for a, b in zip(start, ends)),
}))
"""


@pytest.fixture(scope="module")
def found(torch, script_on):
    del torch
    return script_on("torch", CODE)


def test_predictions_are_kerass_and_averages_are_means(found):
    assert found["apart"] < 1e-5
    assert found["count"] == 8
    assert found["moved"] > 1e-3
    assert found["mean"] < 1e-6


def test_nothing_is_arranged_or_compiled_after_the_first_step(found):
    first, *later = found["operations"]
    assert len(first) > 50
    assert all(each == later[0] for each in later)
    assert not found["compiler"]
    # Each of these waits for the device.
    assert not [each for each in later[0] if "_local_scalar_dense" in each]


def test_a_gpu_copies_pixels_by_itself_out_of_pinned_memory(found):
    asynchronous = {"non_blocking": True}
    assert sorted(found["uploads"]) == [
        ["torch.float32", "pinned", asynchronous],
        ["torch.uint8", "pinned", asynchronous],
    ]
