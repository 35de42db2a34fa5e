"""Keras on a backend that computes gradients, and on the device that is asked for."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from typing import TYPE_CHECKING

from headstart.display.text import either
from headstart.errors import MissingExtra, UsageError
from headstart.features import forking
from headstart.features.devices import (
    FRAMEWORKS,
    chosen_device,
    find_gpu,
    is_installed,
    starting,
)
from headstart.networks.keras_settings import keras_folder
from headstart.untrusted.json_text import read_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import ModuleType

    from headstart.features.devices import Framework, Gpu
    from headstart.features.settings import Device

_PURPOSE = "Training with Keras"
_VARIABLE = "KERAS_BACKEND"
# Keras's own backends without gradients.
_PREDICTING = ("numpy", "openvino")
# What Keras writes into its settings file when it is first imported, whatever the user wants.
_WRITTEN_BY_KERAS = "tensorflow"
_STDERR = 2


class _Started:
    """A backend that trains. Its threads do not exist in a forked process."""

    runtime = "keras"

    def release(self) -> bool:
        """Return False: no Keras backend can be given up once it has started."""
        return False

    def abandon(self) -> None:
        """Do nothing: the backend's own modules hold it to the end."""


_STARTED = _Started()


def start_keras(device: Device = "auto") -> ModuleType:
    """Import Keras on TensorFlow, JAX or torch, whichever is asked for or installed; return it.

    Parameters
    ----------
    device : {"auto", "cpu", "gpu"}
        What training will run on; see `training_gpu`.

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
            keras = import_keras(device)
    except Exception as error:
        raise _does_not_start(error) from error
    backend = keras.backend.backend()
    if backend not in FRAMEWORKS:
        raise UsageError(
            f"{_PURPOSE} needs a backend that computes gradients: {either(FRAMEWORKS)}. Received: "
            f"{backend}, on which this process has imported Keras already. Start a new one, with "
            f"{_VARIABLE} unset."
        )
    forking.hold(_STARTED)
    return keras


def training_gpu(keras: ModuleType, device: Device) -> Gpu | None:
    """Return the GPU or TPU that training runs on, or None for the processor.

    Parameters
    ----------
    keras : module
        As `start_keras` returns it.
    device : {"auto", "cpu", "gpu"}
        "auto" is the device in ``$HEADSTART_DEVICE``, or else a GPU or TPU if Keras's backend can
        use one: whoever trains a network has work enough for it.

    Raises
    ------
    UsageError
        If a GPU is asked for, and Keras's backend can use none.
    """
    device = chosen_device(device)
    if device == "cpu":
        return None
    backend: Framework = keras.backend.backend()
    gpu = find_gpu(backend)
    if device == "gpu" and gpu is None:
        raise UsageError(
            f"device='gpu' needs a GPU that Keras's backend can use. Received: {backend}, which "
            f"can use none. Install the build of torch for this machine's GPU and set {_VARIABLE} "
            "to torch, or use device='cpu'."
        )
    return gpu


def computing_on(keras: ModuleType, gpu: Gpu | None) -> contextlib.AbstractContextManager[object]:
    """Return a context in which this thread computes with Keras on a GPU or on the processor.

    By itself, every backend computes on a GPU if it sees one.
    """
    # Not "cpu:0": Keras on torch would copy each variable there, and then find no gradients.
    return contextlib.nullcontext() if gpu else keras.device("cpu")


def import_keras(device: Device = "cpu") -> ModuleType:
    """Import Keras on an installed backend, and return it.

    The environment and the random generators stay as they are; see `starting`.

    Keras fixes its backend when it is first imported: the one in ``$KERAS_BACKEND`` or in its own
    settings file, which is TensorFlow unless the user changed it, even if TensorFlow is not
    installed. The backend is another one only where that can't be had; or if the user has chosen
    none, and only another one can use the GPU of this machine.
    """
    with starting(KERAS_BACKEND=_backend(device)):
        import keras

        return keras


def _backend(device: Device) -> str:
    """Return the backend that Keras would not choose by itself; empty where none is needed."""
    if "keras" in sys.modules or os.environ.get(_VARIABLE):
        return ""
    configured, installed = configured_backend(), installed_backends()
    if configured in installed and configured != _WRITTEN_BY_KERAS:
        return ""
    usual = next(iter(installed), "")
    if chosen_device(device) != "cpu" and len(installed) > 1:
        # A few seconds to ask each, which a GPU makes up for.
        seeing = (name for name in installed if find_gpu(name) is not None)
        usual = next(seeing, usual)
    return "" if configured == usual else usual


def installed_backends() -> list[Framework]:
    """Return the backends with gradients that are installed."""
    return [name for name in FRAMEWORKS if is_installed(name)]


def configured_backend() -> str:
    """Return the backend in Keras's settings file; empty if it names none."""
    try:
        settings = read_json(keras_folder() / "keras.json")
        return str(settings.get("backend"))
    except (OSError, ValueError, AttributeError):
        return ""


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
    if asked and asked not in FRAMEWORKS:
        reason = "which only predicts" if asked in _PREDICTING else "which Keras does not know"
        raise UsageError(
            f"{_PURPOSE} needs a backend that computes gradients: {either(FRAMEWORKS)}. "
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
