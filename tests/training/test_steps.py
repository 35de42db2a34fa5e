"""The same steps on each backend; stepping.py, in a process of its own, has the networks."""

import numpy as np
import pytest

from headstart.training.batches import Batch
from headstart.training.optimizers import OPTIMIZERS
from headstart.training.steps import KerasSteps, as_floats, as_list

OTHERS = ("jax", "torch")
CASES = ["odd", "two", "weighted", "mini", *OPTIMIZERS]
CASES += [f"{name} with layer decay" for name in OPTIMIZERS]


@pytest.fixture(params=OTHERS)
def backend(request):
    if request.param == "torch":
        request.getfixturevalue("torch")
    return request.param


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_a_step_is_the_same_as_on_tensorflow(steps_on, backend, case):
    expected, found = steps_on("tensorflow")[case], steps_on(backend)[case]
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-3, atol=1e-3, err_msg=name)


@pytest.mark.slow
def test_bfloat16_is_about_the_same(steps_on, backend):
    expected, found = steps_on("tensorflow")["bf16"], steps_on(backend)["bf16"]
    # Not the accuracies: one of eight images is an eighth of them.
    losses, others = (np.array(each["figures"])[:, 0] for each in (expected, found))
    np.testing.assert_allclose(others, losses, rtol=0.02)
    assert found["figures"] != steps_on(backend)["odd"]["figures"]


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["tensorflow", *OTHERS])
def test_a_training_that_continues_comes_to_the_same_end(steps_on, backend):
    found = steps_on(backend)
    np.testing.assert_allclose(found["resumed"], found["whole"], rtol=1e-5)
    assert found["apart"] <= 1e-6


class Model:
    """Remembers the batches that it gets."""

    def __init__(self):
        self.inputs, self.rates = [], []
        self.optimizer = self
        self.__dict__["learning_rate"] = None

    def __setattr__(self, name, value):
        if name == "learning_rate":
            self.rates.append(value)
        super().__setattr__(name, value)

    def reset_metrics(self):
        pass

    def train_on_batch(self, inputs, targets, sample_weight, return_dict):
        del targets, sample_weight, return_dict
        self.inputs.append(inputs)
        return {"loss": 2.0, "out_accuracy": 0.5}


def test_kerass_steps_set_the_rate_only_where_it_changes():
    model = Model()
    steps = KerasSteps(model, model, model)
    batch = Batch(np.ones((2, 3), np.uint8), [np.eye(2, dtype=np.float32)])
    for rate in (0.1, 0.1, 0.2):
        assert steps.train(batch, rate) == (2.0, 0.5)
    assert model.rates == [0.1, 0.2]
    steps.settle()
    steps.train(batch, 0.2)
    assert model.rates == [0.1, 0.2, 0.2]
    assert all(each.dtype == np.float32 for each in model.inputs)


def test_inputs_become_floats_one_or_several():
    pixels = np.ones((2, 3), np.uint8)
    assert as_floats(pixels).dtype == np.float32
    assert [each.dtype for each in as_floats([pixels, pixels])] == [np.float32] * 2
    assert as_list(3) == [3]
    assert as_list((3, 4)) == [3, 4]
