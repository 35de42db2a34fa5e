"""What a worker process does first and last; see `headstart.processes.worker`."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headstart.processes import messages
from headstart.untrusted.json_text import parse_json

if TYPE_CHECKING:
    import io
    from collections.abc import Callable


def run(serve: Callable[[io.BufferedReader, io.FileIO], None]) -> None:
    """Serve the process that started this one, until it says so or is gone.

    Parameters
    ----------
    serve : callable
        Takes the requests and the place of the answers. It may raise ``EOFError`` or
        ``BrokenPipeError`` when nobody asks or listens any more.
    """
    # Ctrl-C reaches every process of a terminal. The one that started this one ends it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    requests = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    # What libraries print is no message.
    with Path(os.devnull).open("r+b", buffering=0) as nothing:
        os.dup2(nothing.fileno(), 0)
        os.dup2(nothing.fileno(), 1)
    # Either means that nobody waits for answers any more.
    with contextlib.suppress(EOFError, BrokenPipeError):
        serve(requests, answers)


def receive_settings(requests: io.BufferedReader) -> Any:
    """Return what the work is: the value that `WorkerProcess.greet` sends."""
    return parse_json(messages.receive(requests, messages.receive_head(requests).text))
