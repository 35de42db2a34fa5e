"""The parser of one command: ``--help`` shows everyday options, ``--help-all`` shows all."""

from __future__ import annotations

import argparse
from typing import Any, NoReturn


class CommandParser(argparse.ArgumentParser):
    """Parses the words after a command's name.

    Parameters
    ----------
    command : str
        The name of the command.
    usage : str
        What its first line of help shows after the name.
    description, epilog : str
        What stands above and below the options.
    """

    def __init__(self, command: str, usage: str, description: str, epilog: str = "") -> None:
        super().__init__(
            prog=f"headstart {command}",
            usage=f"%(prog)s {usage}",
            description=description,
            epilog=epilog,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            add_help=False,
        )
        self._headings: list[Heading] = []

    def add_help_options(self) -> None:
        """Add ``--help``, and ``--help-all`` if there are options that only this one shows."""
        self.add_argument("-h", "--help", action="help", help="show this help and exit")
        if self._headings:
            titles = ", ".join(heading.title for heading in self._headings)
            self.add_argument(
                "--help-all", action=_HelpAll, help=f"also show options for: {titles}"
            )

    def heading(self, title: str, description: str = "") -> Heading:
        """Return a group of options that only ``--help-all`` shows."""
        group = self.add_argument_group(title)
        self._headings.append(Heading(title, description, group))
        return self._headings[-1]

    def show_all(self) -> None:
        """Let the help show every option."""
        for heading in self._headings:
            heading.show()


class Heading:
    """A group of options that help shows only after `show`."""

    def __init__(self, title: str, description: str, group: argparse._ArgumentGroup) -> None:
        self.title = title
        self._description = description
        self._group = group
        self._help: list[tuple[argparse.Action, str]] = []

    def add_argument(self, *names: str, help: str, **how: Any) -> argparse.Action:  # noqa: A002, ANN401 - argparse's
        """Add an option, as `argparse.ArgumentParser.add_argument` does."""
        action = self._group.add_argument(*names, help=argparse.SUPPRESS, **how)
        self._help.append((action, help))
        return action

    def show(self) -> None:
        """Let the help show these options."""
        self._group.description = self._description
        for action, text in self._help:
            action.help = text


class _HelpAll(argparse.Action):
    def __init__(self, option_strings: list[str], dest: str, help: str) -> None:  # noqa: A002
        super().__init__(option_strings, dest, nargs=0, help=help, default=argparse.SUPPRESS)

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        assert isinstance(parser, CommandParser)  # noqa: S101
        parser.show_all()
        parser.print_help()
        parser.exit()
