"""The same steps on each backend; stepping.py, in a process of its own, has the networks."""

import numpy as np
import pytest

from headstart.training.optimizers import OPTIMIZERS
from headstart.training.steps import as_list

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


def test_one_value_or_several_become_a_list():
    assert as_list(3) == [3]
    assert as_list((3, 4)) == [3, 4]
