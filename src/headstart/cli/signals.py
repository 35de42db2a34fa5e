"""SIGTERM and SIGHUP end a command as Ctrl-C does: it cleans up and leaves nothing half-written."""

from __future__ import annotations

import contextlib
import signal
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

# SIGHUP comes when the terminal is closed. Windows has none.
_ENDING = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]


class Ending:
    """Which signal has asked this process to end.

    Attributes
    ----------
    number : int
        The signal; SIGINT, which Ctrl-C sends, until another one comes.
    """

    number: int = signal.SIGINT

    def _interrupt(self, number: int, frame: Any) -> None:
        self.number = number
        # A second one does not wait for the cleaning up.
        signal.signal(number, signal.SIG_DFL)
        # Whatever Ctrl-C does at this moment: a training first finishes its step.
        handler = signal.getsignal(signal.SIGINT)
        if callable(handler):
            handler(signal.SIGINT, frame)
        else:
            raise KeyboardInterrupt  # Ctrl-C is ignored, as in a shell's background jobs

    @property
    def status(self) -> int:
        """The exit status: 130 after Ctrl-C, 143 after SIGTERM, 129 after SIGHUP."""
        return 128 + self.number

    @property
    def message(self) -> str:
        """What to tell the user."""
        return "interrupted" if self.number == signal.SIGINT else "terminated"


@contextlib.contextmanager
def ending() -> Iterator[Ending]:
    """Raise `KeyboardInterrupt` for SIGTERM and SIGHUP while the context is open.

    Native modules that are interrupted while they are loaded raise other errors, which stand for
    the interruption, too.

    Nothing changes where something else handles them, or where they are ignored (``nohup``), and
    outside of the main thread, which is the only one that may set handlers.
    """
    asked = Ending()
    ours = []
    if threading.current_thread() is threading.main_thread():
        ours = [each for each in _ENDING if signal.getsignal(each) is signal.SIG_DFL]
    for number in ours:
        signal.signal(number, asked._interrupt)  # noqa: SLF001 - its own class
    try:
        yield asked
    except Exception as error:
        if _is_interruption(error):
            raise KeyboardInterrupt from error
        raise
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)


def _is_interruption(error: BaseException) -> bool:
    cause = error.__cause__
    return cause is not None and (isinstance(cause, KeyboardInterrupt) or _is_interruption(cause))
