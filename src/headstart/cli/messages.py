"""Warnings and log records, shown as messages of the command.

`logging` takes longer to load than help takes to be shown: only a command that runs loads this.
"""

from __future__ import annotations

import contextlib
import logging
import warnings
from typing import TYPE_CHECKING

from headstart.progress import Bars

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from headstart.progress import Progress


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
