"""Read, decode and resize many images on every core, in order and in little memory."""

import os
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sized
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import islice

import numpy as np

from headstart.arguments import Positive, check
from headstart.errors import ForkError, ImageError
from headstart.images.cores import usable_cores
from headstart.images.decoding_errors import one_image, release_locals
from headstart.images.in_flight import room
from headstart.images.preparing import Preparation, Prepared
from headstart.images.resizing import Resize
from headstart.images.sources import ImageSource, content_hash
from headstart.images.truncation import completed
from headstart.images.workers import Workers, images_before_workers
from headstart.processes.worker import most_workers

# Each thread takes several images at a time, which saves bookkeeping, but takes the first ones
# singly, so that a short list is shared evenly and the first result comes soon.
_LARGEST_CHUNK = 16
_CHUNK_GROWS_EVERY = 64

# Receives the content hash of an image, and tells whether it need not be decoded.
Skip = Callable[[str], bool]
Numbered = tuple[int, ImageSource]
# Receives the bytes of an image file and a name for messages.
Prepare = Callable[[bytes, str], Prepared]


@dataclass(frozen=True, slots=True, eq=False)
class Loaded:
    """One image, ready for a network, or the reason why it is not.

    Parameters
    ----------
    index : int
        Position among the sources.
    source : ImageSource
        The image.
    pixels : ndarray of uint8, shape (height, width, 3), or None
        RGB, read-only. None if the image is unreadable or was skipped.
    content : str or None
        Hash of the file's bytes (`content_hash`). None if they could not be read, or if no `skip`
        was passed.
    error : ImageError or None
        Why the image is unreadable.
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
    skip: Skip | None = None,
    *,
    accept_truncated: bool = False,
) -> Loaded:
    """Read, decode and resize one image.

    Parameters
    ----------
    index : int
        Position among the sources, for `Loaded.index`.
    source : ImageSource
        The image.
    resize : Resize
        The size and the rule.
    skip : callable, optional
        Receives the content hash. If it returns True, the image is not decoded.
    accept_truncated : bool
        See `decode`. An image that is cut short has a content hash of its own.

    Returns
    -------
    Loaded
        An `ImageError` is not raised but returned as `Loaded.error`.
    """
    prepare = Preparation(resize, accept_truncated)
    return _load(index, source, prepare=prepare, skip=skip)


def _load(index: int, source: ImageSource, *, prepare: Prepare, skip: Skip | None) -> Loaded:
    # The image must be gone before its memory is given back, so all of it is local to `_loaded`.
    with room():
        loaded = _loaded(index, source, prepare, skip)
        if loaded.error is not None:
            release_locals(loaded.error)
        return loaded


def _loaded(index: int, source: ImageSource, prepare: Prepare, skip: Skip | None) -> Loaded:
    content = None
    try:
        data = source.read()
        if skip is not None:
            # Hashing takes a twentieth of the time of decoding.
            content = content_hash(data)
            if skip(content):
                return Loaded(index, source, content=content)
        with one_image(source.name):
            prepared = prepare(data, source.name)
            if prepared.truncated and content is not None:
                # What is cached under the file's own hash counts for those who don't accept it.
                content = content_hash(completed(data))
    except ImageError as error:
        return Loaded(index, source, content=content, error=error)
    return Loaded(index, source, prepared.pixels, content, notes=prepared.notes)


def read_images(
    sources: Iterable[ImageSource],
    resize: Resize,
    *,
    workers: int | None = None,
    skip: Skip | None = None,
    accept_truncated: bool = False,
    n_images: int | None = None,
) -> Generator[Loaded]:
    """Read, decode and resize images on several threads.

    Where there are many cores and many images, the threads have processes decode and resize
    (see `Workers`). That changes nothing but the speed.

    Parameters
    ----------
    sources : iterable of ImageSource
        May be endless: only a limited number of images is read ahead.
    resize : Resize
        The size and the rule.
    workers : int, optional
        Number of threads, and at most as many processes. The default is one for each usable core.
    skip : callable, optional
        See `load`. It is called on the threads.
    accept_truncated : bool
        See `decode`.
    n_images : int, optional
        How many images there will be, where `sources` does not tell by its length. Many of them are
        worth processes.

    Yields
    ------
    Loaded
        In the order of `sources`. Threads and processes end when the consumer stops.

    Raises
    ------
    UsageError
        `workers` is less than 1.
    """
    workers = usable_cores() if workers is None else workers
    # A pool of half a thread would wait for ever.
    check("workers", workers, Positive)
    preparation = Preparation(resize, accept_truncated)
    if n_images is None and isinstance(sources, Sized):
        n_images = len(sources)
    processes = _processes(preparation, workers, n_images)
    prepare = preparation if processes is None else processes.prepare
    load_one = partial(_load, prepare=prepare, skip=skip)
    return _read(enumerate(sources), workers, load_one, processes)


def _processes(preparation: Preparation, threads: int, n_images: int | None) -> Workers | None:
    """Return what has processes prepare images; None if threads are as fast."""
    n, after = most_workers(threads, usable_cores()), images_before_workers(n_images)
    return None if not n or after is None else Workers(preparation, n, after)


def _read(
    numbered: Iterator[Numbered],
    workers: int,
    load_one: Callable[[int, ImageSource], Loaded],
    processes: Workers | None,
) -> Generator[Loaded]:
    stopped = threading.Event()
    process = os.getpid()

    def load_chunk(chunk: list[Numbered]) -> list[Loaded]:
        return [load_one(*item) for item in chunk if not stopped.is_set()]

    pending: deque[Future[list[Loaded]]] = deque()
    readers: set[int] = set()
    pool = ThreadPoolExecutor(
        workers,
        thread_name_prefix="headstart-reader",
        initializer=lambda: readers.add(threading.get_ident()),
    )
    try:
        for chunk in _chunks(numbered, workers):
            pending.append(pool.submit(load_chunk, chunk))
            if len(pending) > 2 * workers:
                yield from _result(pending.popleft(), process)
        while pending:
            yield from _result(pending.popleft(), process)
    finally:
        stopped.set()
        try:
            # Whoever forgets this generator in a cycle may have it collected on one of its threads.
            pool.shutdown(wait=threading.get_ident() not in readers, cancel_futures=True)
        finally:
            if processes is not None:
                processes.close()


def _result(chunk: Future[list[Loaded]], process: int) -> list[Loaded]:
    """Return what a thread read; refuse to wait in a forked process, which has no such thread."""
    if os.getpid() != process:
        raise ForkError("images were being read")
    return chunk.result()


def _chunks(numbered: Iterator[Numbered], workers: int) -> Iterator[list[Numbered]]:
    largest = max(1, _LARGEST_CHUNK // workers * 2) if workers > 2 else _LARGEST_CHUNK // 2
    taken = 0
    while chunk := list(islice(numbered, min(largest, 1 + taken // _CHUNK_GROWS_EVERY))):
        taken += len(chunk)
        yield chunk
