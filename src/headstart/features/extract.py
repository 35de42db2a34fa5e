"""Features of many images in order: read, look up in the cache, compute what is missing, keep."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from headstart.data.reader import Loaded, load, read_images

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

    import numpy as np
    from numpy.typing import NDArray

    from headstart.data.resizing import Resize
    from headstart.data.sources import ImageSource
    from headstart.errors import ImageError
    from headstart.features.engine import Engine
    from headstart.features.write_buffer import WriteBuffer

    Array = NDArray[np.float32]
    # An image with what the cache holds of it.
    Item = tuple[Loaded, Array | None]


@dataclass(frozen=True, slots=True, eq=False)
class Extracted:
    """The features of one image, or why it could not be read.

    Attributes
    ----------
    index : int
        The position of the image among the sources, counted from 0.
    source : ImageSource
    values : ndarray of float32 or None
        One output of the network, without a batch axis; None if the image could not be read.
    error : ImageError or None
    notes : tuple of str
        What was done to read the image, for example "animated: first frame of 12". Empty if
        `cached`.
    cached : bool
        Whether the values come from the cache.
    content : str or None
        Hash of the file's content; None if it could not be read, or nothing needed the hash.
    """

    index: int
    source: ImageSource
    values: Array | None
    error: ImageError | None
    notes: tuple[str, ...]
    cached: bool
    content: str | None = None

    def required(self) -> Array:
        """Return `values`, or raise `error`."""
        if self.values is None:
            raise self.error or AssertionError("an image has values or an error")
        return self.values


def extract(
    sources: Iterable[ImageSource],
    resize: Resize,
    buffer: WriteBuffer,
    start: Callable[[], Engine],
    *,
    workers: int | None = None,
    hash_content: bool = False,
) -> Generator[Extracted]:
    """Run images through a network, except those whose features the cache holds.

    Images are read and decoded on threads while the network runs, so that every core is busy, and
    only a few of them are in memory at any time.

    Parameters
    ----------
    sources : iterable of ImageSource
        May be endless.
    resize : Resize
    buffer : WriteBuffer
        Where features are looked up and kept.
    start : callable
        Returns an engine with one output. It is called when the first image needs it: not at all if
        the cache holds everything.
    workers : int, optional
        Threads that read and decode. The default is one for each processor core.
    hash_content : bool
        Whether to hash the content of each file even without a cache.

    Yields
    ------
    Extracted
        One for each source, in order. An image that can't be read has an `error`.
    """
    with buffer:
        # Hashing takes a twentieth of the time of decoding, so it is only done where it is needed.
        skip = buffer.fetch if buffer.is_open or hash_content else None
        items = _look_up(read_images(sources, resize, workers=workers, skip=skip), buffer, resize)
        with contextlib.closing(_run(items, start)) as stream:
            for (loaded, kept), computed in stream:
                if computed is not None and loaded.content is not None:
                    buffer.put(loaded.content, computed)
                yield Extracted(
                    index=loaded.index,
                    source=loaded.source,
                    values=computed if kept is None else kept,
                    error=loaded.error,
                    notes=loaded.notes,
                    cached=kept is not None,
                    content=loaded.content,
                )


def _look_up(loaded: Iterable[Loaded], buffer: WriteBuffer, resize: Resize) -> Iterator[Item]:
    for item in loaded:
        if item.error is not None or item.pixels is not None:
            yield item, None
            continue
        kept = buffer.take(item.content)
        # The cache held it a moment ago. Another process that needed the room may have removed it.
        again = load(item.index, item.source, resize, lambda _: False) if kept is None else item
        yield again, kept


def _run(
    items: Iterator[Item], start: Callable[[], Engine]
) -> Generator[tuple[Item, Array | None]]:
    """Yield each item with its features; start the engine at the first image that needs it."""
    for item in items:
        if item[0].pixels is None:
            yield item, None
            continue
        engine = start()
        (output,) = engine.outputs
        tagged = ((tag, tag[0].pixels) for tag in chain([item], items))
        for tag, values in engine.stream(tagged):
            yield tag, values.get(output)
