"""Keras on a backend that computes gradients."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from typing import TYPE_CHECKING

from headstart.display.text import either
from headstart.errors import MissingExtra, UsageError
from headstart.features import forking
from headstart.features.accelerator import (
    BACKENDS,
    configured_backend,
    import_keras,
    installed_backends,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import ModuleType

    from headstart.features.engine import Runtime

_PURPOSE = "Training with Keras"
_VARIABLE = "KERAS_BACKEND"
# Keras's own backends without gradients.
_PREDICTING = ("numpy", "openvino")
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
    """Import Keras on TensorFlow, JAX or torch, whichever is asked for or installed; return it.

    Raises
    ------
    MissingExtra
        If none of them is installed.
    UsageError
        If the one that is asked for is not installed, does not start or only predicts.
    ForkError
        If a parent of this process started Keras before it forked.
    """
    forking.check_usable("keras")
    check_backend()
    try:
        # Where it is imported already it says nothing, and stderr belongs to all threads.
        with contextlib.nullcontext() if "keras" in sys.modules else _quiet():
            keras = import_keras()
    except Exception as error:
        raise _does_not_start(error) from error
    backend = keras.backend.backend()
    if backend not in BACKENDS:
        raise UsageError(
            f"{_PURPOSE} needs a backend that computes gradients: {either(BACKENDS)}. Received: "
            f"{backend}, on which this process has imported Keras already. Start a new one, with "
            f"{_VARIABLE} unset."
        )
    forking.hold(_STARTED)
    return keras


def check_backend() -> None:
    """Check, without importing anything, that there is a backend to train with.

    Raises
    ------
    MissingExtra, UsageError
        See `start_keras`.
    """
    if "keras" in sys.modules:
        return
    asked, installed = os.environ.get(_VARIABLE), installed_backends()
    if asked and asked not in BACKENDS:
        reason = "which only predicts" if asked in _PREDICTING else "which Keras does not know"
        raise UsageError(
            f"{_PURPOSE} needs a backend that computes gradients: {either(BACKENDS)}. "
            f"{_VARIABLE} asks for {asked}, {reason}. {_instead(installed)}."
        )
    if not installed:
        raise MissingExtra(_PURPOSE, "finetune")
    if asked and asked not in installed:
        raise UsageError(
            f"{_PURPOSE} needs a backend. {_VARIABLE} asks for {asked}, which is not installed. "
            f"{_instead(installed)}, or install it: pip install {asked}."
        )


def _does_not_start(error: Exception) -> UsageError:
    installed, configured = installed_backends(), configured_backend()
    asked = os.environ.get(_VARIABLE) or (configured if configured in installed else installed[0])
    others = [name for name in installed if name != asked]
    other = f", or set {_VARIABLE} to {either(others)}" if others else ""
    return UsageError(
        f"{_PURPOSE} runs on {asked}, which is installed but does not start. Received: "
        f"{type(error).__name__}: {error}. Install it again{other}."
    )


def _instead(installed: Sequence[str]) -> str:
    if not installed:
        return 'Unset it, and install the extra "finetune"'
    return f"Unset it, or set it to {either(installed)}, which can be used here"


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Hide what native code writes to stderr before any setting can silence it.

    TensorFlow 2.21 writes "oneDNN custom operations are on" whatever TF_CPP_MIN_LOG_LEVEL is.
    If the block fails, the text is shown after all.
    """
    if sys.stderr is None:  # it is closed: nothing would be seen
        yield
        return
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
