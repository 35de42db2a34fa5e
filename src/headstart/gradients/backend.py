"""Keras on a backend that computes gradients."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from headstart.errors import MissingExtra
from headstart.features.accelerator import BACKENDS, choose_backend

if TYPE_CHECKING:
    from types import ModuleType

_PURPOSE = "Training a whole network"


def start_keras() -> ModuleType:
    """Import Keras with TensorFlow, JAX or torch behind it, whichever is there, and return it.

    Raises
    ------
    MissingExtra
        If none of them is installed, or Keras was imported before with a backend that only
        predicts.
    """
    choose_backend()
    # TensorFlow's remarks on the processor are nobody's business; errors still come through.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    try:
        import keras
    except ImportError as error:
        # Keras by itself is always there; what is behind it may not be.
        raise MissingExtra(_PURPOSE, "finetune") from error
    if keras.backend.backend() not in BACKENDS:
        raise MissingExtra(
            f"{_PURPOSE} can't use Keras on {keras.backend.backend()!r}, which only predicts, and "
            f"(KERAS_BACKEND unset, or one of {', '.join(BACKENDS)})",
            "finetune",
        )
    return keras
