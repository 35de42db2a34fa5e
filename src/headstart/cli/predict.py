"""``headstart predict``: what is in images."""

import argparse
import contextlib
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from headstart.cli import options
from headstart.cli.options import FEATURES, NETWORK
from headstart.cli.output import open_outputs
from headstart.cli.parser import CommandParser, add_option, progress
from headstart.progress import track

if TYPE_CHECKING:
    from headstart.data.discovery import Found

USAGE = "PATH... [options]"

DESCRIPTION = """\
Say what is in images: the most probable classes of each, with probabilities.

PATH is an image, a folder or a pattern such as 'photos/*.jpg'."""

EPILOG = """\
examples:
  headstart predict tiger.jpg
  headstart predict photos/ --model resnet50 --top 3 --csv predictions.csv
  headstart predict photos/ --model my-model/ --sheet predictions.png"""


def add_arguments(parser: CommandParser) -> None:
    """Add what may stand after the command's name."""
    parser.add_positional("paths", "PATH", nargs="+")
    model = (
        "the folder of a saved model, or the name or folder of a pre-trained backbone "
        "('headstart models' lists them)"
    )
    add_option(parser, "--model NAME", model, default=NETWORK.defaults.backbone)
    add_option(parser, "--top K", "how many classes to show for each image", options.positive, 5)
    options.add_json(parser, "one line for each image")
    add_option(parser, "--csv FILE", "also write the predictions as a table", Path)
    sheet = "also draw the images with their predictions"
    add_option(parser, "--sheet FILE.png", sheet, options.png)
    network = parser.heading("network")
    NETWORK.add(network, "weights")
    FEATURES.add(network)


def run(arguments: argparse.Namespace) -> int:
    """Predict every image; return 1 if any was unreadable."""
    from headstart.data.discovery import find_images
    from headstart.jobs.predict import open_predictor

    began = time.perf_counter()
    shown = progress(arguments)
    unreadable = 0
    with contextlib.ExitStack() as stack:
        # First of all: a file that can't be written is an error before the work, not after it.
        outputs = open_outputs(arguments, stack)
        found = find_images(arguments.paths)
        network = replace(NETWORK.settings(arguments), backbone=arguments.model)
        features = FEATURES.settings(arguments)
        predictor = open_predictor(network, features, images=found.sources, progress=shown)
        answers = predictor.stream(found.sources)
        for answer in track(shown, answers, "predicting", len(found.sources)):
            unreadable += answer.error is not None
            for write in outputs:
                write(answer, arguments.top)
    seconds = time.perf_counter() - began
    how = f"{seconds:.1f} s by {predictor.name}, computed in {predictor.precision}"
    shown.say(_closing(found, unreadable, how))
    return int(unreadable > 0 or not found.sources)


def _closing(found: "Found", unreadable: int, how: str) -> str:
    n = len(found.sources)
    parts = [f"{n - unreadable} of {n} images predicted in {how}"]
    if unreadable:
        parts.append(f"{unreadable} unreadable (the output gives the reasons)")
    parts += [f"skipped: {count} {reason}" for reason, count in sorted(found.skipped.items())]
    return "; ".join(parts) + "."
