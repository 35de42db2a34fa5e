"""Whether this machine has a GPU or TPU that the installed Keras backend can use."""

import contextlib
import importlib.util
import os
import random
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np

from headstart.backbones.keras_settings import keras_folder
from headstart.untrusted.json_text import read_json

BACKENDS = ("tensorflow", "jax", "torch")

# The device files of the drivers of NVIDIA, AMD and Google. Importing a backend to ask it takes
# seconds, so it is only asked where there may be something to find.
_DEVICE_FILES = ("nvidia0", "kfd", "accel0", "vfio/0")
_TPU_VARIABLES = ("TPU_NAME", "COLAB_TPU_ADDR", "TPU_WORKER_ID")


def sees_accelerator() -> bool:
    """Tell whether Keras's backend sees a GPU or TPU; imports it only if there may be one."""
    return may_have_accelerator() and _has_backend() and bool(_keras_accelerators())


def may_have_accelerator() -> bool:
    """Tell, without importing anything, whether this machine may have a GPU or TPU."""
    return (
        any((Path("/dev") / name).exists() for name in _DEVICE_FILES)
        or any(name in os.environ for name in _TPU_VARIABLES)
        or shutil.which("nvidia-smi") is not None
    )


def import_keras() -> ModuleType:
    """Import Keras on an installed backend, and return it.

    The environment and the random generators, from which backends draw when they are imported, stay
    as they are.

    Keras fixes its backend when it is first imported. By default it takes the backend in its own
    settings file, which is TensorFlow unless the user changed it, even if TensorFlow is not
    installed. The backend is another one only where that can't be had.
    """
    with _starting_environment(), _kept_generators():
        import keras

        return keras


@contextlib.contextmanager
def _starting_environment() -> Iterator[None]:
    """Set for an import which backend is meant, and that TensorFlow keeps its remarks."""
    wanted = {"TF_CPP_MIN_LOG_LEVEL": "2", "KERAS_BACKEND": _backend()}
    added = {name: value for name, value in wanted.items() if value and not os.environ.get(name)}
    before = {name: os.environ.get(name) for name in added}
    os.environ.update(added)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value


@contextlib.contextmanager
def _kept_generators() -> Iterator[None]:
    before, of_numpy = random.getstate(), np.random.get_state()  # noqa: NPY002 - the user's
    try:
        yield
    finally:
        random.setstate(before)
        np.random.set_state(of_numpy)  # noqa: NPY002 - the same


def _backend() -> str:
    """Return the backend that Keras would not choose by itself; empty where none is needed."""
    if "keras" in sys.modules or _is_installed(configured_backend()):
        return ""
    return next(iter(installed_backends()), "")


def installed_backends() -> list[str]:
    """Return the backends with gradients that are installed."""
    return [name for name in BACKENDS if _is_installed(name)]


def _has_backend() -> bool:
    return bool(installed_backends())


def _is_installed(backend: str) -> bool:
    return backend in BACKENDS and importlib.util.find_spec(backend) is not None


def configured_backend() -> str:
    """Return the backend in Keras's settings file; empty if it names none."""
    try:
        settings = read_json(keras_folder() / "keras.json")
        return str(settings.get("backend"))
    except (OSError, ValueError, AttributeError):
        return ""


def _keras_accelerators() -> list[str]:
    keras = import_keras()
    if keras.backend.backend() not in BACKENDS:
        return []
    kinds = ("gpu", "tpu")
    return [name for kind in kinds for name in keras.distribution.list_devices(kind)]
