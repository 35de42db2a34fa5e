"""Say which frameworks are there and see a GPU, and on which headstart trains. Not measured."""

import json
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any


def main() -> None:
    """Print a record."""
    installed = [name for name in ASK if find_spec(name) is not None]
    gpus = {name: _ask(name) for name in installed}
    # Last: a framework may change how others start.
    from headstart.training.backend import start_keras

    backend = start_keras().backend.backend()
    print(json.dumps({"installed": installed, "gpus": gpus, "backend": backend}))


def _ask(framework: str) -> dict[str, Any] | None:
    try:
        return ASK[framework]()
    except Exception as error:  # noqa: BLE001 - a driver that is broken is no GPU
        print(f"{framework}: {error}")
        return None


def _torch() -> dict[str, Any] | None:
    import torch

    if torch.cuda.is_available():
        name, has_bf16 = torch.cuda.get_device_name(), torch.cuda.is_bf16_supported()
        return {"kind": "cuda", "name": name, "has_bf16": has_bf16}
    for kind, there in (("mps", torch.backends.mps), ("xpu", torch.xpu)):
        if there.is_available():
            return {"kind": kind, "name": kind, "has_bf16": False}
    return None


def _jax() -> dict[str, Any] | None:
    import jax

    kind = jax.default_backend()
    return None if kind == "cpu" else {"kind": kind, "name": jax.devices()[0].device_kind}


def _tensorflow() -> dict[str, Any] | None:
    import tensorflow as tf

    found = tf.config.list_physical_devices("GPU")
    return {"kind": "gpu", "name": found[0].name} if found else None


ASK: dict[str, Callable[[], dict[str, Any] | None]] = {
    "torch": _torch,
    "jax": _jax,
    "tensorflow": _tensorflow,
}


if __name__ == "__main__":
    main()
