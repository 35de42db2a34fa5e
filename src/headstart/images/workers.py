"""Processes that decode and resize images for the threads that read them.

The lock of Python's interpreter limits what threads decode, however many cores there are. So the
threads of `read_images` read files, hash them and ask caches; and where there are many cores and
many images, each hands its image to a process, which returns the pixels (docs/adr/0018).
"""

from __future__ import annotations

import contextlib
import itertools
import json
import logging
import os
import queue
import signal
import subprocess
import sys
import threading
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np

from headstart import records
from headstart.errors import ImageError, ImageUnsupported
from headstart.images import messages
from headstart.images.in_flight import ALLOWANCE, extend_pixels, retake_pixels
from headstart.images.limits_in_use import limits_in_use
from headstart.images.preparing import Preparation, Prepared
from headstart.untrusted.json_text import MAX_BYTES, parse_json

if TYPE_CHECKING:
    import io
    from collections.abc import Iterator

#: Threads up to which decoding becomes faster nearly in proportion.
THREADS_SCALE_TO = 4
#: Processes that the threads of one process can keep busy.
MOST_WORKERS = 32
#: Images for which it pays to start processes.
WORTH_WORKERS = 1000
# So many decoded images show that the cache does not hold them all.
_FIRST = 32

# Our own module, so on no system does the user's program run again, as multiprocessing would have
# it. -P: a file in the current directory that is called like a module must not run.
_PROGRAM = ("-P", "-m", "headstart.images.worker")
# Each process runs one thread.
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
# Bytes that a pipe holds, so that hardly an image takes more than one turn of each process.
_PIPE = 2**19
# Seconds that a process whose pipes are closed may take to end.
_PATIENCE = 10.0

_logger = logging.getLogger("headstart")


class WorkerEnded(Exception):
    """A worker process has ended, or sent what it must not send."""


