"""stdout and stderr of the command: they take every text, and their ends are no tracebacks."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import sys
import warnings
from typing import TYPE_CHECKING

from headstart.errors import StorageError
from headstart.progress import Bars, flush

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from headstart.progress import Progress

#: What a shell reports of a program that a closed pipe has ended: 128 and the signal's number.
PIPE_CLOSED = 128 + 13


@contextlib.contextmanager
def every_text() -> Iterator[None]:
    """Have stdout and stderr escape what their encodings lack, as long as the context is open.

    On Windows, files and pipes often take only the letters of one alphabet (cp1252).
    """
    changed = []
    for stream in (sys.stdout, sys.stderr):
        # In a notebook or under test there may be other objects, which take every text.
        if isinstance(stream, io.TextIOWrapper):
            changed.append((stream, stream.errors))
            stream.reconfigure(errors="backslashreplace")
    try:
        yield
    finally:
        for stream, errors in changed:
            # Reconfiguring flushes; what can't be written is told elsewhere.
            with contextlib.suppress(OSError, ValueError):
                stream.reconfigure(errors=errors)


class _LogMessages(logging.Handler):
    """Shows log records as messages."""

    def __init__(self, progress: Progress) -> None:
        super().__init__()
        self._progress = progress

    def emit(self, record: logging.LogRecord) -> None:
        """Show a record above a bar that is there; an error also with ``--quiet``."""
        progress = Bars() if record.levelno >= logging.ERROR else self._progress
        progress.say(f"{record.levelname.lower()}: {record.getMessage()}")


@contextlib.contextmanager
def told(progress: Progress, *, verbose: bool = False) -> Iterator[None]:
    """Show warnings and log records as messages: never into a bar, and nothing where it is quiet.

    Parameters
    ----------
    progress : Progress
        Shows the messages.
    verbose : bool
        Whether to show what headstart logs, and warnings of TensorFlow on its own speed.
    """

    def show(message: Warning | str, *_: object, **__: object) -> None:
        progress.say(f"warning: {message}")

    handler = _LogMessages(progress)
    levels = {"headstart": logging.INFO if verbose else logging.WARNING}
    levels["tensorflow"] = logging.WARNING if verbose else logging.ERROR
    before = {name: logging.getLogger(name).level for name in levels}
    logging.getLogger().addHandler(handler)
    try:
        with warnings.catch_warnings():
            warnings.showwarning = show
            _set_levels(levels)
            yield
    finally:
        _set_levels(before)
        logging.getLogger().removeHandler(handler)


def _set_levels(levels: Mapping[str, int]) -> None:
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


def last_flush(status: int) -> int:
    """Write what stdout still holds, and drop what it can't take; return the exit status.

    Python itself would try again at exit, and complain in its own way.

    Parameters
    ----------
    status : int
        The exit status so far.

    Returns
    -------
    int
        `status`; or, after a success that can't be written, that of the failure.
    """
    try:
        flush(sys.stdout)
    except (BrokenPipeError, StorageError) as error:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
        if status == 0 and isinstance(error, StorageError):
            Bars().say(f"headstart: {error}")
        return status or (PIPE_CLOSED if isinstance(error, BrokenPipeError) else 1)
    return status
