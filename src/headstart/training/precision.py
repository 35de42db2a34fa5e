"""What a network is trained in: float32, or bfloat16 with float32 weights."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Literal

from headstart.features.accelerator import sees_accelerator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    Requested = Literal["auto", "f32", "bf16"]

_POLICIES = {"f32": "float32", "bf16": "mixed_bfloat16"}


def training_precision(requested: Requested) -> Literal["f32", "bf16"]:
    """Return `requested`, or for 'auto' bfloat16 where there is a GPU or TPU.

    Weights, their averages and all sums stay float32 in either. A processor that has bfloat16 gains
    a tenth or nothing by it (docs/benchmarks.md), and would train other weights than one without.
    """
    if requested != "auto":
        return requested
    return "bf16" if sees_accelerator() else "f32"


@contextlib.contextmanager
def built_in(precision: Literal["f32", "bf16"], keras: ModuleType) -> Iterator[None]:
    """Let layers made inside compute in `precision`."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(_POLICIES[precision])
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
