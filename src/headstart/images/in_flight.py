"""Bound the memory that all images together take while they are read and decoded.

Threads and processes decode at once, and an image at the limits takes gigabytes. So each image
takes what it needs out of one budget, and large images wait for each other. Ordinary ones fit side
by side. A worker process has no budget of its own: it asks the process that started it.
"""

import contextlib
import ctypes
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator

from headstart.errors import ImageTooLarge

_MIB = 1024**2
#: Bytes of image files that are in memory at once. Some formats need a second copy of them.
FILES_IN_FLIGHT = 512 * _MIB
#: Bytes of pixels that are in memory at once, with what decoders need besides.
PIXELS_IN_FLIGHT = 4096 * _MIB
#: Bytes of pixels that a worker process may take for an image without asking. The process that
#: started it takes them with each image, so ordinary images need no question.
ALLOWANCE = 16 * _MIB
# An image that takes as much is decoded in tenths of a second.
_LARGE = 128 * _MIB


class Budget:
    """Memory that threads take and give back; who asks for more than is free waits for its turn.

    Parameters
    ----------
    most : callable
        Returns how many bytes may be taken at once: who needs more may set it at any time.
    """

    def __init__(self, most: Callable[[], int]) -> None:
        self.most = most
        self.taken = 0
        self._lock = threading.Lock()
        self._free = threading.Condition(self._lock)
        self._waiting: deque[object] = deque()

    def take(self, amount: int) -> None:
        """Take `amount` bytes, at most `most`; wait until they are free."""
        with self._lock:
            if not self._waiting and self.taken + amount <= self.most():
                self.taken += amount
                return
            self._wait(amount)

    def _wait(self, amount: int) -> None:
        turn = object()
        self._waiting.append(turn)
        try:
            # In turn, so that small images can't keep a large one waiting for ever.
            while self._waiting[0] is not turn or self.taken + amount > self.most():
                self._free.wait()
            self.taken += amount
        finally:
            self._waiting.remove(turn)
            self._free.notify_all()

    def add(self, amount: int) -> None:
        """Take `amount` bytes without waiting: who holds some and waits could wait for ever."""
        with self._lock:
            self.taken += amount

    def give_back(self, amount: int) -> None:
        """Give back what was taken."""
        with self._lock:
            self.taken -= amount
            if self._waiting:
                self._free.notify_all()


class AskingBudget(Budget):
    """Memory that a worker process takes, one image after another; beyond `ALLOWANCE` it asks.

    Parameters
    ----------
    ask : callable
        Receives how many bytes the image takes in all; returns when they are free.
    """

    def __init__(self, ask: Callable[[int], None]) -> None:
        super().__init__(lambda: PIXELS_IN_FLIGHT)
        self._ask = ask

    def take(self, amount: int) -> None:
        """Take `amount` bytes; wait until they are free."""
        self.add(amount)

    def add(self, amount: int) -> None:
        """Take `amount` bytes more."""
        if self.taken + amount > ALLOWANCE:
            self._ask(self.taken + amount)
        super().add(amount)


class _Budgets:
    """The budgets of this process. A thread takes of `files` before it takes of `pixels`."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Begin with nothing taken, as a forked process does: it has no other threads."""
        self.files = Budget(lambda: FILES_IN_FLIGHT)
        self.pixels = Budget(lambda: PIXELS_IN_FLIGHT)


class _Thread(threading.local):
    """What the image that this thread reads has taken; None outside of `room`."""

    held: dict[Budget, int] | None = None


_budgets = _Budgets()
_thread = _Thread()


@contextlib.contextmanager
def room() -> Iterator[None]:
    """Give back at the end what `take_file` and `take_pixels` took for one image on this thread.

    Outside of a room they take nothing, and only check the limits.
    """
    if _thread.held is not None:
        yield
        return
    held: dict[Budget, int] = {}
    _thread.held = held
    try:
        yield
    finally:
        _thread.held = None
        if held.get(_budgets.pixels, 0) >= _LARGE:
            _return_to_system()
        for budget, amount in held.items():
            budget.give_back(amount)


def _return_to_system() -> None:
    """Return what was freed to the system; the allocator keeps up to 64 MiB for each thread."""
    # Only the C library of most Linux systems has this function.
    with contextlib.suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


def take_file(size: int) -> None:
    """Take memory for a file of `size` bytes; it may wait for other images."""
    _take(_budgets.files, size)


def take_pixels(n_bytes: int, name: str) -> None:
    """Take memory for the pixels of an image; it may wait for other images.

    Parameters
    ----------
    n_bytes : int
        What the image needs at most while it is decoded and converted.
    name : str
        The name for messages.

    Raises
    ------
    ImageTooLarge
        The image needs more than all images together may take.
    """
    if n_bytes > PIXELS_IN_FLIGHT:
        raise ImageTooLarge(
            f"{name} must need at most {PIXELS_IN_FLIGHT / _MIB:,.0f} MiB of memory. "
            f"Received: {n_bytes / _MIB:,.0f} MiB while it is decoded. "
            "Save it smaller, or as RGB with 8 bits."
        )
    _take(_budgets.pixels, n_bytes)


def retake_pixels(n_bytes: int) -> None:
    """Take memory for an image that a worker process prepares, instead of what it has taken so far.

    What it has is given back before this waits for other images, so that nobody waits for somebody
    who waits. That is for a worker that holds no more than `ALLOWANCE` yet.

    Parameters
    ----------
    n_bytes : int
        Bytes of the pixels, and of the copy of the file that the worker has. The worker has checked
        that the pixels may be taken at all.
    """
    held, budget = _thread.held, _budgets.pixels
    if held is not None and budget in held:
        budget.give_back(held.pop(budget))
    extend_pixels(n_bytes)


def extend_pixels(n_bytes: int) -> None:
    """Take memory as `retake_pixels` does for a worker that holds much, which gets more at once."""
    _take(_budgets.pixels, min(n_bytes, PIXELS_IN_FLIGHT))


def ask_for_pixels(ask: Callable[[int], None]) -> None:
    """Make this process one that asks before it takes much memory for pixels; see `AskingBudget`.

    Parameters
    ----------
    ask : callable
    """
    _budgets.pixels = AskingBudget(ask)


def _take(budget: Budget, amount: int) -> None:
    held = _thread.held
    if held is None or held.get(budget, 0) >= amount:
        return
    if budget in held:
        budget.add(amount - held[budget])
    else:
        budget.take(amount)
    held[budget] = amount


if hasattr(os, "register_at_fork"):  # Windows can't fork
    os.register_at_fork(after_in_child=_budgets.begin)
