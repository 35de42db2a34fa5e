"""The choices that settings of a training have in common, and checks of settings."""

from __future__ import annotations

from typing import Literal

from headstart.errors import UsageError

OptimizerName = Literal["adam", "adamw", "rmsprop", "sgd"]
LossName = Literal["categorical_crossentropy", "binary_crossentropy"]
Monitor = Literal["val_accuracy", "val_loss"]


def require(holds: bool, what: str, received: object) -> None:
    """Raise a `UsageError` unless a setting holds."""
    if not holds:
        raise UsageError(f"{what}. Received: {received!r}.")
