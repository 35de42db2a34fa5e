"""Whether this machine has a GPU or TPU that the installed Keras backend can use."""

import importlib.util
import json
import os
import shutil
import sys
from pathlib import Path

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


def choose_backend() -> None:
    """Set ``$KERAS_BACKEND`` to an installed backend, unless the user or an import chose one.

    Keras fixes its backend when it is first imported. By default it takes the backend in its own
    settings file, which is TensorFlow unless the user changed it, even if TensorFlow is not
    installed.
    """
    if "keras" in sys.modules or os.environ.get("KERAS_BACKEND"):
        return
    if _is_installed(_configured_backend()):
        return
    installed = [name for name in BACKENDS if _is_installed(name)]
    if installed:
        os.environ["KERAS_BACKEND"] = installed[0]


def _has_backend() -> bool:
    return any(map(_is_installed, BACKENDS))


def _is_installed(backend: str) -> bool:
    return backend in BACKENDS and importlib.util.find_spec(backend) is not None


def _configured_backend() -> str:
    folder = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras")
    try:
        settings = json.loads((folder / "keras.json").read_text("utf-8"))
        return str(settings.get("backend"))
    except (OSError, ValueError, AttributeError):
        return ""


def _keras_accelerators() -> list[str]:
    choose_backend()
    import keras

    if keras.backend.backend() not in BACKENDS:
        return []
    kinds = ("gpu", "tpu")
    return [name for kind in kinds for name in keras.distribution.list_devices(kind)]
