"""Compile a network for this machine, on the runtime that suits it."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from headstart.arguments import check, check_known
from headstart.errors import UsageError
from headstart.escaping import printable
from headstart.features import devices, forking, openvino_engine, torch_engine
from headstart.features.engine import Engine, Precision, Runtime
from headstart.images.cores import usable_cores

if TYPE_CHECKING:
    from collections.abc import Sequence

    from headstart.features.settings import Device
    from headstart.networks.network import Network

_logger = logging.getLogger("headstart")

# Compiled networks that are kept for the process, so that a second call does not compile again.
_KEPT = 4

_ENGINES: dict[Runtime, type[Engine]] = {
    "openvino": openvino_engine.OpenVinoEngine,
    "torch": torch_engine.TorchEngine,
}
_compiled: dict[tuple[Any, ...], Engine] = {}

#: Seconds from the wish for a GPU to its first features: torch is imported, the driver starts, and
#: one image is compared. And how many times as long the processor must be expected to take.
START, WORTH = 6.0, 2.0
#: Multiplications and additions that a core does in a second, of a network in float32: 31 to 84
#: billion were measured (docs/scale.md). `WORTH` leaves room for cores that do twice as many.
MACS_PER_CORE = 50e9
#: How far features on a GPU may be from those on the processor, relative to their length.
TOLERANCE = 1e-3

# Networks that were compared on both devices, with what went wrong.
_tried: dict[tuple[Any, ...], str] = {}


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
    precision : {"f32", "bf16", "int8"}
        "int8" for a network with 8 bits, and for no other.
    outputs : sequence of str
        Which of ``network.outputs`` to compute.
    runtime : {"openvino", "torch"}
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
    if network.quantised != (precision == "int8"):
        needed = "'int8'" if network.quantised else "'f32' or 'bf16': its graph has no 8 bits"
        raise UsageError(
            f"{network.name} must be computed in {needed}. Received: precision={precision!r}."
        )
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


def choose_runtime(
    device: Device,
    network: Network,
    n_images: int | None = None,
    outputs: Sequence[str] = ("features",),
) -> Runtime:
    """Return what runs a network on this machine.

    Parameters
    ----------
    device : {"auto", "cpu", "gpu"}
        "cpu" is OpenVINO, on the processor. "gpu" is torch, on a GPU. "auto" is the device in
        ``$HEADSTART_DEVICE``, or else the GPU if torch sees one, the images pay for its start (see
        `pays`) and it computes what the processor does.
    network : Network
    n_images : int, optional
        How many images it will be run on. Where that is not known, "auto" is the processor.
    outputs : sequence of str
        The outputs that will be computed.

    Raises
    ------
    UsageError, MissingExtra, ForkError
        If there is no such device; see `devices.torch_gpu`.
    """
    device = devices.chosen_device(device)
    if network.quantised:
        _check_processor(device, network)
        return "openvino"
    if device == "gpu":
        devices.torch_device()
    on_gpu = device == "gpu" or (device == "auto" and _gpu_is_better(network, n_images, outputs))
    runtime: Runtime = "torch" if on_gpu else "openvino"
    _logger.debug("%s runs on %s", printable(network.name), runtime)
    return runtime


def _check_processor(device: Device, network: Network) -> None:
    if device == "gpu":
        raise UsageError(
            f"A network with 8 bits runs on the processor only. Received: {network.name} with "
            "device='gpu'. Use device='cpu' or 'auto'."
        )


def _gpu_is_better(network: Network, n_images: int | None, outputs: Sequence[str]) -> bool:
    # In this order: the first two questions take no time, the third imports torch.
    return (
        devices.may_see_gpu("torch")
        and (_has_started(network) or pays(network, n_images or 0))
        and devices.find_gpu("torch") is not None
        and _agrees(network, tuple(outputs))
    )


def _has_started(network: Network) -> bool:
    return any(
        engine.runtime == "torch" and engine.network.key == network.key
        for engine in list(_compiled.values())
    )


def pays(network: Network, n_images: int) -> bool:
    """Tell whether the processor would take so long that a GPU has started and caught up.

    The GPU is taken if all cores together would compute for at least `WORTH` times as long as the
    GPU takes to start.
    """
    rate = MACS_PER_CORE * usable_cores()
    return n_images * network.macs / rate >= WORTH * START


def _agrees(network: Network, outputs: tuple[str, ...]) -> bool:
    """Tell whether the GPU computes what the processor does, on one image; any error means no.

    A new driver or a rare operation must not change results, nor end a job that the processor can
    do.
    """
    key = (network.key, network.folder, outputs)
    if key not in _tried:
        _tried[key] = reason = _disagreement(network, outputs)
        if reason:
            name = printable(network.name)
            _logger.warning("%s runs on the processor, not on the GPU: %s", name, printable(reason))
    return not _tried[key]


def _disagreement(network: Network, outputs: tuple[str, ...]) -> str:
    """Return what goes wrong on the GPU; empty if nothing does."""
    noise = np.random.default_rng(0).integers(0, 256, (1, *network.size, 3), np.uint8)
    exact = compile_network(network, outputs=outputs).infer(noise)
    try:
        found = compile_network(network, outputs=outputs, runtime="torch").infer(noise)
    except Exception as error:  # noqa: BLE001 - whatever a driver does, the processor can compute
        return f"{type(error).__name__}: {error}"[:500]
    for name in outputs:
        moved = np.linalg.norm(found[name] - exact[name])
        if not moved <= TOLERANCE * np.linalg.norm(exact[name]):
            return f"its {name} of one image differ by {moved:.2g} in length"
    return ""


def has_bf16(runtime: Runtime) -> bool:
    """Tell whether a runtime computes in bfloat16 on this machine."""
    return devices.torch_gpu().has_bf16 if runtime == "torch" else openvino_engine.has_bf16()
