"""Run a network with OpenVINO on the processor: one stream for each core, one image a request."""

from __future__ import annotations

import collections
import threading
from typing import TYPE_CHECKING, Any

import numpy as np

from headstart.backbones.runtime import load_openvino
from headstart.data.reader import usable_cores
from headstart.errors import UsageError
from headstart.features.engine import Engine, Precision, Values

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Sequence

    from numpy.typing import NDArray

    from headstart.backbones.network import Network

# Images beyond those that are running, so that no core waits for Python.
_WAITING = 1


class OpenVinoEngine(Engine):
    """A network compiled by OpenVINO.

    One stream for each core and one image a request was the fastest way for MobileNetV2. For
    ResNet50 no difference from batches could be measured. No image waits for a batch to fill.

    OpenVINO's own cache of compiled networks stays off. It saves a tenth of a second at start, but
    it stores all weights again for every precision and choice of outputs, and nothing notices a
    damaged copy.
    """

    def __init__(self, network: Network, precision: Precision, outputs: Sequence[str]) -> None:
        super().__init__(network, precision, outputs)
        if precision == "bf16" and not has_bf16():
            raise UsageError(
                "precision='bf16' needs a processor with bfloat16 instructions; this one has none. "
                "Use precision='f32' or 'auto'."
            )
        self._streams = usable_cores()
        self._compiled = _compile(network, precision, self.outputs, self._streams)
        self._idle: list[Any] = []
        self._lock = threading.Lock()

    def stream(
        self, images: Iterable[tuple[Any, NDArray[np.uint8] | None]]
    ) -> Generator[tuple[Any, Values]]:
        """Run images as they come, several at a time. See `Engine.stream`."""
        running: collections.deque[tuple[Any, Any]] = collections.deque()
        try:
            for tag, image in images:
                while self._is_due(running, image):
                    yield self._finish(running)
                running.append((tag, None if image is None else self._start(image)))
            while running:
                yield self._finish(running)
        finally:
            for _, request in running:
                self._give_back(request)

    def _is_due(self, running: collections.deque[tuple[Any, Any]], image: Any) -> bool:
        """Tell whether the oldest image must be yielded before `image` is started."""
        if not running:
            return False
        full = image is not None and _count_requests(running) >= self._streams + _WAITING
        return full or _is_done(running[0][1])

    def _start(self, image: NDArray[np.uint8]) -> Any:
        self.check_image(image)
        with self._lock:
            request = self._idle.pop() if self._idle else self._compiled.create_infer_request()
        # The request holds the array until it is done, so the pixels need not be copied.
        request.start_async({0: np.ascontiguousarray(image)[None]}, share_inputs=True)
        return request

    def _finish(self, running: collections.deque[tuple[Any, Any]]) -> tuple[Any, Values]:
        tag, request = running[0]
        if request is None:
            running.popleft()
            return tag, {}
        request.wait()
        running.popleft()
        values = {name: request.get_tensor(name).data[0].copy() for name in self.outputs}
        self._give_back(request)
        return tag, values

    def _give_back(self, request: Any) -> None:
        if request is not None:
            request.wait()
            with self._lock:
                self._idle.append(request)


def _count_requests(running: Iterable[tuple[Any, Any]]) -> int:
    return sum(request is not None for _, request in running)


def _is_done(request: Any) -> bool:
    return request is None or request.wait_for(0)


def has_bf16() -> bool:
    """Tell whether this processor computes in bfloat16 (AVX-512 BF16, AMX, or Arm's)."""
    core = load_openvino().Core()
    return "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def _compile(network: Network, precision: Precision, outputs: Sequence[str], streams: int) -> Any:
    openvino = load_openvino()
    core = openvino.Core()
    model = core.read_model(network.graph)
    wanted = [model.output(name).get_node() for name in outputs]
    pruned = openvino.Model(wanted, model.get_parameters(), network.name)
    pruned.reshape([1, *network.size, 3])
    settings = {
        "NUM_STREAMS": str(streams),
        "INFERENCE_PRECISION_HINT": precision,
        "PERFORMANCE_HINT_NUM_REQUESTS": str(streams),
    }
    return core.compile_model(pruned, "CPU", settings)
