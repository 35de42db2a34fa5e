"""Keras on a backend that computes gradients."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from typing import TYPE_CHECKING

from headstart.errors import MissingExtra
from headstart.features import forking
from headstart.features.accelerator import BACKENDS, import_keras

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from headstart.features.engine import Runtime

_PURPOSE = "Training with Keras"
_STDERR = 2


class _Started:
    """A backend that trains. Its threads do not exist in a forked process."""

    runtime: Runtime = "keras"

    def release(self) -> bool:
        """Return False: no Keras backend can be given up once it has started."""
        return False

    def abandon(self) -> None:
        """Do nothing: the backend's own modules hold it to the end."""


_STARTED = _Started()


def start_keras() -> ModuleType:
    """Import Keras on TensorFlow, JAX or torch, whichever is installed, and return it.

    Raises
    ------
    MissingExtra
        If none of them is installed, or Keras was imported before on a backend that only predicts.
    ForkError
        If a parent of this process started Keras before it forked.
    """
    forking.check_usable("keras")
    try:
        with _quiet():
            keras = import_keras()
    except ImportError as error:
        # Keras is always installed, its backends need not be.
        raise MissingExtra(_PURPOSE, "finetune") from error
    if keras.backend.backend() not in BACKENDS:
        raise MissingExtra(
            f"Keras on {keras.backend.backend()!r} only predicts. Training on another backend "
            f"(KERAS_BACKEND unset, or one of {', '.join(BACKENDS)})",
            "finetune",
        )
    forking.hold(_STARTED)
    return keras


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Hide what native code writes to stderr before any setting can silence it.

    If the block fails, the text is shown after all.
    """
    sys.stderr.flush()
    with tempfile.TemporaryFile() as written:
        stderr = os.dup(_STDERR)
        os.dup2(written.fileno(), _STDERR)
        try:
            yield
        except BaseException:
            written.seek(0)
            os.write(stderr, written.read())
            raise
        finally:
            os.dup2(stderr, _STDERR)
            os.close(stderr)
