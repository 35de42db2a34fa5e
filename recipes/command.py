"""The command line of a recipe, made of what its functions take."""

import argparse
import inspect
import sys
from collections.abc import Callable
from pathlib import Path

from headstart.errors import HeadstartError


def run(doc: str | None, tutorial: Callable[..., object], our_way: Callable[..., object]) -> None:
    """Do as the tutorial does, or our way if ``--our-way`` says so, and print what comes of it."""
    chosen = our_way if "--our-way" in sys.argv else tutorial
    parser = argparse.ArgumentParser(
        description=doc, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--our-way", action="store_true", help="the same with our defaults")
    for name, setting in inspect.signature(chosen).parameters.items():
        default = setting.default
        if default is setting.empty:
            parser.add_argument(name, type=Path, metavar=name.upper())
        elif default is False:
            parser.add_argument(f"--{name}", action="store_true")
        else:
            shown = "(default: %(default)s)"
            parser.add_argument(f"--{name}", type=type(default), default=default, help=shown)
    settings = vars(parser.parse_args())
    del settings["our_way"]
    try:
        print(chosen(**settings))
    except HeadstartError as error:
        sys.exit(f"{parser.prog}: {error}")
