"""Lanes: each takes one batch of pixels at a time to a device of torch and brings its outputs back.

While a lane waits for the device, another one is filled with pixels. On NVIDIA's and AMD's GPUs
each has a stream of its own, on which upload, computing and download follow each other; those of
different lanes overlap. On other devices torch queues the computing, and the download waits for it.
"""

from __future__ import annotations

import abc
import contextlib
import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from headstart.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    Shape = tuple[int, ...]

# Where a device does not say how much memory is free.
_ASSUMED_FREE = 2**30

# The settings of `_exactly` belong to the process.
_settings = threading.Lock()


class Lane(abc.ABC):
    """A place for one batch: it is filled, started, finished, and then filled again.

    Attributes
    ----------
    pixels : ndarray of uint8, shape (n, height, width, 3)
        To be filled before the start, and left alone until the end.
    """

    pixels: NDArray[np.uint8]

    def __init__(self, module: torch.nn.Module, device: torch.device) -> None:
        self._module = module
        self._device = device

    @abc.abstractmethod
    def start(self, n_images: int) -> None:
        """Have the first images of `pixels` computed; return before that is done, if possible.

        Raises
        ------
        UsageError
            If the device has not enough memory for one image.
        """

    @abc.abstractmethod
    def finish(self) -> list[NDArray[np.float32]]:
        """Wait for the outputs, and return them; they may change when the lane starts again."""

    def _compute(self, pixels: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Compute a batch; in parts, if another program has taken the memory for all of it."""
        try:
            with _exactly(self._device.type):
                return self._module(pixels)
        except torch.OutOfMemoryError as error:
            if len(pixels) == 1:
                raise UsageError(
                    "A GPU needs enough free memory for one image at least; this one has not. "
                    "End other programs that use it, or use device='cpu'."
                ) from error
        parts = [self._compute(part) for part in pixels.chunk(2)]
        return tuple(torch.cat(outputs) for outputs in zip(*parts, strict=True))


class PlainLane(Lane):
    """A lane for any device of torch."""

    def __init__(
        self, module: torch.nn.Module, device: torch.device, shape: Shape, _: Sequence[Shape]
    ) -> None:
        super().__init__(module, device)
        self.pixels = np.empty(shape, np.uint8)
        self._outputs: tuple[torch.Tensor, ...] = ()

    def start(self, n_images: int) -> None:
        """Start a batch. See `Lane.start`."""
        self._outputs = self._compute(torch.from_numpy(self.pixels[:n_images]).to(self._device))

    def finish(self) -> list[NDArray[np.float32]]:
        """Wait for the outputs. See `Lane.finish`."""
        outputs, self._outputs = self._outputs, ()
        return [output.cpu().numpy() for output in outputs]


class CudaLane(Lane):
    """A lane with a stream of its own, and memory from which the GPU copies by itself."""

    def __init__(
        self,
        module: torch.nn.Module,
        device: torch.device,
        shape: Shape,
        output_shapes: Sequence[Shape],
    ) -> None:
        super().__init__(module, device)
        self._pixels = _pinned(shape, torch.uint8)
        self.pixels = self._pixels.numpy()
        self._answers = [_pinned((shape[0], *each), torch.float32) for each in output_shapes]
        self._n_images = 0
        self._stream = torch.cuda.Stream(device)
        # The weights were brought on the stream of this thread.
        self._stream.wait_stream(torch.cuda.current_stream(device))
        # Waiting takes no processor time, which readers of images need.
        self._done = torch.cuda.Event(blocking=True)

    def start(self, n_images: int) -> None:
        """Start a batch. See `Lane.start`."""
        self._n_images = n_images
        with torch.cuda.stream(self._stream):
            try:
                pixels = self._pixels[:n_images].to(self._device, non_blocking=True)
                outputs = self._compute(pixels)
                for answer, output in zip(self._answers, outputs, strict=True):
                    answer[:n_images].copy_(output, non_blocking=True)
            finally:
                self._done.record(self._stream)

    def finish(self) -> list[NDArray[np.float32]]:
        """Wait for the outputs. See `Lane.finish`."""
        self._done.synchronize()
        return [answer[: self._n_images].numpy() for answer in self._answers]


def _pinned(shape: Shape, dtype: torch.dtype) -> torch.Tensor:
    return torch.empty(shape, dtype=dtype, device="cpu", pin_memory=True)


def free_bytes(device: torch.device) -> int:
    """Return how much memory of a device is free."""
    if device.type == "mps":
        return torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory()
    ask: Any = getattr(torch.get_device_module(device), "mem_get_info", None)
    return int(ask(device)[0]) if ask else _ASSUMED_FREE


@contextlib.contextmanager
def _exactly(kind: str) -> Iterator[None]:
    """Compute as the network says, whatever the process has set for its own use of torch.

    float32 is not cut to TF32's 10 bits, nothing is cast, and no gradients are kept. What the
    process has set is left as it was.
    """
    with (
        _settings,
        torch.inference_mode(),
        torch.autocast(kind, enabled=False),
        _whole_convolutions(),
        _whole_products(),
    ):
        yield


@contextlib.contextmanager
def _whole_convolutions() -> Iterator[None]:
    cudnn: Any = torch.backends.cudnn
    # Since torch 2.9 each kind of operation has a setting, and mixing both ways is an error.
    settings, name, whole = (
        (cudnn.conv, "fp32_precision", "ieee")
        if hasattr(cudnn, "conv")
        else (cudnn, "allow_tf32", False)
    )
    before = getattr(settings, name)
    setattr(settings, name, whole)
    try:
        yield
    finally:
        setattr(settings, name, before)


@contextlib.contextmanager
def _whole_products() -> Iterator[None]:
    try:
        before = torch.get_float32_matmul_precision()
    except RuntimeError:  # since torch 2.9: it was set in the new way
        with _whole_products_in_the_new_way():
            yield
        return
    if before == "highest":
        yield
        return
    torch.set_float32_matmul_precision("highest")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


@contextlib.contextmanager
def _whole_products_in_the_new_way() -> Iterator[None]:
    settings: Any = torch.backends.cuda.matmul
    before = settings.fp32_precision
    settings.fp32_precision = "ieee"
    try:
        yield
    finally:
        settings.fp32_precision = before
