"""Ctrl-C during training waits for the end of a step, so that no step is half done."""

from __future__ import annotations

import contextlib
import signal
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


class Interrupts:
    """Tells whether Ctrl-C was pressed.

    Attributes
    ----------
    pressed : bool
    """

    pressed = False

    def _remember(self, number: int, frame: Any) -> None:  # noqa: ARG002 - the signature of a handler
        self.pressed = True
        # A second Ctrl-C does not wait.
        signal.signal(signal.SIGINT, signal.default_int_handler)


@contextlib.contextmanager
def held_interrupts() -> Iterator[Interrupts]:
    """Remember Ctrl-C while the context is open, instead of raising `KeyboardInterrupt` anywhere.

    An interrupt in the middle of a step would leave some weights updated and others not. Where
    Python calls back from native code or cleans up, it would only be printed, and work would go on.
    The code inside checks ``pressed`` and raises the interrupt itself; it is raised at the end of
    the context at the latest. A second Ctrl-C raises at once.

    Nothing changes where something else handles the signal, and outside of the main thread, which
    is the only one that receives it.
    """
    interrupts = Interrupts()
    if (
        threading.current_thread() is not threading.main_thread()
        or signal.getsignal(signal.SIGINT) is not signal.default_int_handler
    ):
        yield interrupts
        return
    signal.signal(signal.SIGINT, interrupts._remember)  # noqa: SLF001 - its own class
    try:
        yield interrupts
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if interrupts.pressed:
        raise KeyboardInterrupt
