from types import SimpleNamespace

import pytest

from headstart.features.devices import Gpu
from headstart.training.precision import DTYPE_POLICIES, kept_dtype_policy, training_precision

H100, T4 = Gpu("cuda", "H100", has_bf16=True), Gpu("cuda", "T4", has_bf16=False)


@pytest.mark.parametrize(("gpu", "expected"), [(H100, "bf16"), (T4, "f32"), (None, "f32")])
def test_auto_is_bfloat16_on_a_gpu_that_has_it(gpu, expected):
    assert training_precision("auto", gpu) == expected


@pytest.mark.parametrize("rule", DTYPE_POLICIES)
@pytest.mark.parametrize("gpu", [H100, None])
def test_a_precision_that_is_asked_for_is_used(rule, gpu):
    assert training_precision(rule, gpu) == rule


def test_the_dtype_policy_is_restored_also_after_an_error():
    policies = ["float32"]
    config = SimpleNamespace(dtype_policy=lambda: policies[-1], set_dtype_policy=policies.append)
    keras = SimpleNamespace(config=config)
    with pytest.raises(ZeroDivisionError), kept_dtype_policy(keras):
        config.set_dtype_policy(DTYPE_POLICIES["bf16"])
        1 / 0  # noqa: B018
    assert policies == ["float32", "mixed_bfloat16", "float32"]
