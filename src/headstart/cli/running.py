"""Runs one command: from the words that were typed to the exit status."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Protocol

from headstart.errors import HeadstartError, UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

DONE, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130


class Command(Protocol):
    """What a command's module offers."""

    def make_parser(self) -> argparse.ArgumentParser:
        """Return the parser of the words after the command's name."""

    def run(self, arguments: argparse.Namespace) -> int:
        """Do the work; return the exit status."""


def run_command(command: Command, words: Sequence[str]) -> int:
    """Run a command.

    Parameters
    ----------
    command : Command
    words : sequence of str
        What stands after the command's name on the command line.

    Returns
    -------
    int
        The exit status: 0 done, 1 something failed, 2 wrong usage, 130 interrupted.
    """
    arguments = command.make_parser().parse_args(words)
    try:
        status = command.run(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader (`| head`) has all it wants. Python would complain once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except KeyboardInterrupt:
        return _say("interrupted", INTERRUPTED)
    except UsageError as error:
        return _say(str(error), USAGE)
    except HeadstartError as error:
        return _say(str(error), FAILED)
    return status


def _say(message: str, status: int) -> int:
    print(f"headstart: {message}", file=sys.stderr)
    return status
