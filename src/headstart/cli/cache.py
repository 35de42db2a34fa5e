"""``headstart cache``: show or clear what is kept on disk."""

import argparse

from headstart.cli import options
from headstart.cli.output import print_json, print_lines
from headstart.cli.parser import CommandParser

KINDS = ("features", "networks", "weights")

USAGE = "[show | clear] [options]"

DESCRIPTION = """\
Show or clear what headstart keeps on disk: the features of images that it has seen, converted
networks and downloaded weights. It makes or downloads them again when it needs them."""

EPILOG = """\
environment variables:
  HEADSTART_CACHE        the folder to keep them in
  HEADSTART_CACHE_LIMIT  the most bytes that the features may take"""


def add_arguments(parser: CommandParser) -> None:
    """Add what may stand after the command's name."""
    parser.add_positional("action", "ACTION", nargs="?", choices=("show", "clear"), default="show")
    only = "only features, networks or weights; may be given again"
    parser.add_argument("--only", choices=KINDS, action="append", metavar="KIND", help=only)
    options.add_json(parser, "the sizes")


def run(arguments: argparse.Namespace) -> int:
    """Show or clear."""
    from headstart.features.cache import FeatureCache
    from headstart.storage import cache_dir, clear_cache, folder_size

    kinds = arguments.only or KINDS
    sizes = {kind: folder_size(cache_dir() / kind) for kind in kinds}
    if arguments.action == "clear":
        for kind in kinds:
            # A store that another process has open can't simply be deleted.
            if kind == "features":
                FeatureCache().clear()
            else:
                clear_cache(kind)
    if arguments.json:
        print_json({"folder": str(cache_dir()), arguments.action: sizes})
        return 0
    print_lines(f"{cache_dir()}{': cleared' if arguments.action == 'clear' else ''}")
    for kind, size in sizes.items():
        print_lines(f"  {kind:9} {size / 1e6:10.1f} MB")
    return 0