class Worker:
    """One process that decodes and resizes images, one after another.

    Parameters
    ----------
    preparation : Preparation

    Attributes
    ----------
    usable : bool
        Whether it is ready and waits for an image.

    Raises
    ------
    OSError
        The system starts no process.
    """

    def __init__(self, preparation: Preparation) -> None:
        self.usable = False
        self._preparation = preparation
        self._process = subprocess.Popen(
            [sys.executable, *_PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            # A buffer has a lock, which may be held when the process forks.
            bufsize=0,
            env={**os.environ, **_ONE_THREAD},
            # On Windows: without a window, and out of the reach of Ctrl-C.
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        self._requests = cast("io.FileIO", self._process.stdin)
        self._answers = cast("io.FileIO", self._process.stdout)
        for pipe in (self._requests, self._answers):
            _enlarge(pipe)
        _running.add(self)

    def greet(self) -> None:
        """Wait until the process is ready.

        Raises
        ------
        WorkerEnded
        """
        settings = {"preparation": records.to_json(self._preparation), "limits": limits_in_use()}
        with self._exchange():
            messages.send(self._requests, messages.SETTINGS, json.dumps(settings).encode())
            if messages.receive_head(self._answers) != messages.Head(messages.READY, 0, 0):
                raise ValueError("no greeting")

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
        with self._exchange():
            known_as = name.encode("utf-8", "backslashreplace")
            messages.send(self._requests, messages.IMAGE, known_as, data)
            while (head := messages.receive_head(self._answers)).kind == messages.NEEDS:
                take(head.content + len(data))
                take = extend_pixels
                messages.send_amount(self._requests, messages.GRANTED, head.content)
            answer = self._answer(head)
        if isinstance(answer, ImageError):
            raise answer
        return answer

    def dismiss(self) -> None:
        """Have the process end: at once, if it is not waiting for an image."""
        if self.usable:
            # A program that forks without Python may hold the pipe open, so closing it says little.
            with contextlib.suppress(OSError):
                messages.send(self._requests, messages.END)
        else:
            self.kill()
        self._let_go()

    def end(self) -> None:
        """Have the process end, and wait until it has."""
        if not self._requests.closed:
            self.dismiss()
        self._wait()

    def kill(self) -> None:
        """Kill the process. Who waits for an answer gets a `WorkerEnded`."""
        self._process.kill()

    def forget(self) -> None:
        """In a forked process: let go of a process that works for the parent only."""
        self._let_go()
        self._process.returncode = 0  # Python would warn that it still runs

    def _let_go(self) -> None:
        self.usable = False
        self._requests.close()
        self._answers.close()

    def _wait(self) -> int:
        try:
            return self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()
            return self._process.wait()

    @contextlib.contextmanager
    def _exchange(self) -> Iterator[None]:
        """Hold that the process waits for an image only after it has answered wholly."""
        self.usable = False
        try:
            yield
        except (OSError, EOFError) as error:
            raise WorkerEnded(_how_it_ended(self._wait())) from error
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            self.kill()
            raise WorkerEnded("it sent what it must not send") from error
        self.usable = True

    def _answer(self, head: messages.Head) -> Prepared | ImageError:
        """Return what the process says; raise a `ValueError` if it can't be right."""
        # It has read files of strangers. So nothing that it sends is taken on trust.
        if head.text > MAX_BYTES:
            raise ValueError("too long a text")
        text = messages.receive(self._answers, head.text)
        said = parse_json(text) if text else {}
        if head.kind == messages.ERROR:
            return _ERRORS[str(said["kind"])](str(said["message"]))
        resize = self._preparation.resize
        pixels = np.empty((resize.height, resize.width, 3), np.uint8)
        if head.kind != messages.PIXELS or head.content != pixels.nbytes:
            raise ValueError("no pixels")
        messages.receive_into(self._answers, pixels)
        notes = tuple(map(str, said.get("notes", ())))
        return Prepared(pixels, notes, said.get("truncated") is True)


class _Seat:
    """The place of one worker. Who has ended is replaced, when the next image comes.

    Parameters
    ----------
    preparation : Preparation
    """

    def __init__(self, preparation: Preparation) -> None:
        self._preparation = preparation
        self.worker = _started(preparation)

    def prepare(self, data: bytes, name: str) -> Prepared:
        """See `Workers.prepare`."""
        ended: WorkerEnded | None = None
        for _ in range(2):
            worker = self._usable_worker()
            if worker is None:
                break
            try:
                return worker.prepare(data, name)
            except WorkerEnded as error:
                ended = error
        if ended is None:
            return self._preparation(data, name)
        raise ImageUnsupported(
            f"{name} must be an image that can be decoded, but the process that decoded it did not "
            f"live to the end, and no other one did it. Received: {ended}. Save it as an ordinary "
            "JPEG or PNG; or if the system has too little memory, pass fewer workers."
        ) from ended

    def greet(self) -> None:
        """Wait until the worker is ready; do without it if it has ended."""
        if self.worker is None:
            return
        try:
            self.worker.greet()
        except WorkerEnded as error:
            _logger.info("a process that decodes images did not start: %s", error)
            self.close()

    def dismiss(self) -> None:
        """Have the worker end; wait in `close`."""
        if self.worker is not None:
            self.worker.dismiss()

    def close(self) -> None:
        """End the worker."""
        if self.worker is not None:
            self.worker.end()
            self.worker = None

    def _usable_worker(self) -> Worker | None:
        if self.worker is not None and not self.worker.usable:
            self.close()
            self.worker = _started(self._preparation)
            self.greet()
        return self.worker


class Workers:
    """Prepares images: at first on the threads that ask, and from some time on in processes.

    The processes start in the background while the threads go on. Where none can be started, the
    threads prepare all images.

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
        self._n = n
        self._after = after
        self._prepared_here = itertools.count(1)
        self._process = os.getpid()
        self._starter: threading.Thread | None = None
        self._seats: list[_Seat] = []
        self._idle: queue.SimpleQueue[_Seat] = queue.SimpleQueue()
        self._all_seated = False
        self._closed = False

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
            seat = self._idle.get(block=self._all_seated)
        except queue.Empty:
            if next(self._prepared_here) == self._after:
                self._start_in_background()
            return self._preparation(data, name)
        try:
            return seat.prepare(data, name)
        finally:
            self._idle.put(seat)

    def close(self) -> None:
        """End the processes. No thread may be preparing an image."""
        if os.getpid() != self._process:
            return  # a forked process has let go of them
        self._closed = True
        if self._starter is not None:
            self._stop_starting()
            self._starter.join()
        for seat in self._seats:
            seat.dismiss()
        for seat in self._seats:
            seat.close()

    def _start_in_background(self) -> None:
        starter = threading.Thread(target=self._start, name="headstart-starter")
        try:
            starter.start()
        except RuntimeError as error:  # no image is unreadable because of that
            _logger.info("the processes that decode images did not start: %s", error)
        else:
            # Only now, because nobody may wait for a thread that has not started.
            self._starter = starter

    def _start(self) -> None:
        for _ in range(self._n):
            self._seats.append(_Seat(self._preparation))
            if self._closed:
                self._stop_starting()
                return
        for seat in self._seats:
            seat.greet()
            self._idle.put(seat)
        self._all_seated = True
        _logger.debug(
            "%d processes decode images", sum(seat.worker is not None for seat in self._seats)
        )

    def _stop_starting(self) -> None:
        """Kill whoever is not ready, so that nobody waits for it."""
        for seat in list(self._seats):
            worker = seat.worker
            if worker is not None and not worker.usable:
                worker.kill()


def most_workers(threads: int, cores: int) -> int:
    """Return how many processes these threads may use; 0 if they are as fast without.

    Parameters
    ----------
    threads : int
        How many threads read images.
    cores : int
        How many cores this process may use.
    """
    n = min(threads, cores, MOST_WORKERS)
    return n if n > THREADS_SCALE_TO and _has_lock() and _can_start_python() else 0


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


def _has_lock() -> bool:
    """Tell whether one thread of Python waits for another, as in all but free-threaded builds."""
    return bool(getattr(sys, "_is_gil_enabled", lambda: True)())


def _can_start_python() -> bool:
    """Tell whether `sys.executable` is Python, not a program that it is built into."""
    program = Path(sys.executable or "").name.lower()
    return program.startswith(("python", "pypy")) and not getattr(sys, "frozen", False)


def _started(preparation: Preparation) -> Worker | None:
    try:
        return Worker(preparation)
    except OSError as error:
        _logger.info("a process that decodes images did not start: %s", error)
        return None


def _enlarge(pipe: io.FileIO) -> None:
    """Have a pipe hold what is usually sent at once, where the system can do that."""
    with contextlib.suppress(ImportError, AttributeError, OSError):
        import fcntl  # not on Windows

        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE)


def _how_it_ended(status: int) -> str:
    """Return in words how a process ended."""
    if status >= 0:
        return f"exit status {status}"
    with contextlib.suppress(ValueError):
        return f"signal {signal.Signals(-status).name}"
    return f"signal {-status}"


_KINDS: list[type[ImageError]] = [ImageError, *ImageError.__subclasses__()]
_ERRORS = {kind.__name__: kind for kind in _KINDS}
# The workers of this process, so that a forked one can let go of them: they end when nobody holds
# their pipes any more.
_running: weakref.WeakSet[Worker] = weakref.WeakSet()


def _forget_all() -> None:
    for worker in list(_running):
        worker.forget()


if hasattr(os, "register_at_fork"):  # Windows can't fork
    os.register_at_fork(after_in_child=_forget_all)
