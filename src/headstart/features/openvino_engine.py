"""Run a network with OpenVINO on the processor: one stream for each core, one image a request."""

from __future__ import annotations

import collections
import threading
from typing import TYPE_CHECKING, Any

import numpy as np

from headstart.errors import UsageError
from headstart.features import forking
from headstart.features.engine import Engine, Precision, Values
from headstart.images.cores import usable_cores
from headstart.networks.reading import read_graph, using_graph
from headstart.networks.runtime import load_openvino, load_processor

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Sequence

    from numpy.typing import NDArray

    from headstart.networks.network import Network

# Images beyond those that are running, so that no core waits for Python.
_WAITING = 1


class OpenVinoEngine(Engine):
    """A network compiled by OpenVINO.

    One stream for each core and one image a request was the fastest way for MobileNetV2. For
    ResNet50 no difference from batches could be measured. No image waits for a batch to fill.

    OpenVINO's own cache of compiled networks stays off. It saves a tenth of a second at start, but
    it stores all weights again for every precision and choice of outputs, and nothing notices a
    damaged copy.

    Before the process forks, an engine that is idle gives up its compiled network, and compiles it
    again for the next image (`headstart.features.forking`).
    """

    runtime = "openvino"

    def __init__(
        self,
        network: Network,
        precision: Precision,
        outputs: Sequence[str],
        threads: int | None = None,
    ) -> None:
        super().__init__(network, precision, outputs, threads)
        if precision == "bf16":
            check_bf16()
        self._streams = threads or usable_cores()
        self._lock = threading.Lock()
        self._idle: list[Any] = []
        self._requests: list[Any] = []
        self._open_streams = 0
        with forking.no_fork():
            self._compiled = self._compile()
            forking.hold(self)

    def stream(
        self, images: Iterable[tuple[Any, NDArray[np.uint8] | None]]
    ) -> Generator[tuple[Any, Values]]:
        """Run images as they come, several at a time. See `Engine.stream`."""
        running: collections.deque[tuple[Any, Any]] = collections.deque()
        self._begin()
        try:
            for tag, image in images:
                while self._is_due(running, image):
                    yield self._finish(running)
                running.append((tag, None if image is None else self._start(image)))
            while running:
                yield self._finish(running)
        finally:
            self._end(running)

    def release(self) -> bool:
        """Give up the compiled network if nothing runs. See `headstart.features.forking`."""
        if self._open_streams:
            return False
        self._idle.clear()
        self._requests.clear()
        self._compiled = None
        return True

    def abandon(self) -> None:
        """Keep in a forked process what can't be used or deleted there."""
        for held in (self._compiled, *self._requests):
            forking.keep_forever(held)

    def _begin(self) -> None:
        with forking.no_fork():
            forking.check_usable(self.runtime)
            if self._compiled is None:
                self._compiled = self._compile()
            self._open_streams += 1

    def _end(self, running: collections.deque[tuple[Any, Any]]) -> None:
        with forking.no_fork():
            self._open_streams -= 1
            while running:
                _, request = running.popleft()
                if request is not None and not forking.is_lost(self.runtime):
                    self._give_back(request)

    def _compile(self) -> Any:
        forking.check_usable(self.runtime)
        return _compile(self.network, self.precision, self.outputs, self._streams)

    def _is_due(self, running: collections.deque[tuple[Any, Any]], image: Any) -> bool:
        """Tell whether the oldest image must be yielded before `image` is started."""
        if not running:
            return False
        full = image is not None and _count_requests(running) >= self._streams + _WAITING
        return full or _is_done(running[0][1])

    def _start(self, image: NDArray[np.uint8]) -> Any:
        self.check_image(image)
        forking.check_usable(self.runtime)
        request = self._request()
        # The request holds the array until it is done, so the pixels need not be copied.
        request.start_async({0: np.ascontiguousarray(image)[None]}, share_inputs=True)
        return request

    def _request(self) -> Any:
        with self._lock:
            if not self._idle:
                self._requests.append(self._compiled.create_infer_request())
                return self._requests[-1]
            return self._idle.pop()

    def _finish(self, running: collections.deque[tuple[Any, Any]]) -> tuple[Any, Values]:
        forking.check_usable(self.runtime)
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
        request.wait()
        with self._lock:
            self._idle.append(request)


def _count_requests(running: Iterable[tuple[Any, Any]]) -> int:
    return sum(request is not None for _, request in running)


def _is_done(request: Any) -> bool:
    return request is None or request.wait_for(0)


def has_bf16() -> bool:
    """Tell whether this processor computes in bfloat16 (AVX-512 BF16, AMX, or Arm's)."""
    return "BF16" in load_processor().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def check_bf16() -> None:
    """Raise a `UsageError` if this processor does not compute in bfloat16."""
    if not has_bf16():
        raise UsageError(
            "precision='bf16' needs a processor with bfloat16 instructions; this one has none. "
            "Use precision='f32' or 'auto'."
        )


def _compile(network: Network, precision: Precision, outputs: Sequence[str], streams: int) -> Any:
    core = load_processor()
    model = read_graph(network, core)
    settings = {
        "NUM_STREAMS": str(streams),
        # What of a network with 8 bits has none is computed in float32.
        "INFERENCE_PRECISION_HINT": "f32" if precision == "int8" else precision,
        "PERFORMANCE_HINT_NUM_REQUESTS": str(streams),
        "INFERENCE_NUM_THREADS": str(streams),
    }
    with using_graph(network):
        wanted = [model.output(name).get_node() for name in outputs]
        pruned = load_openvino().Model(wanted, model.get_parameters(), network.name)
        pruned.reshape([1, *network.size, 3])
        return core.compile_model(pruned, "CPU", settings)
