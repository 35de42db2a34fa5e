"""``headstart predict``: what is in images."""

import argparse
import contextlib
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from headstart.cli import options
from headstart.cli.options import FEATURES, NETWORK
from headstart.cli.parser import CommandParser
from headstart.progress import Bars, track

if TYPE_CHECKING:
    from headstart.data import Found

EXAMPLES = """\
examples:
  headstart predict tiger.jpg
  headstart predict photos/ --model resnet50 --top 3 --csv predictions.csv
  headstart predict photos/ --model my-model/ --sheet predictions.png"""


def make_parser() -> CommandParser:
    """Return the parser of the command."""
    parser = CommandParser(
        "predict",
        "PATH... [options]",
        "Say what is in images: the most probable classes of each, with probabilities.\n\n"
        "PATH is an image, a folder or a pattern such as 'photos/*.jpg'.",
        EXAMPLES,
    )
    parser.add_positional("paths", "PATH", nargs="+")
    parser.add_argument(
        "--model",
        default=NETWORK.defaults.backbone,
        metavar="NAME",
        help="the folder of a saved model, or the name or folder of a pre-trained network "
        "('headstart models' lists them) (default: %(default)s)",
    )
    parser.add_argument(
        "--top",
        type=options.positive,
        default=5,
        metavar="K",
        help="how many classes to show for each image (default: %(default)s)",
    )
    options.add_json(parser, "one line for each image")
    parser.add_argument(
        "--csv", type=Path, metavar="FILE", help="also write the predictions as a table"
    )
    parser.add_argument(
        "--sheet",
        type=options.png,
        metavar="FILE.png",
        help="also draw the images with their predictions",
    )
    network = parser.heading("network")
    NETWORK.add(network, "weights")
    FEATURES.add(network)
    parser.add_help_options()
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Predict every image; return 1 if any was unreadable."""
    from headstart.cli.answers import open_outputs
    from headstart.data import find_images
    from headstart.jobs.predict import open_predictor

    began = time.perf_counter()
    progress = Bars()
    unreadable = 0
    with contextlib.ExitStack() as stack:
        # First of all: a file that can't be written is an error before the work, not after it.
        outputs = open_outputs(arguments, stack)
        found = find_images(arguments.paths)
        network = replace(NETWORK.settings(arguments), backbone=arguments.model)
        features = FEATURES.settings(arguments)
        predictor = open_predictor(network, features, images=found.sources, progress=progress)
        answers = predictor.stream(found.sources)
        for answer in track(progress, answers, "predicting", len(found.sources)):
            unreadable += answer.error is not None
            for output in outputs:
                output.add(answer, arguments.top)
    seconds = time.perf_counter() - began
    how = f"{seconds:.1f} s by {predictor.name}, computed in {predictor.precision}"
    progress.say(_closing(found, unreadable, how))
    return int(unreadable > 0 or not found.sources)


def _closing(found: "Found", unreadable: int, how: str) -> str:
    n = len(found.sources)
    parts = [f"{n - unreadable} of {n} images predicted in {how}"]
    if unreadable:
        parts.append(f"{unreadable} unreadable, each with its reason")
    parts += [f"skipped: {count} {reason}" for reason, count in sorted(found.skipped.items())]
    return "; ".join(parts) + "."
