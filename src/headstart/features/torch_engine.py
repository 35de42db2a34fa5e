"""Run a network's graph with torch on a GPU, batch by batch."""

from __future__ import annotations

import collections
import logging
import math
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from headstart.features import devices, forking
from headstart.features.engine import Engine, Precision, Values

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from headstart.features.torch_graph import GraphModule
    from headstart.features.torch_lanes import Lane
    from headstart.networks.network import Network

_logger = logging.getLogger("headstart")

#: Images in a batch at most: enough that a GPU computes for longer than Python takes to start it.
LARGEST_BATCH = 256
#: Bytes of pixels and outputs of a batch at most, in the memory of the processor.
MOST_BYTES = 2**26
#: Batches that wait on the device while the outputs of an older one are yielded.
AHEAD = 2
# Of the device's free memory. What functions of torch need for themselves is not counted.
_SHARE = 0.4
# Images without pixels that are kept in their places, for each image of a batch.
_PLACES = 16


@dataclass(slots=True)
class _Batch:
    """A lane, and the places that its images have among all."""

    lane: Lane | None = None
    places: list[tuple[Any, bool]] = field(default_factory=list)
    n_images: int = 0


class TorchEngine(Engine):
    """A network on a GPU.

    Pixels are copied into memory of a batch while the GPU computes the batch before, and upload,
    computing and download overlap (`headstart.features.torch_lanes`). At most `AHEAD` batches wait
    on the device, so memory is bounded. The size of a batch follows from the network and the free
    memory; the last batch is smaller.

    A GPU takes no threads of the processor, so `threads` limits nothing.

    Raises
    ------
    MissingExtra
        If torch is not installed.
    UsageError
        If torch sees no GPU, or can't compute what OpenVINO does: see
        `headstart.features.torch_graph`.
    DamagedModel
        If the files of the network are gone, or are no graph as headstart writes it.
    ForkError
        If the parent of this process used the GPU before it forked.
    """

    runtime = "torch"

    def __init__(
        self,
        network: Network,
        precision: Precision,
        outputs: Sequence[str],
        threads: int | None = None,
    ) -> None:
        super().__init__(network, precision, outputs, threads)
        device = devices.torch_device()
        with forking.no_fork():
            forking.check_usable(self.runtime)
            self._device, self._module = _load(network, precision, outputs, device)
            forking.hold(self)
        self._batch = self._batch_size()
        self._lock = threading.Lock()
        self._idle: list[Lane] = []
        self._lanes: list[Lane] = []
        _logger.debug("runs batches of %d images on %s", self._batch, self._device)

    def release(self) -> bool:
        """Return False: torch gives up no GPU before the process ends."""
        return False

    def abandon(self) -> None:
        """Keep in a forked process what can't be used or deleted there."""
        for held in (self._module, *self._lanes):
            forking.keep_forever(held)

    def stream(
        self, images: Iterable[tuple[Any, NDArray[np.uint8] | None]]
    ) -> Generator[tuple[Any, Values]]:
        """Run images as they come, batch by batch. See `Engine.stream`."""
        running: collections.deque[_Batch] = collections.deque()
        filling = _Batch()
        try:
            for tag, image in images:
                if image is None and not running and not filling.places:
                    yield tag, {}
                    continue
                self._add(filling, tag, image)
                if self._is_full(filling):
                    self._start(filling)
                    running.append(filling)
                    filling = _Batch()
                while len(running) > AHEAD:
                    yield from self._finish(running[0])
                    running.popleft()
            self._start(filling)
            while running:
                yield from self._finish(running[0])
                running.popleft()
            yield from self._finish(filling)
        finally:
            self._end([*running, filling])

    def _batch_size(self) -> int:
        from headstart.features.torch_lanes import free_bytes

        outputs = sum(4 * math.prod(self.network.outputs[name]) for name in self.outputs)
        kept = 3 * math.prod(self.network.size) + outputs
        on_device = self._module.bytes_an_image * (AHEAD + 1)
        most = min(MOST_BYTES // kept, int(free_bytes(self._device) * _SHARE) // on_device)
        return min(LARGEST_BATCH, 2 ** max(most, 1).bit_length() // 2)

    def _is_full(self, batch: _Batch) -> bool:
        return batch.n_images == self._batch or len(batch.places) >= _PLACES * self._batch

    def _add(self, batch: _Batch, tag: Any, image: NDArray[np.uint8] | None) -> None:
        if image is not None:
            self.check_image(image)
            if batch.lane is None:
                batch.lane = self._take_lane()
            batch.lane.pixels[batch.n_images] = image
            batch.n_images += 1
        batch.places.append((tag, image is not None))

    def _start(self, batch: _Batch) -> None:
        if batch.lane is not None:
            forking.check_usable(self.runtime)
            batch.lane.start(batch.n_images)

    def _finish(self, batch: _Batch) -> Generator[tuple[Any, Values]]:
        arrays: list[NDArray[np.float32]] = []
        if batch.lane is not None:
            forking.check_usable(self.runtime)
            arrays = batch.lane.finish()
        row = 0
        for tag, has_values in batch.places:
            if has_values:
                # Copied, because the lane will be filled again.
                values = [array[row].copy() for array in arrays]
                row += 1
                yield tag, dict(zip(self.outputs, values, strict=True))
            else:
                yield tag, {}
        self._give_back(batch)

    def _take_lane(self) -> Lane:
        from headstart.features import torch_lanes

        forking.check_usable(self.runtime)
        with self._lock:
            if self._idle:
                return self._idle.pop()
        lane = torch_lanes.CudaLane if self._device.type == "cuda" else torch_lanes.PlainLane
        shape = (self._batch, *self.network.size, 3)
        outputs = [self.network.outputs[name] for name in self.outputs]
        self._lanes.append(lane(self._module, self._device, shape, outputs))
        return self._lanes[-1]

    def _give_back(self, batch: _Batch) -> None:
        lane, batch.lane = batch.lane, None
        if lane is not None:
            with self._lock:
                self._idle.append(lane)

    def _end(self, batches: Iterable[_Batch]) -> None:
        """Give back the lanes of batches that nobody waits for any more."""
        if forking.is_lost(self.runtime):
            return
        for batch in batches:
            if batch.lane is not None:
                batch.lane.finish()  # the device may still write to its memory
            self._give_back(batch)


def _load(
    network: Network, precision: Precision, outputs: Sequence[str], kind: str
) -> tuple[Any, GraphModule]:
    """Return a device of torch, and the network on it."""
    import torch

    from headstart.features.torch_graph import graph_module

    dtype = torch.bfloat16 if precision == "bf16" else torch.float32
    module = graph_module(network, outputs, dtype)
    # Another thread's choice of a device is not this one's.
    index = torch.cuda.current_device() if kind == "cuda" else None
    device = torch.device(kind) if index is None else torch.device(kind, index)
    return device, module.to(device)
