"""``headstart cache``: what is kept on disk, and how to be rid of it."""

import argparse
import json

from headstart.cli import options

KINDS = ("features", "networks", "weights")


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "cache",
        help="show or clear what is kept on disk",
        description="Show what is kept on disk: features of pictures already seen, converted "
        "networks, downloaded weights. All of it can be made or fetched again.",
        epilog="HEADSTART_CACHE names another folder; HEADSTART_CACHE_LIMIT, in bytes, bounds the "
        "features.",
    )
    parser.add_argument("action", nargs="?", choices=("show", "clear"), default="show")
    parser.add_argument(
        "--only",
        choices=KINDS,
        action="append",
        metavar="KIND",
        help="features, networks or weights",
    )
    options.add_json(parser, "the sizes")
    parser.set_defaults(run=run)


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
        print(json.dumps({"folder": str(cache_dir()), arguments.action: sizes}))
        return 0
    print(f"{cache_dir()}{': cleared' if arguments.action == 'clear' else ''}")
    for kind, size in sizes.items():
        print(f"  {kind:9} {size / 1e6:10.1f} MB")
    return 0
