"""The command ``headstart``: its parser, and the exit status of every ending."""

import argparse
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

import headstart
from headstart.cli import augment, cache, demo, evaluate, models, predict, pretrain, train
from headstart.errors import HeadstartError, UsageError

# Adding a command is a module with `add` and one entry here.
COMMANDS = (demo, predict, train, evaluate, augment, pretrain, models, cache)

DONE, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130

EPILOG = """\
exit status: 0 done; 1 something failed, all that could be answered was; 2 wrong usage;
130 interrupted. 'headstart COMMAND --help' says more about each command."""


def parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    top = argparse.ArgumentParser(
        prog="headstart",
        description="Recognise what is in pictures, and teach it your own classes.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"headstart {headstart.__version__}")
    commands = top.add_subparsers(metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add(commands)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    argv
        The words after ``headstart``; those of this process if None.

    Returns
    -------
    int
        The exit status: 0 done, 1 something failed, 2 wrong usage, 130 interrupted.
    """
    arguments = parser().parse_args(argv)
    try:
        status: int = arguments.run(arguments)
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


def run() -> NoReturn:
    """Run one command and leave with its exit status."""
    sys.exit(main())


def _say(message: str, status: int) -> int:
    print(f"headstart: {message}", file=sys.stderr)
    return status
