"""The command line of a recipe, made from the arguments of its functions."""

import argparse
import inspect
import sys
from collections.abc import Callable
from pathlib import Path

import headstart as hs


def run(doc: str | None, tutorial: Callable[..., object], our_way: Callable[..., object]) -> None:
    """Run the tutorial, or our way with ``--our-way``, and print the result."""
    chosen = our_way if "--our-way" in sys.argv else tutorial
    parser = argparse.ArgumentParser(
        description=doc, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--our-way", action="store_true", help="use our defaults instead")
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
    except hs.HeadstartError as error:
        sys.exit(f"{parser.prog}: {error}")
