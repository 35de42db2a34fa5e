"""``headstart evaluate``: how good a saved model is on labelled pictures."""

import argparse
import json
import sys
from pathlib import Path

from headstart.cli import options
from headstart.progress import Bars


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "evaluate",
        help="measure a saved model on labelled pictures",
        description="Measure a saved model on labelled pictures that it has not seen.",
    )
    parser.add_argument("model", type=Path, metavar="DIR", help="the saved model's folder")
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="the labelled pictures")
    parser.add_argument(
        "--plots", type=Path, metavar="DIR", help="also draw confusion matrix, classes, mistakes"
    )
    options.add_json(parser, "the figures")
    options.add_workers(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the figures; return 1 if a picture was refused."""
    from headstart.jobs.train import draw_evaluation, evaluate
    from headstart.model import load

    evaluation = evaluate(
        load(arguments.model), arguments.folder, workers=arguments.workers, progress=Bars()
    )
    if arguments.plots:
        draw_evaluation(evaluation, arguments.plots)
    if arguments.json or not sys.stdout.isatty():
        print(json.dumps(evaluation.to_dict(), ensure_ascii=False))
    if not arguments.json:
        print(evaluation, file=sys.stdout if sys.stdout.isatty() else sys.stderr)
    return int(bool(evaluation.errors))
