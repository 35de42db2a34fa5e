"""``headstart report``: one HTML file that shows how good a model is, with the images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headstart.cli import options
from headstart.cli.evaluate import add_questions, questions
from headstart.cli.options import FEATURES, READING
from headstart.cli.output import print_lines
from headstart.cli.parser import CommandParser, add_option, progress

if TYPE_CHECKING:
    import argparse

USAGE = "MODEL FOLDER [options]"

DESCRIPTION = f"""\
Measure a saved model on labelled images, and write a report: one HTML file with figures, confusion
matrix, mistakes and heat maps, which needs no network. MODEL is the folder of a saved model. FOLDER
{options.DATASET}."""

EPILOG = """\
example:
  headstart report my-model/ birds-2025/ --check --by site"""


def add_arguments(parser: CommandParser) -> None:
    """Add what may stand after the command's name."""
    parser.add_positional("model", "MODEL", type=options.path)
    parser.add_positional("folder", "FOLDER", type=options.path)
    place = "the file to write (default: MODEL.report.html beside the model)"
    add_option(parser, "--out FILE.html", place, options.path)
    add_questions(parser)
    text = "also check the images of FOLDER and their labels, and show what is found"
    parser.add_argument("--check", action="store_true", help=text)
    options.add_reading(parser)
    FEATURES.add(parser, "workers", "device", "accept_truncated")


def run(arguments: argparse.Namespace) -> int:
    """Write the report, and print where it is."""
    dataset, features = READING.settings(arguments), FEATURES.settings(arguments)
    from headstart.jobs.report import report

    path = report(
        arguments.model,
        arguments.folder,
        arguments.out,
        dataset=dataset,
        workers=features.workers,
        device=features.device,
        accept_truncated=features.accept_truncated,
        check=arguments.check,
        **questions(arguments),
        progress=progress(arguments),
    )
    print_lines(str(path))
    return 0
