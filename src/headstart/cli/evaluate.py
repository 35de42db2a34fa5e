"""``headstart evaluate``: how good a saved model is on labelled images."""

import argparse
from typing import Any

from headstart.backbones.spec import NetworkSpec
from headstart.cli import options
from headstart.cli.options import FEATURES, PREDICTING, READING
from headstart.cli.output import print_result
from headstart.cli.parser import CommandParser, add_option, progress

USAGE = "MODEL FOLDER [options]"

DESCRIPTION = f"""\
Measure a model on labelled images that it has not seen.

MODEL is the folder of a saved model, or the name or folder of a pre-trained backbone. FOLDER
{options.DATASET}."""

EPILOG = """\
examples:
  headstart evaluate my-model/ birds-2025/ --plots plots/
  headstart evaluate new-model/ birds-2025/ --against my-model/
  headstart evaluate my-model/ scans/ --at-recall 0.95"""


def add_arguments(parser: CommandParser) -> None:
    """Add what may stand after the command's name."""
    parser.add_positional("model", "MODEL")
    parser.add_positional("folder", "FOLDER", type=options.path)
    plots = "also draw the confusion matrix, the accuracy of each class, and ROC curves"
    add_option(parser, "--plots DIR", plots, options.path)
    add_questions(parser)
    options.add_json(parser, "the figures")
    options.add_reading(parser)
    FEATURES.add(parser, "workers", "device", "accept_truncated")
    options.add_predicting(parser, "MODEL")


def add_questions(parser: CommandParser) -> None:
    """Add the flags that ask for more figures."""
    against = "compare with another model on the same images: is one better, or can't it be told?"
    add_option(parser, "--against MODEL", against)
    share = "the threshold of each class that reaches this {}, and what it costs"
    add_option(parser, "--at-recall SHARE", share.format("recall (sensitivity)"), options.fraction)
    add_option(parser, "--at-precision SHARE", share.format("precision"), options.fraction)
    what = "a column of FOLDER's table, or a pattern of paths such as '{group}/*/*'"
    by = f"also the figures of each part of the images: {what}"
    add_option(parser, "--by COLUMN", by)
    groups = f"images that are not independent, such as those of one patient: {what}"
    add_option(parser, "--group-by COLUMN", groups)


def questions(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return what `add_questions` asked, as the arguments of `headstart.evaluate`."""
    asked = ("against", "at_recall", "at_precision", "by", "group_by")
    return {name: getattr(arguments, name) for name in asked}


def run(arguments: argparse.Namespace) -> int:
    """Print the figures; return 1 if an image was unreadable."""
    dataset, features = READING.settings(arguments), FEATURES.settings(arguments)
    network = PREDICTING.settings(arguments, backbone=arguments.model)
    asked = questions(arguments)
    if arguments.against is not None:
        # The permission is for both; the rest is about MODEL.
        permitted = network.allow_non_commercial
        asked["against"] = NetworkSpec(arguments.against, allow_non_commercial=permitted)
    from headstart.data.output_places import refuse_among_images
    from headstart.evaluation.drawing_check import check_drawing
    from headstart.jobs.evaluate import draw_evaluation, evaluate
    from headstart.storage.disk import check_room

    if arguments.plots:
        refuse_among_images(arguments.plots, [arguments.folder], "Plots")
        check_room(arguments.plots, 1_000_000, "the plots")
        check_drawing()
    evaluation = evaluate(
        network,
        arguments.folder,
        dataset=dataset,
        workers=features.workers,
        device=features.device,
        accept_truncated=features.accept_truncated,
        **asked,
        progress=progress(arguments),
    )
    # First: a plot that can't be drawn is no reason to lose the figures.
    print_result(evaluation, as_json=arguments.json)
    if arguments.plots:
        draw_evaluation(evaluation, arguments.plots, curves=True)
    return int(bool(evaluation.errors))
