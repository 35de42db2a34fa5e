"""``headstart explain``: which parts of images speak for a class."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headstart.cli import options
from headstart.cli.options import FEATURES, PREDICTING
from headstart.cli.output import print_json, print_lines
from headstart.cli.parser import CommandParser, add_option, progress
from headstart.display.text import percent
from headstart.escaping import printable
from headstart.progress import track

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from headstart.explaining.explanation import Explanation

USAGE = "PATH... --out DIR [options]"

DESCRIPTION = """\
Show which parts of images speak for a class.

Draws each image beside its heat map into DIR: the brighter, the more a part
speaks for the class. PATH is an image, a folder, a zip archive or a pattern
such as 'photos/*.jpg'."""

EPILOG = """\
examples:
  headstart explain photos/ --model my-model/ --out maps/
  headstart explain tiger.jpg --model mobilenet_v2 --label tabby --out maps/"""


def add_arguments(parser: CommandParser) -> None:
    """Add what may stand after the command's name."""
    parser.add_positional("paths", "PATH", type=options.path_text, nargs="+")
    parser.add_argument(
        "--out",
        metavar="DIR",
        type=options.path,
        required=True,
        help="a new or empty folder for the drawings",
    )
    PREDICTING.add(parser, "backbone")
    label = "the class to explain (default: the most probable class of each image)"
    add_option(parser, "--label CLASS", label)
    options.add_json(parser, "one line for each image, with the values of its map,")
    FEATURES.add(
        options.add_predicting(parser, "--model"), "resize", "precision", "accept_truncated"
    )


def run(arguments: argparse.Namespace) -> int:
    """Explain every image; return 1 if any was unreadable."""
    from headstart.data.discovery import find_images
    from headstart.explaining.explainer import Explainer
    from headstart.jobs.explain import Drawings, explained
    from headstart.jobs.predict import open_predictor

    shown = progress(arguments)
    sources = find_images(arguments.paths).sources
    drawings = Drawings(arguments.out, sources, arguments.paths)
    network = PREDICTING.settings(arguments)
    features = FEATURES.settings(arguments)
    predictor = open_predictor(network, features, images=sources, progress=shown)
    explainer = Explainer.of(predictor)
    found = explained(explainer, sources, arguments.label, drawings)
    unreadable = 0
    for explanation, file in track(shown, found, "explaining", len(sources)):
        unreadable += explanation.error is not None
        if arguments.json:
            print_json(explanation.to_record() | ({} if file is None else {"file": str(file)}))
        else:
            print_lines(_line(explanation, file))
    n = len(sources) - unreadable
    place = f"; the drawings are in {arguments.out}" if n else ""
    shown.say(f"{n} of {len(sources)} images explained by {explainer.method}{place}.")
    return int(unreadable > 0 or not sources)


def _line(explanation: Explanation, file: Path | None) -> str:
    path = explanation.source.name
    if explanation.explained is None:
        return printable(f"{path}: unreadable: {explanation.error}")
    named = explanation.explained
    return printable(f"{path}: {named.label} {percent(named.probability)}  {file}")
