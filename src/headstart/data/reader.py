"""Many pictures read, decoded and resized on every core, in order, in little memory."""

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

import numpy as np

from headstart.data.decoding import decode
from headstart.data.resizing import Resize
from headstart.data.sources import ImageSource, content_hash
from headstart.errors import ImageError, UsageError

# Handing over several pictures at a time saves the threads' bookkeeping; the first few go alone,
# so that a short list is shared evenly and the first answer comes soon.
_LARGEST_CHUNK = 16
_CHUNK_GROWS_EVERY = 64


@dataclass(frozen=True, slots=True, eq=False)
class Loaded:
    """One picture, ready for a network, or why it isn't.

    Parameters
    ----------
    index : int
        Its place among the sources.
    source : ImageSource
        Where it came from.
    pixels : ndarray of uint8, shape (height, width, 3), or None
        RGB, read-only. None if the picture was refused or skipped.
    content : str or None
        Hash of the file's bytes (`content_hash`); None if they could not be read, or there was no
        `skip` to ask for it.
    error : ImageError or None
        Why it was refused.
    notes : tuple of str
        See `Decoded`.
    """

    index: int
    source: ImageSource
    pixels: np.ndarray | None = None
    content: str | None = None
    error: ImageError | None = None
    notes: tuple[str, ...] = ()


def load(
    index: int,
    source: ImageSource,
    resize: Resize,
    skip: Callable[[str], bool] | None = None,
) -> Loaded:
    """Read, decode and resize one picture.

    Parameters
    ----------
    index : int
        Its place, handed through.
    source : ImageSource
        The picture.
    resize : Resize
        The size and the rule.
    skip : callable, optional
        Is given the content hash; if it returns True the picture is not decoded.

    Returns
    -------
    Loaded
        Never raises an `ImageError`: it is `Loaded.error`.
    """
    content = None
    try:
        data = source.read()
        # Hashing takes a twentieth of the time of decoding: only for who asks.
        content = None if skip is None else content_hash(data)
        if skip is not None and content is not None and skip(content):
            return Loaded(index, source, content=content)
        decoded = decode(
            data, name=source.name, at_least=resize.source_size, as_stored=resize.as_stored
        )
        pixels = resize(decoded.image)
    except ImageError as error:
        return Loaded(index, source, content=content, error=error)
    return Loaded(index, source, pixels, content, notes=decoded.notes)


def usable_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def read_images(
    sources: Iterable[ImageSource],
    resize: Resize,
    *,
    workers: int | None = None,
    skip: Callable[[str], bool] | None = None,
) -> Iterator[Loaded]:
    """Read, decode and resize pictures on several threads.

    Parameters
    ----------
    sources : iterable of ImageSource
        Taken from only as far as the look-ahead goes, so it may be endless.
    resize : Resize
        The size and the rule.
    workers : int, optional
        Threads; one for each usable core if not given.
    skip : callable, optional
        See `load`. Called on the threads.

    Yields
    ------
    Loaded
        In the order of `sources`. When the consumer stops, so do the threads.

    Raises
    ------
    UsageError
        If `workers` is less than 1.
    """
    workers = usable_cores() if workers is None else workers
    if workers < 1:
        raise UsageError(f"workers must be at least 1. Received: {workers}.")
    return _read(enumerate(sources), resize, workers, skip)


def _read(
    numbered: Iterator[tuple[int, ImageSource]],
    resize: Resize,
    workers: int,
    skip: Callable[[str], bool] | None,
) -> Iterator[Loaded]:
    stopped = threading.Event()

    def load_chunk(chunk: list[tuple[int, ImageSource]]) -> list[Loaded]:
        return [load(*item, resize, skip) for item in chunk if not stopped.is_set()]

    pending: deque[Future[list[Loaded]]] = deque()
    pool = ThreadPoolExecutor(workers, thread_name_prefix="headstart-reader")
    try:
        for chunk in _chunks(numbered, workers):
            pending.append(pool.submit(load_chunk, chunk))
            if len(pending) > 2 * workers:
                yield from pending.popleft().result()
        while pending:
            yield from pending.popleft().result()
    finally:
        stopped.set()
        pool.shutdown(cancel_futures=True)


def _chunks(
    numbered: Iterator[tuple[int, ImageSource]], workers: int
) -> Iterator[list[tuple[int, ImageSource]]]:
    largest = max(1, _LARGEST_CHUNK // workers * 2) if workers > 2 else _LARGEST_CHUNK // 2
    taken = 0
    while chunk := list(islice(numbered, min(largest, 1 + taken // _CHUNK_GROWS_EVERY))):
        taken += len(chunk)
        yield chunk
