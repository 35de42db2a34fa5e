"""Worker processes for the threads that have work: started in the background, replaced, ended."""

from __future__ import annotations

import itertools
import logging
import os
import queue
import threading
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from headstart.processes.worker import WorkerEnded

if TYPE_CHECKING:
    from collections.abc import Callable

_logger = logging.getLogger("headstart")


class Working(Protocol):
    """A `headstart.processes.worker.WorkerProcess` that knows its work."""

    usable: bool

    def welcome(self) -> None:
        """Wait until it is ready."""

    def dismiss(self) -> None:
        """Have it end."""

    def end(self) -> None:
        """Have it end, and wait until it has."""

    def kill(self) -> None:
        """Kill it."""


W = TypeVar("W", bound=Working)
T = TypeVar("T")


class _Seat(Generic[W]):
    """The place of one worker. Who has ended is replaced, when the next work comes.

    Parameters
    ----------
    make : callable
        Starts a worker; raises ``OSError`` if the system starts none.
    """

    def __init__(self, make: Callable[[], W]) -> None:
        self._make = make
        self.worker = self._started()

    def do(self, there: Callable[[W], T], here: Callable[[], T]) -> T:
        """See `Pool.do`."""
        ended: WorkerEnded | None = None
        for _ in range(2):
            worker = self._usable_worker()
            if worker is None:
                break
            try:
                return there(worker)
            except WorkerEnded as error:
                ended = error
        if ended is None:
            return here()
        raise ended

    def greet(self) -> None:
        """Wait until the worker is ready; do without it if it has ended."""
        if self.worker is None:
            return
        try:
            self.worker.welcome()
        except WorkerEnded as error:
            _logger.info("a worker process did not start: %s", error)
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

    def _usable_worker(self) -> W | None:
        if self.worker is not None and not self.worker.usable:
            self.close()
            self.worker = self._started()
            self.greet()
        return self.worker

    def _started(self) -> W | None:
        try:
            return self._make()
        except OSError as error:
            _logger.info("a worker process did not start: %s", error)
            return None


class Pool(Generic[W]):
    """Does work at first on the threads that ask, and from some time on in processes.

    The processes start in the background while the threads go on. Where none can be started, the
    threads do all of the work.

    Parameters
    ----------
    make : callable
        Starts a worker; raises ``OSError`` if the system starts none.
    n : int
        How many processes.
    after : int
        How many pieces of work the threads do before processes are started.
    """

    def __init__(self, make: Callable[[], W], n: int, after: int) -> None:
        self._make = make
        self._n = n
        self._after = after
        self._done_here = itertools.count(1)
        self._process = os.getpid()
        self._starter: threading.Thread | None = None
        self._seats: list[_Seat[W]] = []
        self._idle: queue.SimpleQueue[_Seat[W]] = queue.SimpleQueue()
        self._all_seated = False
        self._closed = False

    def do(self, there: Callable[[W], T], here: Callable[[], T]) -> T:
        """Do a piece of work, on this thread or in a process.

        If the process ends, a new one tries once more.

        Parameters
        ----------
        there : callable
            Has a worker do it.
        here : callable
            Does the same on this thread.

        Raises
        ------
        WorkerEnded
            If both processes have ended.
        Exception
            Of `there` and `here`.
        """
        try:
            seat = self._idle.get(block=self._all_seated)
        except queue.Empty:
            if next(self._done_here) == self._after:
                self._start_in_background()
            return here()
        try:
            return seat.do(there, here)
        finally:
            self._idle.put(seat)

    def close(self) -> None:
        """End the processes. No thread may be working."""
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
        except RuntimeError as error:  # no work fails because of that
            _logger.info("worker processes did not start: %s", error)
        else:
            # Only now, because nobody may wait for a thread that has not started.
            self._starter = starter

    def _start(self) -> None:
        for _ in range(self._n):
            self._seats.append(_Seat(self._make))
            if self._closed:
                self._stop_starting()
                return
        for seat in self._seats:
            seat.greet()
            self._idle.put(seat)
        self._all_seated = True
        at_work = sum(seat.worker is not None for seat in self._seats)
        _logger.debug("%d worker processes are ready", at_work)

    def _stop_starting(self) -> None:
        """Kill whoever is not ready, so that nobody waits for it."""
        for seat in list(self._seats):
            worker = seat.worker
            if worker is not None and not worker.usable:
                worker.kill()
