"""``headstart pretrain``: train a backbone from scratch."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from headstart.backbones.spec import NetworkSpec
from headstart.cli import options
from headstart.cli.flags import TEXT, WHOLE, Flags, must_come_with
from headstart.cli.output import print_result
from headstart.cli.parser import CommandParser, add_option, progress
from headstart.pretraining.settings import UNNAMED, Pretraining

if TYPE_CHECKING:
    import argparse

USAGE = "DATASET --out DIR [options]"

DESCRIPTION = f"""\
Train a backbone from scratch on many thousands of labelled images. 'headstart train --model DIR'
builds on it. Needs the extra 'finetune'; takes hours on an ordinary
computer, minutes on a GPU. After an interruption, the same command continues from the last
checkpoint.

DATASET {options.DATASET}."""

EPILOG = """\
examples:
  headstart pretrain animals/ --out animal-net
  headstart pretrain animals/ --out animal-net --teacher mobilenet_v2
  headstart train my-birds/ --out bird-model --model animal-net"""

DEFAULTS = Pretraining()
EVERYDAY = ("epochs", "size", "seed")

PRETRAINING = Flags(
    DEFAULTS,
    names={"size": "--size PIXELS", "teacher_weight": "--teacher-loss-weight X"},
    kinds={"seed": replace(WHOLE, how={"metavar": "N", "type": options.seed})},
    without={"augmentation": "the flags of VIEWS set it"},
)
VIEWS = options.view_flags(DEFAULTS.augmentation)

_AS_TRAINED = "a teacher's features are those that it was trained with"
TEACHER = Flags(
    NetworkSpec(),
    prefix="teacher-",
    names={
        "backbone": "--teacher NAME",
        "weights": "--teacher-weights FILE",
        "preprocessing": "--teacher-preprocessing NAME",
    },
    kinds={
        "backbone": replace(
            TEXT,
            show=lambda _: "none",
            help="a backbone whose features the network learns to imitate: its name or folder",
        ),
        "size": options.SQUARE,
    },
    without={"layer": _AS_TRAINED, "pooling": _AS_TRAINED, "mirror": _AS_TRAINED},
)


def add_arguments(parser: CommandParser) -> None:
    """Add what may stand after the command's name."""
    parser.add_positional("dataset", "DATASET", type=options.path)
    add_option(parser, "--out DIR", "where to save the backbone", options.path, required=True)
    options.add_restart(parser)
    PRETRAINING.add(parser, *EVERYDAY)
    TEACHER.add(parser, "backbone")
    add_option(parser, "--trained-on TEXT", "the name of the dataset", default=UNNAMED)
    add_option(parser, "--license TEXT", "the licence of the weights", default="not stated")
    options.add_json(parser, "the summary")
    options.add_reading(parser)
    PRETRAINING.add_others(parser.heading("training"), *EVERYDAY)
    TEACHER.add_others(parser.heading("teacher"), "backbone")
    VIEWS.add(parser.heading(options.VIEWS))


def run(arguments: argparse.Namespace) -> int:
    """Train, measure and save; print the summary."""
    settings = PRETRAINING.settings(arguments, augmentation=VIEWS.settings(arguments))
    dataset, teacher = options.READING.settings(arguments), _chosen_teacher(arguments)
    from headstart.pretraining.job import pretrain

    summary = pretrain(
        arguments.dataset,
        arguments.out,
        settings,
        reading=dataset,
        teacher=teacher,
        trained_on=arguments.trained_on,
        license=arguments.license,
        restart=arguments.restart,
        progress=progress(arguments),
    )
    print_result(summary, as_json=arguments.json)
    return 0


def _chosen_teacher(arguments: argparse.Namespace) -> NetworkSpec | None:
    if "backbone" in TEACHER.given(arguments):
        return TEACHER.settings(arguments)
    must_come_with(TEACHER.flag("backbone"), TEACHER.flags_given(arguments))
    return None
