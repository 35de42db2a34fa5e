"""``headstart pretrain``: train a network from scratch, for others to build on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from headstart.backbones.spec import NetworkSpec
from headstart.cli import finetuning, options
from headstart.cli.flags import TEXT, Flags, must_come_with
from headstart.cli.output import print_result
from headstart.cli.parser import CommandParser
from headstart.pretraining.settings import Pretraining
from headstart.progress import Bars

if TYPE_CHECKING:
    import argparse

EXAMPLES = """\
examples:
  headstart pretrain animals/ --out animal-net
  headstart pretrain animals/ --out animal-net --teacher mobilenet_v2
  headstart train my-birds/ --out bird-model --model animal-net"""

DEFAULTS = Pretraining()
EVERYDAY = ("epochs", "size", "seed")

PRETRAINING = Flags(
    DEFAULTS,
    names={"size": "--size PIXELS", "teacher_weight": "--teacher-loss-weight X"},
    without={"augmentation": "the flags of VIEWS set it"},
)
VIEWS = options.view_flags(DEFAULTS.augmentation)

_AS_TRAINED = "a teacher's features are those that it was trained with"
TEACHER = Flags(
    NetworkSpec(),
    prefix="teacher-",
    names={"backbone": "--teacher NAME", "weights": "--teacher-weights FILE"},
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


def make_parser() -> CommandParser:
    """Return the parser of the command."""
    parser = CommandParser(
        "pretrain",
        "DATASET --out DIR [options]",
        "Train a network from scratch on many thousands of labelled images. The result is a "
        "backbone: 'headstart train --model DIR' builds on it. Needs the extra 'finetune'; takes "
        "hours on an ordinary computer, minutes on a GPU. After an interruption, the same command "
        "continues from the last checkpoint.\n\n"
        f"DATASET {options.DATASET}.",
        EXAMPLES,
    )
    parser.add_positional("dataset", "DATASET", type=Path)
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="where to save the backbone"
    )
    finetuning.add_restart(parser)
    PRETRAINING.add(parser, *EVERYDAY)
    TEACHER.add(parser, "backbone")
    parser.add_argument(
        "--trained-on", metavar="TEXT", help="the name of the dataset (default: that of its folder)"
    )
    parser.add_argument(
        "--license",
        default="not stated",
        metavar="TEXT",
        help="the licence of the weights (default: %(default)s)",
    )
    options.add_json(parser, "the summary")
    PRETRAINING.add_others(parser.heading("training"), *EVERYDAY)
    TEACHER.add_others(parser.heading("teacher"), "backbone")
    VIEWS.add(parser.heading(options.VIEWS))
    parser.add_help_options()
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Train, measure and save; print the summary."""
    settings = PRETRAINING.settings(arguments, augmentation=VIEWS.settings(arguments))
    teacher = _chosen_teacher(arguments)
    from headstart.pretraining.job import pretrain

    summary = pretrain(
        arguments.dataset,
        arguments.out,
        settings,
        teacher=teacher,
        trained_on=arguments.trained_on,
        license=arguments.license,
        restart=arguments.restart,
        progress=Bars(),
    )
    print_result(summary, as_json=arguments.json)
    return 0


def _chosen_teacher(arguments: argparse.Namespace) -> NetworkSpec | None:
    if "backbone" in TEACHER.given(arguments):
        return TEACHER.settings(arguments)
    must_come_with(TEACHER.flag("backbone"), TEACHER.flags_given(arguments))
    return None
