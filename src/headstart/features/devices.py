"""Which GPU each framework can use, asked in the framework's own way.

Choosing a device never fails a run: whatever a framework or a driver does when it is asked, the
processor can compute. Importing a framework takes seconds, so none is imported unless the machine
may have a GPU or the user asks for one.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.metadata
import importlib.util
import logging
import os
import platform
import random
import shutil
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from headstart.arguments import check
from headstart.errors import MissingExtra, UsageError
from headstart.escaping import printable
from headstart.features import forking
from headstart.features.settings import Device

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Framework = Literal["tensorflow", "jax", "torch"]
FRAMEWORKS: tuple[Framework, ...] = get_args(Framework)

#: The environment variable with the device that is used where nobody says which.
VARIABLE = "HEADSTART_DEVICE"

# The device files of the drivers of NVIDIA (also in WSL and on Jetson), AMD and Google.
_DEVICE_FILES = ("nvidia0", "dxg", "nvhost-gpu", "kfd", "accel0", "vfio/0")
_TPU_VARIABLES = ("TPU_NAME", "COLAB_TPU_ADDR", "TPU_WORKER_ID")
# TensorFlow keeps its remarks to itself. JAX takes memory as it needs it, and not three quarters of
# the GPU at once: torch may need some as well.
_ENVIRONMENT = {"TF_CPP_MIN_LOG_LEVEL": "2", "XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
# The first NVIDIA GPUs that compute in bfloat16.
_AMPERE = 8

_logger = logging.getLogger("headstart")


@dataclass(frozen=True, slots=True)
class Gpu:
    """A GPU or TPU, as one framework sees it.

    Attributes
    ----------
    kind : str
        What the framework calls such devices. Of torch: "cuda" (NVIDIA, and AMD with ROCm), "mps"
        (Apple) or "xpu" (Intel). Of JAX and TensorFlow: "gpu" or "tpu".
    name : str
        The product's name, or else `kind`.
    has_bf16 : bool
        Whether it is known to compute in bfloat16.
    """

    kind: str
    name: str
    has_bf16: bool


class _Started:
    """A GPU that torch has started. No forked process can use it."""

    runtime = "torch"

    def release(self) -> bool:
        """Return False: torch gives up no GPU before the process ends."""
        return False

    def abandon(self) -> None:
        """Do nothing: torch itself holds the GPU to the end."""


_STARTED = _Started()


def chosen_device(device: Device) -> Device:
    """Return the device that is asked for; "auto" is the one in ``$HEADSTART_DEVICE``, if any.

    Raises
    ------
    UsageError
        If there is no such device.
    """
    check("device", device, Device)
    named: Any = os.environ.get(VARIABLE) if device == "auto" else None
    if not named:
        return device
    check(VARIABLE, named, Device)
    return named


def check_device(device: Device) -> None:
    """Refuse a GPU that is asked for where torch sees none.

    Raises
    ------
    UsageError, MissingExtra
        See `chosen_device` and `torch_gpu`.
    """
    if chosen_device(device) == "gpu":
        torch_device()


def torch_device() -> str:
    """Return what torch calls the GPU: "cuda", "mps" or "xpu". See `torch_gpu` for errors."""
    return torch_gpu().kind


def torch_gpu() -> Gpu:
    """Return the GPU that torch can use.

    Raises
    ------
    MissingExtra
        If torch is not installed.
    UsageError
        If torch sees no GPU.
    ForkError
        If the parent of this process used the GPU before it forked.
    """
    forking.check_usable("torch")
    if not is_installed("torch"):
        raise MissingExtra("device='gpu'", "gpu")
    gpu, reason = _asked("torch")
    if gpu is None:
        raise UsageError(
            f"device='gpu' needs a GPU that torch can use. Received: torch {_version('torch')}, "
            f"which can use none ({reason}). Install the build of torch for this machine's GPU and "
            "driver, or use device='cpu'."
        )
    return gpu


def may_have_gpu() -> bool:
    """Tell, without importing anything, whether this machine may have a GPU or TPU."""
    return (
        any((Path("/dev") / name).exists() for name in _DEVICE_FILES)
        or any(name in os.environ for name in _TPU_VARIABLES)
        or shutil.which("nvidia-smi") is not None
        or (sys.platform == "darwin" and platform.machine() == "arm64")
    )


def may_see_gpu(framework: Framework) -> bool:
    """Tell, without importing anything, whether a framework may see a GPU or TPU."""
    return is_installed(framework) and _MAY[framework]()


def _torch_may() -> bool:
    # Builds name what they are for: 2.8.0+cpu, 2.8.0+cu128, 2.8.0+xpu. Intel's GPUs have the same
    # device files as the graphics of most processors, so only the build tells.
    build = _version("torch").partition("+")[2]
    return build == "xpu" or (build != "cpu" and may_have_gpu())


def _jax_may() -> bool:
    plugins = ("jax_plugins", "libtpu")
    return may_have_gpu() and any(importlib.util.find_spec(name) is not None for name in plugins)


def _tensorflow_may() -> bool:
    return may_have_gpu() and not _version("tensorflow-cpu")


_MAY: dict[Framework, Callable[[], bool]] = {
    "tensorflow": _tensorflow_may,
    "jax": _jax_may,
    "torch": _torch_may,
}


def find_gpu(framework: Framework) -> Gpu | None:
    """Return the GPU or TPU that a framework can use, or None.

    The framework is imported, unless it is plain that there is none. Any error means that there is
    none, with a note in the log.
    """
    if not may_see_gpu(framework) or forking.is_lost(framework):
        return None
    return _asked(framework)[0]


def is_installed(framework: str) -> bool:
    """Tell whether a framework is installed, without importing it."""
    return framework in FRAMEWORKS and importlib.util.find_spec(framework) is not None


def _version(package: str) -> str:
    """Return the version of a package as it was installed; empty if it was not."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


