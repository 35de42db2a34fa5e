from types import SimpleNamespace

import pytest

from headstart.training import precision as room
from headstart.training.precision import DTYPE_POLICIES, kept_dtype_policy, training_precision


@pytest.mark.parametrize(("accelerator", "expected"), [(True, "bf16"), (False, "f32")])
def test_auto_is_bfloat16_where_there_is_an_accelerator(monkeypatch, accelerator, expected):
    monkeypatch.setattr(room, "sees_accelerator", lambda: accelerator)
    assert training_precision("auto") == expected


@pytest.mark.parametrize("rule", DTYPE_POLICIES)
def test_a_precision_that_is_asked_for_is_used(monkeypatch, rule):
    monkeypatch.setattr(room, "sees_accelerator", None)
    assert training_precision(rule) == rule


def test_the_dtype_policy_is_restored_also_after_an_error():
    policies = ["float32"]
    config = SimpleNamespace(dtype_policy=lambda: policies[-1], set_dtype_policy=policies.append)
    keras = SimpleNamespace(config=config)
    with pytest.raises(ZeroDivisionError), kept_dtype_policy(keras):
        config.set_dtype_policy(DTYPE_POLICIES["bf16"])
        1 / 0  # noqa: B018
    assert policies == ["float32", "mixed_bfloat16", "float32"]
