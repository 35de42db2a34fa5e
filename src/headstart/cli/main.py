"""The command ``headstart``: finds the command that was asked for, and runs it."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from typing import TYPE_CHECKING, Any, NoReturn

import headstart
from headstart.cli import streams
from headstart.cli.streams import PIPE_CLOSED
from headstart.errors import HeadstartError, UsageError
from headstart.escaping import printable
from headstart.progress import Bars, flush

if TYPE_CHECKING:
    from collections.abc import Sequence

    from headstart.cli.parser import Command

#: What each command is for. To add a command, add an entry here and a module of the same name with
#: what `headstart.cli.parser.Command` says. The module is imported only when its command runs.
COMMANDS = {
    "demo": "show the whole job on example images",
    "predict": "say what is in images",
    "check": "find copies, wrong labels and unreadable images in a dataset",
    "train": "learn your own classes from a folder of images",
    "evaluate": "measure a saved model on labelled images",
    "report": "write a report on a saved model as one HTML file",
    "compare": "compare backbones, resize rules and heads",
    "bench": "measure how fast backbones are on this machine",
    "export": "write a model as a file of another program",
    "curve": "say how many more images would help",
    "explain": "show which parts of images speak for a class",
    "augment": "draw the random views that a training would see",
    "pretrain": "train a backbone from scratch",
    "models": "list the pre-trained backbones, or show one",
    "cache": "show or clear what is kept on disk",
}

EPILOG = """\
exit status: 0 done; 1 something failed, everything else was done; 2 wrong usage;
130 interrupted; 141 the reader of the output has left (| head); 143 terminated;
129 the terminal was closed.
'headstart COMMAND --help' says more about each command."""

DONE, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        super().error(printable(message))


def parser() -> argparse.ArgumentParser:
    """Return the parser of the first word, which names the command."""
    top = _Parser(
        prog="headstart",
        usage="%(prog)s [-h] [--version] COMMAND ...",
        description="Recognise what is in images, and learn your own classes.\n\ncommands:\n"
        + "\n".join(f"  {name:<11}{purpose}" for name, purpose in COMMANDS.items()),
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"headstart {headstart.__version__}")
    # The commands have it, so it is asked for here, too.
    top.add_argument("--help-all", action="help", help=argparse.SUPPRESS)
    top.add_argument("command", metavar="COMMAND", help=argparse.SUPPRESS)
    return top


@streams.every_text()
def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    argv : sequence of str, optional
        The words after ``headstart``. The default is those of this process.

    Returns
    -------
    int
        The exit status: 0 done, 1 something failed, 2 wrong usage, 130 interrupted, 141 the
        reader of the output has left, 143 terminated, 129 the terminal was closed.
    """
    words = sys.argv[1:] if argv is None else argv
    if not words:
        parser().print_help(sys.stderr)
        return USAGE
    if words[0] == "help":  # 'headstart help train'
        words = [*words[1:2], "--help"]
    if words[0] not in COMMANDS:
        _without_command(words[0])
    command: Any = importlib.import_module(f"headstart.cli.{words[0]}")
    return run_command(command, words[1:])


def _without_command(word: str) -> NoReturn:
    """Show help or the version; or refuse a word that is no command."""
    if word.startswith("-"):
        parser().parse_args([word])
    import difflib

    meant = difflib.get_close_matches(word, COMMANDS, 1)
    if meant:
        advice = f"Did you mean 'headstart {meant[0]}'?"
    elif os.path.lexists(word):
        advice = f"To say what is in images: headstart predict {word}"
    else:
        advice = f"The commands are {', '.join(COMMANDS)}."
    parser().error(f"There is no command '{word}'. {advice}")


def run_command(command: Command, words: Sequence[str]) -> int:
    """Run a command on the words after its name; return the exit status as `main` does."""
    # The first help needs none of these.
    from headstart.cli.messages import told
    from headstart.cli.parser import CommandParser, progress
    from headstart.cli.signals import ending

    # argparse takes the beginning of a flag for the flag: --help-a.
    full = any(word.startswith("--help-") for word in words)
    arguments = CommandParser(command, full=full).parse_args(words)
    try:
        with (
            ending() as asked,
            told(progress(arguments), verbose=arguments.verbose),
        ):
            status = command.run(arguments)
        flush(sys.stdout)
    except BrokenPipeError:
        # The reader (`| head`) has all it wants.
        return PIPE_CLOSED
    except KeyboardInterrupt:
        return _say(asked.message, asked.status)
    except HeadstartError as error:
        return _say(str(error), USAGE if isinstance(error, UsageError) else FAILED)
    return status


def _say(message: str, status: int) -> int:
    Bars().say(f"headstart: {message}")
    return status


def run() -> NoReturn:
    """Run one command and leave with its exit status."""
    try:
        status = streams.last_flush(_status())
    except KeyboardInterrupt:  # before the command began, or after it
        status = _say("interrupted", INTERRUPTED)
    # Where Ctrl-C has interrupted code that was made from text, as dataclasses are, Python
    # remembers it as not handled: `python -m headstart` would end by the signal. New code makes it
    # forget.
    exec("")  # noqa: S102 - nothing is run
    sys.exit(status)


def _status() -> int:
    try:
        return main()
    except SystemExit as ending:  # argparse has shown help, or refused the words
        return ending.code if isinstance(ending.code, int) else DONE
