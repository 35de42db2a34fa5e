"""``headstart evaluate``: how good a saved model is on labelled images."""

import argparse
from pathlib import Path

from headstart.cli import options
from headstart.cli.options import FEATURES
from headstart.cli.output import print_result
from headstart.cli.parser import CommandParser
from headstart.progress import Bars

EXAMPLES = """\
example:
  headstart evaluate my-model/ birds-2025/ --plots plots/"""


def make_parser() -> CommandParser:
    """Return the parser of the command."""
    parser = CommandParser(
        "evaluate",
        "MODEL FOLDER [options]",
        "Measure a model on labelled images that it has not seen.\n\n"
        "MODEL is the folder of a saved model, or the name or folder of a pre-trained network. "
        f"FOLDER {options.DATASET}.",
        EXAMPLES,
    )
    parser.add_positional("model", "MODEL")
    parser.add_positional("folder", "FOLDER", type=Path)
    parser.add_argument(
        "--plots",
        type=Path,
        metavar="DIR",
        help="also draw the confusion matrix and the accuracy of each class",
    )
    options.add_json(parser, "the figures")
    FEATURES.add(parser, "workers")
    parser.add_help_options()
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Print the figures; return 1 if an image was unreadable."""
    from headstart.jobs.evaluate import draw_evaluation, evaluate

    evaluation = evaluate(
        arguments.model,
        arguments.folder,
        workers=FEATURES.settings(arguments).workers,
        progress=Bars(),
    )
    if arguments.plots:
        draw_evaluation(evaluation, arguments.plots)
    print_result(evaluation, as_json=arguments.json)
    return int(bool(evaluation.errors))
