"""The parser of one command: ``--help`` shows everyday options, ``--help-all`` shows all."""

from __future__ import annotations

import argparse
import textwrap
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

from headstart.escaping import printable
from headstart.progress import Bars, NoProgress

if TYPE_CHECKING:
    from collections.abc import Callable

    from headstart.progress import Progress

# Of the texts that argparse does not wrap, so that they fit a terminal of 80 columns.
WIDTH = 78
# How alike a misspelt option and the one that is meant are: dashes count, and words are short.
_CLOSE = 0.75


class Command(Protocol):
    """What a command's module offers. Its name is that of the command.

    Attributes
    ----------
    USAGE : str
        What the first line of help shows after the name.
    DESCRIPTION : str
        What the command does, and what its positional arguments are: help does not list these.
    EPILOG : str
        What stands below the options; it is not wrapped.
    """

    __name__: str
    USAGE: str
    DESCRIPTION: str
    EPILOG: str

    def add_arguments(self, parser: CommandParser) -> None:
        """Add what may stand after the command's name."""

    def run(self, arguments: argparse.Namespace) -> int:
        """Do the work; return the exit status."""


class Group(Protocol):
    """Where options are added: a parser, or a group of its options."""

    def add_argument(self, *names: str, help: str, **how: Any) -> object:  # noqa: A002 - argparse's
        """Add an option, as `argparse.ArgumentParser.add_argument` does."""


class CommandParser(argparse.ArgumentParser):
    """Parses the words after a command's name.

    Parameters
    ----------
    command : Command
    full : bool
        Whether help shows every option.
    """

    def __init__(self, command: Command, *, full: bool = False) -> None:
        super().__init__(
            prog=f"headstart {command.__name__.rpartition('.')[2]}",
            usage=f"%(prog)s {command.USAGE}",
            description=_wrapped(command.DESCRIPTION),
            epilog=command.EPILOG,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            add_help=False,
        )
        self._full, self._has_headings = full, False
        self._words: list[str] = []
        command.add_arguments(self)
        quiet = "show only results and errors"
        self.add_argument("-q", "--quiet", action="store_true", help=quiet)
        # Seldom needed: shown where there is room.
        verbose = "also show what headstart logs" if full or not self._has_headings else None
        verbose = verbose or argparse.SUPPRESS
        self.add_argument("-v", "--verbose", action="store_true", help=verbose)
        self.add_argument("-h", "--help", action="help", help="show this help and exit")
        if self._has_headings:
            self.add_argument("--help-all", action="help", help="show all options and exit")

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> tuple[Any, list[str]]:
        """Parse the words; remember them, so that an error can name a misspelt option."""
        self._words = list(args or ())
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        """Show one line of usage and the error, and leave with status 2."""
        super().error(printable(self._told_unknown() or message))

    def _told_unknown(self) -> str:
        """Return what to say of the first option that there is not; empty if there is none."""
        import difflib

        known = [name for name in self._option_string_actions if name.startswith("--")]
        for word in self._words:
            flag = word.partition("=")[0]
            if not word.startswith("--") and f"-{flag}" in known:  # -out
                return f"There is no option {flag}. Did you mean -{flag}?"
            # argparse takes the beginning of an option for the option.
            if word.startswith("--") and not any(name.startswith(flag) for name in known):
                close = difflib.get_close_matches(flag, known, 1, _CLOSE)
                meant = f"Did you mean {close[0]}?" if close else f"'{self.prog} {self._most}'"
                rest = "" if close else " lists the options."
                return f"There is no option {flag}. {meant}{rest}"
        return ""

    @property
    def _most(self) -> str:
        return "--help-all" if self._has_headings else "--help"

    def add_positional(self, name: str, metavar: str, **how: Any) -> None:
        """Add an argument that the usage and the description explain."""
        self.add_argument(name, metavar=metavar, help=argparse.SUPPRESS, **how)

    def heading(self, title: str, description: str = "") -> Heading:
        """Return a group of options; ``--help`` shows only the everyday ones among them."""
        self._has_headings = True
        shown = _wrapped(description) if self._full and description else None
        return Heading(self.add_argument_group(title, shown), full=self._full)


def progress(arguments: argparse.Namespace) -> Progress:
    """Return what shows how far the command is; nothing with ``--quiet``."""
    return NoProgress() if arguments.quiet else Bars()


class Heading:
    """A group of options that only full help shows.

    Parameters
    ----------
    group : argument group
    full : bool
        Whether help shows the options.

    Attributes
    ----------
    everyday : argument group
        Takes the options that help always shows.
    """

    def __init__(self, group: argparse._ArgumentGroup, *, full: bool) -> None:
        self.everyday, self._full = group, full

    def add_argument(self, *names: str, help: str, **how: Any) -> None:  # noqa: A002 - argparse's
        """Add an option, as `argparse.ArgumentParser.add_argument` does."""
        self.everyday.add_argument(*names, help=help if self._full else argparse.SUPPRESS, **how)


def add_option(
    group: Group,
    flag: str,
    about: str,
    read: Callable[[str], Any] = str,
    default: Any = None,
    **how: Any,
) -> None:
    """Add an option with a value.

    Parameters
    ----------
    group : Group
    flag : str
        The flag and what help shows in place of the value: "--out DIR".
    about : str
        What the option is for. Help also shows the default.
    read : callable
        Makes the value of a word.
    default : optional
    **how
        As ``add_argument`` takes it.
    """
    name, metavar = flag.split()
    text = about if default is None else f"{about} (default: %(default)s)"
    group.add_argument(name, metavar=metavar, help=text, type=read, default=default, **how)


def _wrapped(text: str) -> str:
    return "\n\n".join(textwrap.fill(paragraph, WIDTH) for paragraph in text.split("\n\n"))
