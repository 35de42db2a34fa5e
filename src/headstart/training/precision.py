"""What a network is trained in: float32, or bfloat16 with float32 weights."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from headstart.features.devices import Gpu
    from headstart.features.engine import Precision
    from headstart.features.settings import FloatPrecisionRule

#: Keras's names.
DTYPE_POLICIES: dict[Precision, str] = {"f32": "float32", "bf16": "mixed_bfloat16"}


def training_precision(rule: FloatPrecisionRule, gpu: Gpu | None) -> Precision:
    """Return the precision that is asked for. "auto" is bfloat16 on a GPU or TPU that has it.

    Weights, their averages and all sums are float32 in either. A processor that has bfloat16 gains
    a tenth or nothing from it (docs/benchmarks.md), and would train other weights than one without.
    """
    if rule != "auto":
        return rule
    return "bf16" if gpu is not None and gpu.has_bf16 else "f32"


@contextlib.contextmanager
def kept_dtype_policy(keras: ModuleType) -> Iterator[None]:
    """Restore Keras's dtype policy at the end, since it is the user's."""
    before = keras.config.dtype_policy()
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
