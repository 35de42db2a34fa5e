"""The choices that settings of a training have in common, and checks of settings."""

from __future__ import annotations

from typing import Any, Literal, get_args, get_origin, get_type_hints

from headstart.errors import UsageError

OptimizerName = Literal["adam", "adamw", "rmsprop", "sgd"]
LossName = Literal["categorical_crossentropy", "binary_crossentropy"]
Monitor = Literal["val_accuracy", "val_loss"]


def require(holds: bool, what: str, received: object) -> None:
    """Raise a `UsageError` unless a setting holds."""
    if not holds:
        raise UsageError(f"{what}. Received: {received!r}.")


def check_choices(settings: Any) -> None:
    """Raise a `UsageError` unless each field of a `Literal` type has one of its values."""
    for name, kind in get_type_hints(type(settings)).items():
        if get_origin(kind) is Literal:
            choices = ", ".join(map(str, get_args(kind)))
            value = getattr(settings, name)
            require(value in get_args(kind), f"{name} must be one of {choices}", value)