@functools.cache
def _asked(framework: Framework) -> tuple[Gpu | None, str]:
    """Return the GPU of a framework, or None and the reason."""
    with warnings.catch_warnings(record=True) as warned, starting():
        warnings.simplefilter("always")
        try:
            gpu = _ASK[framework]()
        except Exception as error:  # noqa: BLE001 - whatever a driver does, a processor can compute
            reason = f"{type(error).__name__}: {error}"
        else:
            if gpu is not None:
                _logger.info("%s can use a GPU: %s (%s)", framework, gpu.name, gpu.kind)
                return gpu, ""
            reason = "; ".join(str(each.message) for each in warned) or "it sees none"
    reason = printable(reason[:500])
    _logger.info("%s can use no GPU: %s", framework, reason)
    return None, reason


def _ask_torch() -> Gpu | None:
    import torch

    if torch.cuda.is_available():
        kind = "cuda"
    elif torch.backends.mps.is_available():
        kind = "mps"
    elif torch.xpu.is_available():
        kind = "xpu"
    else:
        return None
    forking.hold(_STARTED)
    # Drivers list GPUs on which nothing runs: too old for this build, or taken by others.
    (torch.ones(1, device=kind) + 1).item()
    if kind != "cuda":
        return Gpu(kind, kind, has_bf16=False)
    has_bf16 = torch.cuda.is_bf16_supported(including_emulation=False)
    return Gpu(kind, torch.cuda.get_device_name(), has_bf16)


def _ask_jax() -> Gpu | None:
    import jax

    kind = jax.default_backend()
    if kind not in ("gpu", "tpu"):
        return None
    device = jax.devices()[0]
    jax.block_until_ready(jax.numpy.ones(1) + 1)
    # Of NVIDIA's a text such as "9.0"; others have none, or a name.
    major = str(getattr(device, "compute_capability", "")).partition(".")[0]
    has_bf16 = kind == "tpu" or (major.isdigit() and int(major) >= _AMPERE)
    return Gpu(kind, device.device_kind, has_bf16)


def _ask_tensorflow() -> Gpu | None:
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    if not gpus:
        return None
    for gpu in gpus:
        # Else TensorFlow takes all memory of the GPU. Refused where it has started already.
        with contextlib.suppress(RuntimeError):
            tf.config.experimental.set_memory_growth(gpu, True)
    with tf.device("/GPU:0"):
        (tf.ones(1) + 1).numpy()
    details = tf.config.experimental.get_device_details(gpus[0])
    major, _minor = details.get("compute_capability", (0, 0))
    return Gpu("gpu", details.get("device_name", "gpu"), major >= _AMPERE)


_ASK: dict[Framework, Callable[[], Gpu | None]] = {
    "tensorflow": _ask_tensorflow,
    "jax": _ask_jax,
    "torch": _ask_torch,
}


@contextlib.contextmanager
def starting(**variables: str) -> Iterator[None]:
    """Start a framework inside; the environment and the random generators stay as they are.

    Frameworks draw from the generators when they are imported, and read the environment when they
    are imported or first see a device.

    Parameters
    ----------
    **variables : str
        More variables to set. Those that the user has set, and empty values, are left alone.
    """
    wanted = _ENVIRONMENT | variables
    added = {name: value for name, value in wanted.items() if value and not os.environ.get(name)}
    before = {name: os.environ.get(name) for name in added}
    state, of_numpy = random.getstate(), np.random.get_state()  # noqa: NPY002 - the user's
    os.environ.update(added)
    try:
        yield
    finally:
        random.setstate(state)
        np.random.set_state(of_numpy)  # noqa: NPY002 - the same
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value
