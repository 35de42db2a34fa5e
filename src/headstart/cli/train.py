"""``headstart train``: learn your own classes from a folder of images."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from headstart.cli import options
from headstart.cli.finetuning import add_fine_tuning, chosen_fine_tuning
from headstart.cli.heads import DENSE, add_head, chosen_head
from headstart.cli.options import FEATURES, NETWORK
from headstart.cli.output import print_result
from headstart.cli.parser import CommandParser
from headstart.progress import Bars

if TYPE_CHECKING:
    import argparse

EXAMPLES = """\
examples:
  headstart train birds/ --out bird-model
  headstart train birds/ --out bird-model --model resnet50 --fine-tune
  headstart predict new-photos/ --model bird-model"""


def make_parser() -> CommandParser:
    """Return the parser of the command."""
    parser = CommandParser(
        "train",
        "FOLDER --out DIR [options]",
        "Learn your own classes from labelled images, and test on some of them. "
        f"FOLDER {options.DATASET}.",
        EXAMPLES,
    )
    parser.add_positional("folder", "FOLDER", type=Path)
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="where to save the model"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace the saved model in DIR")
    NETWORK.add(parser, "backbone")
    add_head(parser)
    _add_test(parser)
    parser.add_argument(
        "--seed",
        type=int,
        default=0,
        metavar="N",
        help="the seed of everything random (default: %(default)s)",
    )
    options.add_json(parser, "the summary")
    add_fine_tuning(parser)
    network = parser.heading("network", options.AUTO)
    NETWORK.add_others(network, "backbone")
    FEATURES.add(network)
    DENSE.add(parser.heading("dense head", "With --head dense only."))
    parser.add_help_options()
    return parser


def _add_test(parser: CommandParser) -> None:
    testing = parser.add_mutually_exclusive_group()
    testing.add_argument(
        "--test",
        type=options.fraction,
        metavar="FRACTION",
        help="the share of the images kept for testing (default: the test images of FOLDER if it "
        "has any, else 0.2)",
    )
    testing.add_argument(
        "--test-folder", type=Path, metavar="FOLDER", help="the labelled images to test on"
    )


def run(arguments: argparse.Namespace) -> int:
    """Train, test and save; print the summary."""
    network, features = NETWORK.settings(arguments), FEATURES.settings(arguments)
    head, fine_tuning = chosen_head(arguments), chosen_fine_tuning(arguments)
    from headstart.jobs.train import train

    summary = train(
        arguments.folder,
        arguments.out,
        **asdict(network),
        **asdict(features),
        head=head,
        test=arguments.test_folder or arguments.test,
        seed=arguments.seed,
        overwrite=arguments.overwrite,
        fine_tuning=fine_tuning,
        restart=arguments.restart,
        progress=Bars(),
    )
    print_result(summary, as_json=arguments.json)
    return 0
