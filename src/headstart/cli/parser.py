"""The parser of one command: ``--help`` shows everyday options, ``--help-all`` shows all."""

from __future__ import annotations

import argparse
import textwrap
from typing import Any, NoReturn

# Of the texts that argparse does not wrap, so that they fit a terminal of 80 columns.
WIDTH = 78


class CommandParser(argparse.ArgumentParser):
    """Parses the words after a command's name.

    Parameters
    ----------
    command : str
        The name of the command.
    usage : str
        What the first line of help shows after the name.
    description : str
        What the command does, and what its positional arguments are: help does not list these.
    epilog : str
        What stands below the options; it is not wrapped.
    """

    def __init__(self, command: str, usage: str, description: str, epilog: str = "") -> None:
        super().__init__(
            prog=f"headstart {command}",
            usage=f"%(prog)s {usage}",
            description=_wrapped(description),
            epilog=epilog,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            add_help=False,
        )
        self._headings: list[Heading] = []

    def add_positional(self, name: str, metavar: str, **how: Any) -> None:
        """Add an argument that the usage and the description explain."""
        self.add_argument(name, metavar=metavar, help=argparse.SUPPRESS, **how)

    def add_help_options(self) -> None:
        """Add ``--help``, and ``--help-all`` if there are options that only this one shows."""
        self.add_argument("-h", "--help", action="help", help="show this help and exit")
        if self._headings:
            self.add_argument("--help-all", action=_HelpAll, help="show all options and exit")

    def heading(self, title: str, description: str = "") -> Heading:
        """Return a group of options; ``--help`` shows only the everyday ones among them."""
        self._headings.append(Heading(self.add_argument_group(title), description))
        return self._headings[-1]

    def show_all(self) -> None:
        """Let the help show every option."""
        for heading in self._headings:
            heading.show()


class Heading:
    """A group of options that help shows only after `show`.

    Parameters
    ----------
    group : argument group
    description : str
        What stands below the title once the options are shown.

    Attributes
    ----------
    everyday : argument group
        Takes the options that help always shows.
    """

    def __init__(self, group: argparse._ArgumentGroup, description: str) -> None:
        self.everyday = group
        self._description = description
        self._help: list[tuple[argparse.Action, str]] = []

    def add_argument(self, *names: str, help: str, **how: Any) -> argparse.Action:  # noqa: A002 - argparse's
        """Add an option, as `argparse.ArgumentParser.add_argument` does."""
        action = self.everyday.add_argument(*names, help=argparse.SUPPRESS, **how)
        self._help.append((action, help))
        return action

    def show(self) -> None:
        """Let the help show these options."""
        self.everyday.description = _wrapped(self._description) or None
        for action, text in self._help:
            action.help = text


class _HelpAll(argparse.Action):
    def __init__(self, option_strings: list[str], dest: str, help: str) -> None:  # noqa: A002 - argparse's
        super().__init__(option_strings, dest, nargs=0, help=help, default=argparse.SUPPRESS)

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        assert isinstance(parser, CommandParser)  # noqa: S101 - for mypy
        parser.show_all()
        parser.print_help()
        parser.exit()


def _wrapped(text: str) -> str:
    return "\n\n".join(textwrap.fill(paragraph, WIDTH) for paragraph in text.split("\n\n"))
