"""Processes that decode and resize images for the threads that read them.

The lock of Python's interpreter limits what threads decode, however many cores there are. So the
threads of `read_images` read files, hash them and ask caches; and where there are many cores and
many images, each hands its image to a process, which returns the pixels (docs/adr/0018).
"""

from __future__ import annotations

from functools import partial

import numpy as np

from headstart import records
from headstart.errors import ImageError, ImageUnsupported
from headstart.images import messages as kinds
from headstart.images.in_flight import ALLOWANCE, extend_pixels, retake_pixels
from headstart.images.limits_in_use import limits_in_use
from headstart.images.preparing import Preparation, Prepared
from headstart.processes import messages
from headstart.processes.pool import Pool
from headstart.processes.worker import WorkerEnded, WorkerProcess
from headstart.untrusted.json_text import MAX_BYTES, parse_json

#: Images for which it pays to start processes.
WORTH_WORKERS = 1000
# So many decoded images show that the cache does not hold them all.
_FIRST = 32

_MODULE = "headstart.images.worker"


class Worker(WorkerProcess):
    """One process that decodes and resizes images, one after another.

    Parameters
    ----------
    preparation : Preparation

    Raises
    ------
    OSError
        The system starts no process.
    """

    def __init__(self, preparation: Preparation) -> None:
        super().__init__(_MODULE)
        self._preparation = preparation

    def welcome(self) -> None:
        """Wait until the process is ready.

        Raises
        ------
        WorkerEnded
        """
        preparation = records.to_json(self._preparation)
        self.greet({"preparation": preparation, "limits": limits_in_use()})

    def prepare(self, data: bytes, name: str) -> Prepared:
        """Decode and resize the bytes of an image file.

        Parameters
        ----------
        data : bytes
        name : str
            The name for messages.

        Raises
        ------
        ImageError
            See `decode`.
        WorkerEnded
        """
        take = retake_pixels
        take(ALLOWANCE + len(data))
        with self.exchange():
            known_as = name.encode("utf-8", "backslashreplace")
            messages.send(self.requests, kinds.IMAGE, known_as, data)
            while (head := messages.receive_head(self.answers)).kind == kinds.NEEDS:
                take(head.content + len(data))
                take = extend_pixels
                messages.send_amount(self.requests, kinds.GRANTED, head.content)
            answer = self._answer(head)
        if isinstance(answer, ImageError):
            raise answer
        return answer

    def _answer(self, head: messages.Head) -> Prepared | ImageError:
        """Return what the process says; raise a `ValueError` if it can't be right."""
        # It has read files of strangers. So nothing that it sends is taken on trust.
        if head.text > MAX_BYTES:
            raise ValueError("too long a text")
        text = messages.receive(self.answers, head.text)
        said = parse_json(text) if text else {}
        if head.kind == kinds.ERROR:
            return _ERRORS[str(said["kind"])](str(said["message"]))
        resize = self._preparation.resize
        pixels = np.empty((resize.height, resize.width, 3), np.uint8)
        if head.kind != kinds.PIXELS or head.content != pixels.nbytes:
            raise ValueError("no pixels")
        messages.receive_into(self.answers, pixels)
        notes = tuple(map(str, said.get("notes", ())))
        return Prepared(pixels, notes, said.get("truncated") is True)


class Workers:
    """Prepares images, at first on the threads that ask, and from some time on in processes.

    Parameters
    ----------
    preparation : Preparation
    n : int
        How many processes.
    after : int
        How many images the threads prepare before processes are started.
    """

    def __init__(self, preparation: Preparation, n: int, after: int) -> None:
        self._preparation = preparation
        self._pool = Pool(partial(Worker, preparation), n, after)

    def prepare(self, data: bytes, name: str) -> Prepared:
        """Decode and resize the bytes of an image file, on this thread or in a process.

        If the process ends, a new one tries once more.

        Parameters
        ----------
        data : bytes
        name : str
            The name for messages.

        Raises
        ------
        ImageError
            See `decode`; or both processes have ended.
        Exception
            See `Preparation`.
        """
        try:
            return self._pool.do(
                lambda worker: worker.prepare(data, name), lambda: self._preparation(data, name)
            )
        except WorkerEnded as ended:
            raise ImageUnsupported(
                f"{name} must be an image that can be decoded, but the process that decoded it did "
                f"not live to the end, and no other one did it. Received: {ended}. Save it as an "
                "ordinary JPEG or PNG; or if the system has too little memory, pass fewer workers."
            ) from ended

    def close(self) -> None:
        """End the processes. No thread may be preparing an image."""
        self._pool.close()


def images_before_workers(left: int | None) -> int | None:
    """Return how many images threads prepare before processes pay; None if they never do.

    Parameters
    ----------
    left : int or None
        How many images there are; None if that is not known.
    """
    if left is None:
        return WORTH_WORKERS
    return _FIRST if left >= _FIRST + WORTH_WORKERS else None


_KINDS: list[type[ImageError]] = [ImageError, *ImageError.__subclasses__()]
_ERRORS = {kind.__name__: kind for kind in _KINDS}
