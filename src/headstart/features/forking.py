"""What becomes of compiled networks when the process forks.

A forked process has one thread, and a compiled network waits for threads that exist in its parent
only: it would hang at the first image, and some hang when they are deleted. So all idle networks
are released before a fork, and parent and child compile them again when they need them. A network
that can't be released, because it is running, is not used in the child: an error says so at once.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import threading
import weakref
from typing import TYPE_CHECKING, Protocol

from headstart.errors import ForkError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from headstart.features.engine import Runtime


class Forkable(Protocol):
    """What holds native threads, as an engine does."""

    @property
    def runtime(self) -> Runtime:
        """What runs it."""

    def release(self) -> bool:
        """Give up every native thread; return False if that can't be done because it runs."""

    def abandon(self) -> None:
        """In a forked process, after `release` returned False: keep everything and use nothing."""


# A process does not fork while this is held, so no network is half compiled in the child.
_lock = threading.RLock()
_held: weakref.WeakSet[Forkable] = weakref.WeakSet()
#: The runtimes that ran in the parent of this process when it was forked.
_lost: set[Runtime] = set()
_running: list[Forkable] = []


@contextlib.contextmanager
def no_fork() -> Iterator[None]:
    """Have every fork of this process wait while the context is open. Open it for a moment only."""
    with _lock:
        yield


def hold(held: Forkable) -> None:
    """Release `held` before every fork, as long as it exists."""
    with _lock:
        _held.add(held)


def check_usable(runtime: Runtime) -> None:
    """Raise a `ForkError` if the runtime ran in the parent of this process when it was forked."""
    if is_lost(runtime):
        raise ForkError("a network was running")


def is_lost(runtime: Runtime) -> bool:
    """Tell whether the runtime ran in the parent of this process when it was forked."""
    return runtime in _lost


def keep_forever(held: object) -> None:
    """Keep an object from ever being deleted, at exit as well: to delete it would hang."""
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(held))


def _before() -> None:
    _lock.acquire()
    _running[:] = [held for held in _held if not held.release()]


def _in_parent() -> None:
    _running.clear()
    _lock.release()


def _in_child() -> None:
    for held in _running:
        held.abandon()
        _lost.add(held.runtime)
    _running.clear()
    _lock.release()


if hasattr(os, "register_at_fork"):  # Windows can't fork
    os.register_at_fork(before=_before, after_in_parent=_in_parent, after_in_child=_in_child)
