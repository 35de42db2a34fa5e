"""Keras on a backend that computes gradients."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from typing import TYPE_CHECKING

from headstart.errors import MissingExtra
from headstart.features.accelerator import BACKENDS, choose_backend

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

_PURPOSE = "Training a whole network"
_STDERR = 2


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
        with _held_back():
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


@contextlib.contextmanager
def _held_back() -> Iterator[None]:
    """Hold back what native code writes to stderr before any setting can silence it.

    It is shown after all if the block fails.
    """
    sys.stderr.flush()
    with tempfile.TemporaryFile() as said:
        stderr = os.dup(_STDERR)
        os.dup2(said.fileno(), _STDERR)
        try:
            yield
        except BaseException:
            said.seek(0)
            os.write(stderr, said.read())
            raise
        finally:
            os.dup2(stderr, _STDERR)
            os.close(stderr)
