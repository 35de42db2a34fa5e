"""Compile a network for this machine, on the runtime that suits it."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

from headstart.arguments import check, check_known
from headstart.errors import UsageError
from headstart.escaping import printable
from headstart.features import accelerator, forking, keras_engine, openvino_engine
from headstart.features.engine import Engine, Precision, Runtime
from headstart.features.settings import Device

if TYPE_CHECKING:
    from collections.abc import Sequence

    from headstart.backbones.network import Network

_logger = logging.getLogger("headstart")

# Compiled networks that are kept for the process, so that a second call does not compile again.
_KEPT = 4

_ENGINES: dict[Runtime, type[Engine]] = {
    "openvino": openvino_engine.OpenVinoEngine,
    "keras": keras_engine.KerasEngine,
}
_compiled: dict[tuple[Any, ...], Engine] = {}


def compile_network(
    network: Network,
    *,
    precision: Precision = "f32",
    outputs: Sequence[str] = ("features",),
    runtime: Runtime = "openvino",
    threads: int | None = None,
) -> Engine:
    """Compile a network, or return the engine if this process has compiled it already.

    Parameters
    ----------
    network : Network
    precision : {"f32", "bf16"}
    outputs : sequence of str
        Which of ``network.outputs`` to compute.
    runtime : {"openvino", "keras"}
        See `choose_runtime`.
    threads : int, optional
        The processor threads that it may run on. The default is one for each core.

    Raises
    ------
    UsageError
        If the network has no such output, or the runtime can't run it in this precision or on a
        limited number of threads.
    ForkError
        If this process was forked while a network ran.
    DamagedModel
        If the files of the network are gone, or belong to another network by now.
    """
    check("The precision", precision, Precision)
    if not outputs:
        raise UsageError("outputs must name at least one output. Received: none.")
    for name in outputs:
        check_known(f"The output of {network.name}", name, network.outputs)
    key = (network.key, network.folder, precision, tuple(outputs), runtime, threads)
    with forking.no_fork():
        if key not in _compiled:
            _compiled[key] = _compile(network, precision, outputs, runtime, threads)
            while len(_compiled) > _KEPT:
                _compiled.pop(next(iter(_compiled)))
        return _compiled[key]


def _compile(
    network: Network,
    precision: Precision,
    outputs: Sequence[str],
    runtime: Runtime,
    threads: int | None,
) -> Engine:
    began = time.perf_counter()
    engine = _ENGINES[runtime](network, precision, outputs, threads)
    _logger.info(
        "compiled %s for %s (%s, threads: %s) in %.2f s",
        *(printable(network.name), runtime, precision, threads or "all"),
        time.perf_counter() - began,
    )
    return engine


def choose_runtime(device: Device, network: Network) -> Runtime:
    """Return what runs a network on this machine.

    Parameters
    ----------
    device : {"auto", "openvino", "keras"}
        "openvino" runs any network on the processor. "keras" runs networks of the catalogue, with
        their own features, on the installed Keras backend. "auto" chooses Keras for those if its
        backend has a GPU or TPU.
    network : Network

    Raises
    ------
    UsageError
        If there is no such device, or Keras can't run the network.
    """
    check("The device", device, Device)
    if device == "keras":
        keras_engine.check_variant(network)
    if device != "auto":
        return device
    # Importing Keras to ask takes seconds: only if there may be an accelerator, and a use for it.
    on_keras = (
        accelerator.may_have_accelerator()
        and keras_engine.can_build(network)
        and accelerator.sees_accelerator()
    )
    _logger.debug("%s runs on %s", printable(network.name), "keras" if on_keras else "openvino")
    return "keras" if on_keras else "openvino"


def has_bf16(runtime: Runtime) -> bool:
    """Tell whether a runtime computes in bfloat16 on this machine."""
    return runtime == "keras" or openvino_engine.has_bf16()
