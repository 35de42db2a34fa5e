"""What becomes of compiled networks when the process forks.

A forked process has one thread, and a compiled network waits for threads that exist in its parent
only: it would hang at the first image, and some hang when they are deleted. So all idle networks
are released before a fork, and parent and child compile them again when they need them. A network
that can't be released, because it is running, is not used in the child: an error says so at once.

A module that another thread imports at this moment would never be imported in the child. So a fork
waits for imports that headstart has asked for.
"""

from __future__ import annotations

import concurrent.futures.thread
import contextlib
import ctypes
import gc
import logging
import os
import sys
import threading
import time
import weakref
from typing import TYPE_CHECKING, Protocol

import filelock

from headstart.errors import ForkError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType


# Seconds: longer than any import takes on a slow machine; and between two looks.
_PATIENCE, _BETWEEN_LOOKS = 60.0, 0.001


class Forkable(Protocol):
    """What holds native threads, as an engine does."""

    @property
    def runtime(self) -> str:
        """What runs it."""

    def release(self) -> bool:
        """Give up every native thread; return False if that can't be done because it runs."""

    def abandon(self) -> None:
        """In a forked process, after `release` returned False: keep everything and use nothing."""


class _Process:
    """What this process knows of its networks and of how it was forked.

    Attributes
    ----------
    number : int
        The process that this is about.
    lock : threading.RLock
        A process does not fork while it is held, so no network is half compiled in the child.
    held : set of Forkable
    running : list of Forkable or None
        During a fork: what could not be released. None at all other times.
    lost : set of str
        The runtimes that ran in the parent of this process when it was forked.
    """

    def __init__(self) -> None:
        self.number = os.getpid()
        self.lock = threading.RLock()
        self.held: weakref.WeakSet[Forkable] = weakref.WeakSet()
        self.running: list[Forkable] | None = None
        self.lost: set[str] = set()

    def before_fork(self) -> None:
        """Release everything that is idle, and wait for imports."""
        limit = time.monotonic() + _PATIENCE
        self.lock.acquire()
        while True:
            running = [each for each in self.held if not each.release()]
            if self.held:
                # What is garbage by now is deleted here: its threads do not exist in the child.
                gc.collect()
            # Another turn of this thread begins. It is long enough to look and to fork: after a
            # look that ends at the end of a turn, another thread could begin to import.
            time.sleep(0)
            if not _others_import() or time.monotonic() > limit:
                break
            self.lock.release()
            time.sleep(_BETWEEN_LOOKS)
            self.lock.acquire()
        self.running = running

    def in_parent(self) -> None:
        """Continue after a fork."""
        self.running = None
        self.lock.release()

    def in_child(self) -> None:
        """Begin as a forked process."""
        self.number = os.getpid()
        if self.running is None:
            # A program such as uWSGI forked, and did not say so before.
            self.lock = threading.RLock()
            self._abandon(list(self.held))
        else:
            self._abandon(self.running)
            self.running = None
            self.lock.release()

    def _abandon(self, running: list[Forkable]) -> None:
        for each in running:
            each.abandon()
            self.lost.add(each.runtime)


def _others_import() -> bool:
    """Tell whether another thread is importing something that headstart has asked for."""
    here = threading.get_ident()
    frames = sys._current_frames()  # noqa: SLF001 - documented, and the only way to see threads
    return any(_imports(frame) for thread, frame in frames.items() if thread != here)


def _imports(frame: FrameType | None) -> bool:
    importing = False
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            importing = True
        elif importing and str(frame.f_globals.get("__name__")).startswith("headstart"):
            return True
        frame = frame.f_back
    return False


_process = _Process()


def _this_process() -> _Process:
    if _process.number != os.getpid():  # forked by a program that does not tell Python
        _process.in_child()
    return _process


@contextlib.contextmanager
def no_fork() -> Iterator[None]:
    """Have every fork of this process wait while the context is open. Open it for a moment only."""
    with _this_process().lock:
        yield


def hold(held: Forkable) -> None:
    """Release `held` before every fork, as long as it exists."""
    with no_fork():
        _process.held.add(held)


def check_usable(runtime: str) -> None:
    """Raise a `ForkError` if the runtime ran in the parent of this process when it was forked."""
    if is_lost(runtime):
        raise ForkError("a network was running")


def is_lost(runtime: str) -> bool:
    """Tell whether the runtime ran in the parent of this process when it was forked."""
    return runtime in _this_process().lost


def keep_forever(held: object) -> None:
    """Keep an object from ever being deleted, at exit as well: to delete it would hang."""
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(held))


# They also take locks before a fork, and release them afterwards. Imported first, they take theirs
# after ours, so that nobody who has to finish first waits for them; and no thread can import them
# while a fork waits, after which they would release what they have not taken.
_TAKE_LOCKS = (concurrent.futures.thread, filelock, logging)

if hasattr(os, "register_at_fork"):  # Windows can't fork
    os.register_at_fork(
        before=_process.before_fork,
        after_in_parent=_process.in_parent,
        after_in_child=_process.in_child,
    )
