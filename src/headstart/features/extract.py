"""Features of many pictures: read, look up, run, keep; in order, in little memory."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from headstart.data.reader import Loaded, load, read_images
from headstart.data.resizing import Resize
from headstart.features.engine import (
    Device,
    Engine,
    Precision,
    Values,
    check_request,
    choose_runtime,
    compile_network,
)
from headstart.features.space import Space
from headstart.features.write_buffer import WriteBuffer

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Sequence

    from headstart.backbones.network import Network
    from headstart.data.sources import ImageSource
    from headstart.errors import ImageError
    from headstart.features.cache import FeatureCache

Tagged = tuple[tuple[Loaded, Values | None], NDArray[np.uint8] | None]


@dataclass(frozen=True, slots=True, eq=False)
class Extracted:
    """What a network makes of one picture, or why the picture was refused.

    Attributes
    ----------
    index : int
        Its place among the sources.
    source : ImageSource
    values : dict or None
        Output name to float32 array, without a batch axis; None if it was refused.
    error : ImageError or None
    notes : tuple of str
        What was done to show it: "animated: first frame of 12", for example. Empty if `cached`.
    cached : bool
        Whether the values were kept from an earlier run.
    content : str or None
        Hash of the file's content; None if it could not be read, or nothing needed the hash.
    """

    index: int
    source: ImageSource
    values: Values | None
    error: ImageError | None
    notes: tuple[str, ...]
    cached: bool
    content: str | None = None

    def required(self) -> Values:
        """Return `values`, or raise `error`."""
        if self.values is None:
            raise self.error or AssertionError("a picture has values or an error")
        return self.values


def network_resize(network: Network, rule: str = "auto") -> Resize:
    """Return how pictures are brought to the network's size; 'auto' is the network's own rule."""
    height, width = network.size
    chosen: Any = network.resize if rule == "auto" else rule
    return Resize(chosen, height, width, network.crop_fraction)


def extract(  # noqa: PLR0913 - it is where the settings of features meet
    sources: Iterable[ImageSource],
    network: Network,
    *,
    resize: Resize | None = None,
    precision: Precision = "f32",
    outputs: Sequence[str] = ("features",),
    cache: FeatureCache | None = None,
    workers: int | None = None,
    device: Device = "auto",
    hash_content: bool = False,
) -> Generator[Extracted]:
    """Run pictures through a network.

    Pictures are read and decoded on threads while the network runs, so that every core is busy,
    and only a few of them are in memory at any time.

    Parameters
    ----------
    sources : iterable of ImageSource
        May be endless.
    network : Network
    resize : Resize, optional
        The network's own rule if not given.
    precision : {"f32", "bf16"}
    outputs : sequence of str
        Which of ``network.outputs`` to compute.
    cache : FeatureCache, optional
        Where values are looked up and kept. Nothing is decoded for a picture that is there, and
        nothing compiled if all are.
    workers : int, optional
        Threads that read and decode; one a core if not given.
    device : {"auto", "openvino", "keras"}
        See `compile_network`.
    hash_content : bool
        Whether to hash the content of each file even without a cache, which needs the hashes.

    Yields
    ------
    Extracted
        In the order of `sources`, one for each. A broken picture is one with an `error`; the rest
        goes on.

    Raises
    ------
    UsageError
        If the network has no such output, or there is no such precision or device.
    """
    check_request(network, precision, outputs)
    resize = resize or network_resize(network)
    runtime = choose_runtime(device, network)
    spaces = {name: Space.of(network, resize, precision, runtime, name) for name in outputs}

    def start() -> Engine:
        return compile_network(network, precision=precision, outputs=outputs, device=runtime)

    return _extract(sources, resize, WriteBuffer(cache, spaces), start, workers, hash_content)


def _extract(
    sources: Iterable[ImageSource],
    resize: Resize,
    write_buffer: WriteBuffer,
    start: Callable[[], Engine],
    workers: int | None,
    hash_content: bool,
) -> Generator[Extracted]:
    with write_buffer:
        skip = write_buffer.skip or (_never if hash_content else None)
        loaded = read_images(sources, resize, workers=workers, skip=skip)
        with contextlib.closing(_run(_look_up(loaded, write_buffer, resize), start)) as stream:
            for (item, kept), values in stream:
                if item.pixels is not None and item.content is not None:
                    write_buffer.put(item.content, values)
                yield _extracted(item, kept, values)


def _run(
    tagged: Iterator[Tagged], start: Callable[[], Engine]
) -> Generator[tuple[tuple[Loaded, Values | None], Values]]:
    """Start the engine when the first picture turns up that needs it, and go on with it."""
    for tag, pixels in tagged:
        if pixels is not None:
            yield from start().stream(chain([(tag, pixels)], tagged))
        else:
            yield tag, {}


def _look_up(
    loaded: Iterable[Loaded], write_buffer: WriteBuffer, resize: Resize
) -> Iterator[Tagged]:
    for item in loaded:
        if item.error is not None or item.pixels is not None:
            yield (item, None), item.pixels
            continue
        kept = write_buffer.take(item.content)
        # Kept a moment ago and dropped since, by another process that needed the room.
        again = load(item.index, item.source, resize, _never) if kept is None else item
        yield (again, kept), again.pixels


def _extracted(item: Loaded, kept: Values | None, values: Values) -> Extracted:
    return Extracted(
        index=item.index,
        source=item.source,
        values=None if item.error else kept or values,
        error=item.error,
        notes=item.notes,
        cached=kept is not None,
        content=item.content,
    )


def _never(_content: str) -> bool:
    return False
