"""The `Engine`: runs a compiled network on images, in order."""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from headstart.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Sequence

    from headstart.networks.network import Network

Precision = Literal["f32", "bf16", "int8"]
Runtime = Literal["openvino", "torch"]
Values = dict[str, NDArray[np.float32]]


class Engine(abc.ABC):
    """A network compiled for this machine.

    Attributes
    ----------
    network : Network
    precision : {"f32", "bf16", "int8"}
        What the network computes in: "int8" if and only if ``network.quantised``. The outputs are
        always float32.
    outputs : tuple of str
        The outputs of the network that are computed.
    threads : int or None
        The processor threads that it runs on at most; None for one for each core.
    runtime : {"openvino", "torch"}
        What runs it: OpenVINO on the processor, or torch on a GPU.
    """

    runtime: Runtime

    def __init__(
        self,
        network: Network,
        precision: Precision,
        outputs: Sequence[str],
        threads: int | None = None,
    ) -> None:
        self.network = network
        self.precision = precision
        self.outputs = tuple(outputs)
        self.threads = threads

    @abc.abstractmethod
    def release(self) -> bool:
        """Before a fork: give up every native thread; return False if that can't be done."""

    @abc.abstractmethod
    def abandon(self) -> None:
        """In a forked process, after `release` returned False: keep everything and use nothing."""

    @abc.abstractmethod
    def stream(
        self, images: Iterable[tuple[Any, NDArray[np.uint8] | None]]
    ) -> Generator[tuple[Any, Values]]:
        """Run images as they come, several at a time.

        Parameters
        ----------
        images : iterable of (tag, image)
            `image` is uint8 RGB of shape (height, width, 3), as large as ``network.size``. If it is
            None, nothing is computed, and its tag is yielded in its place without values.

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
        """Raise a `UsageError` unless `image` has the shape and dtype that the network takes."""
        expected = (*self.network.size, 3)
        if image.shape != expected or image.dtype != np.uint8:
            raise UsageError(
                f"{self.network.name} takes uint8 RGB images of shape {expected}. "
                f"Received: {image.dtype}, shape {image.shape}."
            )
