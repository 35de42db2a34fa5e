"""What a network is trained in: float32, or bfloat16 with float32 weights."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Literal

from headstart.backbones.runtime import load_openvino
from headstart.features.accelerator import sees_accelerator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    Requested = Literal["auto", "f32", "bf16"]

_POLICIES = {"f32": "float32", "bf16": "mixed_bfloat16"}


def training_precision(requested: Requested, keras: ModuleType) -> Literal["f32", "bf16"]:
    """Return `requested`, or for 'auto' bfloat16 where the machine computes in it faster.

    Weights, their averages and all sums stay float32 in either.
    """
    if requested != "auto":
        return requested
    if sees_accelerator():
        return "bf16"
    on_cpu = keras.backend.backend() == "tensorflow" and _processor_has_bfloat16()
    return "bf16" if on_cpu else "f32"


def _processor_has_bfloat16() -> bool:
    capabilities = load_openvino().Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return "BF16" in capabilities


@contextlib.contextmanager
def built_in(precision: Literal["f32", "bf16"], keras: ModuleType) -> Iterator[None]:
    """Let layers made inside compute in `precision`."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(_POLICIES[precision])
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
