"""stdout and stderr of the command: they take every text, and their ends are no tracebacks."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from typing import TYPE_CHECKING

from headstart.errors import StorageError
from headstart.progress import Bars, flush

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    except KeyboardInterrupt:  # the reader does not read on
        _drop_stdout()
        raise
    except (BrokenPipeError, StorageError) as error:
        _drop_stdout()
        if status == 0 and isinstance(error, StorageError):
            Bars().say(f"headstart: {error}")
        return status or (PIPE_CLOSED if isinstance(error, BrokenPipeError) else 1)
    return status


def _drop_stdout() -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
