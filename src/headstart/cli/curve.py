"""``headstart curve``: say how many more images would help, and of which class."""

import argparse
from dataclasses import asdict
from typing import get_args

from headstart.cli import options
from headstart.cli.options import FEATURES, NETWORK, READING
from headstart.cli.output import print_result
from headstart.cli.parser import CommandParser, add_option, progress
from headstart.display.text import either
from headstart.heads.settings import HeadName

USAGE = "FOLDER [options]"

DESCRIPTION = f"""\
Say how many more images would help, and of which class: measure accuracy with parts of the training
images, and forecast it for more.

FOLDER {options.DATASET}."""

EPILOG = """\
example:
  headstart curve birds/ --plot curve.png"""

# A dense head takes minutes, and is fitted thirty times here.
_HEADS = tuple(name for name in get_args(HeadName) if name != "dense")


def add_arguments(parser: CommandParser) -> None:
    """Add what may stand after the command's name."""
    parser.add_positional("folder", "FOLDER", type=options.path)
    add_option(parser, "--plot FILE", "also draw it: a .png, .pdf or .svg file", options.path)
    NETWORK.add(parser, "backbone")
    kinds = f"the kind of classifier: {either(_HEADS)}"
    add_option(parser, "--head NAME", kinds, default="logistic", choices=_HEADS)
    add_option(parser, "--seed N", "the seed of everything random", options.seed, 0)
    options.add_json(parser, "the figures")
    options.add_reading(parser)
    network = parser.heading("network", options.AUTO)
    NETWORK.add_others(network, "backbone")
    FEATURES.add(network)


def run(arguments: argparse.Namespace) -> int:
    """Print the curve, and draw it."""
    network, features = NETWORK.settings(arguments), FEATURES.settings(arguments)
    dataset = READING.settings(arguments)
    from headstart.data.output_places import refuse_among_images
    from headstart.evaluation.drawing_check import check_drawing
    from headstart.jobs.learning_curve import learning_curve

    if arguments.plot:
        refuse_among_images(arguments.plot, [arguments.folder], "The plot")
        check_drawing()
        from headstart.evaluation.canvas import check_figure

        check_figure(arguments.plot)
    curve = learning_curve(
        arguments.folder,
        **asdict(network),
        **asdict(features),
        head=arguments.head,
        dataset=dataset,
        seed=arguments.seed,
        progress=progress(arguments),
    )
    print_result(curve, as_json=arguments.json)
    if arguments.plot:
        curve.plot(arguments.plot)
    return 0
