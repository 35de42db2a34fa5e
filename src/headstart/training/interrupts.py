"""Ctrl-C during a training: it waits until the step is done, so that nothing is half done."""

from __future__ import annotations

import contextlib
import signal
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


class Interrupts:
    """Whether Ctrl-C was pressed.

    Attributes
    ----------
    asked : bool
    """

    asked = False

    def _remember(self, number: int, frame: Any) -> None:  # noqa: ARG002, ANN401 - a handler's
        self.asked = True
        # Whoever presses it again does not want to wait.
        signal.signal(signal.SIGINT, signal.default_int_handler)


@contextlib.contextmanager
def held_interrupts() -> Iterator[Interrupts]:
    """Note Ctrl-C inside the block instead of raising `KeyboardInterrupt` at any odd place.

    Raised in the middle of a step it would leave some weights updated and others not; raised where
    Python calls back from native code or cleans up, it is only printed, and the work goes on. The
    block is to look at ``asked`` and raise it itself; at the latest it is raised at the block's
    end. A second Ctrl-C is not held.

    Where something else handles the signal, or outside of the main thread, which is the only one
    that gets it, nothing is changed.
    """
    interrupts = Interrupts()
    if (
        threading.current_thread() is not threading.main_thread()
        or signal.getsignal(signal.SIGINT) is not signal.default_int_handler
    ):
        yield interrupts
        return
    signal.signal(signal.SIGINT, interrupts._remember)  # noqa: SLF001 - the other half of this
    try:
        yield interrupts
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if interrupts.asked:
        raise KeyboardInterrupt
