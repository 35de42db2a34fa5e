"""``headstart cache``: show or clear what is kept on disk."""

import argparse

from headstart.cli import options
from headstart.cli.output import print_json, print_lines
from headstart.cli.parser import CommandParser

KINDS = ("features", "networks", "weights", "hub", "texts")

USAGE = "[show | clear] [options]"

DESCRIPTION = """\
Show or clear what headstart keeps on disk: the features of images that it has seen, converted
networks, downloaded weights, networks that were fetched from hubs, and vectors of texts. It
makes or downloads them again when it needs them. What another process is using, making or
downloading stays."""

EPILOG = """\
environment variables:
  HEADSTART_CACHE        the folder to keep them in
  HEADSTART_CACHE_LIMIT  the most bytes that the features may take"""


def add_arguments(parser: CommandParser) -> None:
    """Add what may stand after the command's name."""
    parser.add_positional("action", "ACTION", nargs="?", choices=("show", "clear"), default="show")
    only = "only features, networks, weights, hub or texts; may be given again"
    parser.add_argument("--only", choices=KINDS, action="append", metavar="KIND", help=only)
    options.add_json(parser, "the sizes")


def run(arguments: argparse.Namespace) -> int:
    """Show or clear."""
    from headstart.storage.cache_folder import cache_dir
    from headstart.storage.disk import folder_size

    kinds = arguments.only or KINDS
    sizes = {kind: folder_size(cache_dir() / kind) for kind in kinds}
    in_use: list[str] = []
    if arguments.action == "clear":
        for kind in kinds:
            in_use += _clear(kind)
            sizes[kind] = max(0, sizes[kind] - folder_size(cache_dir() / kind))
    if arguments.json:
        answer = {"folder": str(cache_dir()), arguments.action: sizes}
        print_json({**answer, "in_use": in_use} if arguments.action == "clear" else answer)
        return 0
    print_lines(f"{cache_dir()}{': cleared' if arguments.action == 'clear' else ''}")
    for kind, size in sizes.items():
        print_lines(f"  {kind:9} {size / 1e6:10.1f} MB")
    if in_use:
        print_lines(f"Other processes use these, so they stay: {', '.join(in_use)}")
    return 0


def _clear(kind: str) -> list[str]:
    """Clear one kind, and return the names of what is in use."""
    from headstart.features.cache import FeatureCache
    from headstart.storage.clearing import clear

    if kind != "features":
        return clear(kind)
    # A store that another process has open can't simply be deleted.
    FeatureCache().clear()
    return []
