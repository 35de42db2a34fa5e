"""``headstart predict``: what is in images."""

import argparse
import contextlib
import time
from pathlib import Path
from typing import TYPE_CHECKING

from headstart.cli import options
from headstart.cli.parser import CommandParser
from headstart.progress import Bars, track

if TYPE_CHECKING:
    from headstart.data import Found

EXAMPLES = """\
examples:
  headstart predict tiger.jpg
  headstart predict photos/ --model resnet50 --top 3 --csv answers.csv
  headstart predict photos/ --model my-model/ --sheet answers.png"""


def make_parser() -> CommandParser:
    """Return the parser of the command."""
    parser = CommandParser(
        "predict",
        "PATH... [options]",
        "Say what is in images: the most probable classes of each, with probabilities.",
        EXAMPLES,
    )
    parser.add_argument("paths", nargs="+", metavar="PATH", help="pictures, folders or globs")
    parser.add_argument(
        "--top",
        type=options.positive,
        default=5,
        metavar="K",
        help="classes to show a picture (default: 5)",
    )
    options.add_json(parser, "one line a picture")
    parser.add_argument(
        "--csv", type=Path, metavar="FILE", help="also write the answers as a table"
    )
    parser.add_argument(
        "--sheet",
        type=options.png,
        metavar="FILE.png",
        help="also draw the pictures with their answers",
    )
    options.add_workers(parser)
    options.add_network(
        parser,
        what="a network's name ('headstart models'), or a saved model's folder",
    )
    parser.add_help_options()
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Answer every picture; return 1 if any was refused."""
    from headstart.cli.answers import open_outputs
    from headstart.data import find_images
    from headstart.jobs.predict import open_recogniser

    began = time.perf_counter()
    found = find_images(arguments.paths)
    progress = Bars()
    recogniser = open_recogniser(
        arguments.model,
        weights=arguments.weights,
        resize=arguments.resize,
        precision=arguments.precision,
        sample=found.sources,
        progress=progress,
    )
    refused = 0
    with contextlib.ExitStack() as stack:
        outputs = open_outputs(arguments, stack)
        answers = recogniser.answers(found.sources, top=arguments.top, workers=arguments.workers)
        for answer in track(progress, answers, "predicting", len(found.sources)):
            refused += answer.error is not None
            for output in outputs:
                output.add(answer)
    seconds = time.perf_counter() - began
    how = f"{seconds:.1f} s by {recogniser.name}, computed in {recogniser.computes_in}"
    progress.say(_closing(found, refused, how))
    return int(refused > 0 or not found.sources)


def _closing(found: "Found", refused: int, how: str) -> str:
    n = len(found.sources)
    parts = [f"{n - refused} of {n} pictures answered in {how}"]
    if refused:
        parts.append(f"{refused} refused, each with its reason")
    parts += [f"left out: {count} {reason}" for reason, count in sorted(found.skipped.items())]
    return "; ".join(parts) + "."
