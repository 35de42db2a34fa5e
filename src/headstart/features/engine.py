"""Run a network: pictures in, features out, in order."""

from __future__ import annotations

import abc
import threading
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from headstart.backbones.networks import is_catalogued
from headstart.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Sequence

    from headstart.backbones.network import Network

Precision = Literal["f32", "bf16"]
Runtime = Literal["openvino", "keras"]
Device = Literal["auto", "openvino", "keras"]
Values = dict[str, NDArray[np.float32]]

PRECISIONS = ("f32", "bf16")
DEVICES = ("auto", "openvino", "keras")

# Compiled networks are kept for the process, so that a second call does not compile again.
_KEPT = 4


class Engine(abc.ABC):
    """A network compiled for this machine.

    Attributes
    ----------
    network : Network
    precision : {"f32", "bf16"}
        What it computes in; what comes out is float32 in any case.
    outputs : tuple of str
        Which of the network's outputs are computed.
    """

    def __init__(self, network: Network, precision: Precision, outputs: Sequence[str]) -> None:
        self.network = network
        self.precision = precision
        self.outputs = tuple(outputs)

    @abc.abstractmethod
    def stream(
        self, images: Iterable[tuple[Any, NDArray[np.uint8] | None]]
    ) -> Generator[tuple[Any, Values]]:
        """Run images as they come, several at a time.

        Parameters
        ----------
        images : iterable of (tag, image)
            `image` is uint8 RGB of shape (height, width, 3), as large as ``network.size``. An
            image of None is not computed; its tag comes out in its place, with no values.

        Yields
        ------
        tag : object
            In the order of `images`.
        values : dict
            Output name to float32 array, without a batch axis.

        Raises
        ------
        UsageError
            If an image has another shape or dtype.
        """

    def infer(self, batch: NDArray[np.uint8]) -> Values:
        """Run a batch.

        Parameters
        ----------
        batch : ndarray of uint8, shape (n, height, width, 3)
            RGB.

        Returns
        -------
        dict
            Output name to float32 array of shape (n, ...).
        """
        rows = [values for _, values in self.stream(enumerate(batch))]
        return {
            name: np.stack([row[name] for row in rows])
            if rows
            else np.empty((0, *self.network.outputs[name]), np.float32)
            for name in self.outputs
        }

    def check_image(self, image: NDArray[np.uint8]) -> None:
        """Raise a `UsageError` unless `image` is what the network takes."""
        expected = (*self.network.size, 3)
        if image.shape != expected or image.dtype != np.uint8:
            raise UsageError(
                f"{self.network.name} takes uint8 RGB images of shape {expected}. "
                f"Received: {image.dtype}, shape {image.shape}."
            )


def compile_network(
    network: Network,
    *,
    precision: Precision = "f32",
    outputs: Sequence[str] = ("features",),
    device: Device = "auto",
) -> Engine:
    """Compile a network for this machine, or return it if this process has it compiled already.

    Parameters
    ----------
    network : Network
    precision : {"f32", "bf16"}
        `headstart.features.precision.choose_precision` chooses one.
    outputs : sequence of str
        Which of ``network.outputs`` to compute; nothing else is.
    device : {"auto", "openvino", "keras"}
        "openvino" runs on the CPU; "keras" on the installed Keras backend, networks of the
        catalogue with their own features only; "auto" takes Keras for those if its backend sees a
        GPU or TPU, else OpenVINO.

    Raises
    ------
    UsageError
        If the network has no such output, there is no such precision or device, or the device
        can't run the network.
    """
    check_request(network, precision, outputs)
    key = (network.key, network.folder, precision, tuple(outputs), choose_runtime(device, network))
    with _compiling:
        if key not in _compiled:
            _compiled[key] = _RUNTIMES[key[-1]](network, precision, outputs)
            while len(_compiled) > _KEPT:
                _compiled.pop(next(iter(_compiled)))
        return _compiled[key]


def check_request(network: Network, precision: str, outputs: Sequence[str]) -> None:
    """Raise a `UsageError` unless `network` can be run like this."""
    _check_known("precision", precision, PRECISIONS)
    if not outputs:
        raise UsageError("outputs must name at least one output. Received none.")
    for name in outputs:
        _check_known(f"output of {network.name}", name, tuple(network.outputs))


def choose_runtime(device: Device, network: Network) -> Runtime:
    """Return what runs `network`: `device`, or what 'auto' stands for on this machine."""
    _check_known("device", device, DEVICES)
    own = network.pooling == "auto" and not network.layer and not network.mirror
    if device == "keras" and not own:
        raise UsageError(
            f"device='keras' computes a network's own features only. Received: {network.name} with "
            f"pooling={network.pooling!r}, layer={network.layer!r}, mirror={network.mirror}. "
            "Use device='openvino' for it."
        )
    if device != "auto":
        return device
    from headstart.features.accelerator import sees_accelerator

    if not (is_catalogued(network) and sees_accelerator()):
        return "openvino"
    from headstart.features.keras_engine import has_weights

    # Fine-tuned ones are kept as the converted network only.
    return "keras" if has_weights(network) else "openvino"


def _check_known(what: str, value: str, known: Sequence[str]) -> None:
    if value not in known:
        raise UsageError(f"The {what} must be one of {', '.join(known)}. Received: {value!r}.")


def _with_openvino(network: Network, precision: Precision, outputs: Sequence[str]) -> Engine:
    from headstart.features.openvino_engine import OpenVinoEngine

    return OpenVinoEngine(network, precision, outputs)


def _with_keras(network: Network, precision: Precision, outputs: Sequence[str]) -> Engine:
    from headstart.features.keras_engine import KerasEngine

    return KerasEngine(network, precision, outputs)


_RUNTIMES = {"openvino": _with_openvino, "keras": _with_keras}
_compiled: dict[tuple[Any, ...], Engine] = {}
_compiling = threading.Lock()
