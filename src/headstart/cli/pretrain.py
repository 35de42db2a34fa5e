"""``headstart pretrain``: train a network from scratch, for others to build on."""

import argparse
from pathlib import Path
from typing import get_args

from headstart.augmentation.settings import Augmentation
from headstart.cli import options
from headstart.cli.output import print_result
from headstart.cli.parser import CommandParser
from headstart.features.settings import PrecisionRule
from headstart.progress import Bars

EXAMPLES = """\
the data set is many thousands of labelled pictures: a folder of class folders, or a CSV, JSONL or
parquet file. The result is a backbone: --model DIR takes it wherever a name does.

Killed or interrupted, it goes on from its last checkpoint when it is started again.

examples:
  headstart pretrain animals/ --out animal-net
  headstart pretrain animals/ --out animal-net --teacher mobilenet_v2 --epochs 30
  headstart train my-birds/ --out bird-model --model animal-net"""


VIEWS = options.view_flags(Augmentation())


def make_parser() -> CommandParser:
    """Return the parser of the command."""
    parser = CommandParser(
        "pretrain",
        "DATASET --out DIR [options]",
        "Train a network from scratch on many labelled images. Needs the extra\n"
        "'finetune'; takes hours on an ordinary computer, minutes on a GPU.",
        EXAMPLES,
    )
    parser.add_argument("dataset", type=Path, metavar="DATASET", help="the labelled pictures")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="where to keep the backbone"
    )
    parser.add_argument(
        "--restart", action="store_true", help="begin anew, whatever was begun before"
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of all that is drawn")
    parser.add_argument("--trained-on", metavar="TEXT", help="what the data set is called")
    parser.add_argument(
        "--license", default="not stated", metavar="TEXT", help="licence of the weights"
    )
    options.add_json(parser, "the summary")
    parser.add_argument(
        "--workers",
        type=options.positive,
        default=1,
        metavar="N",
        help="threads that augment images (default: %(default)s)",
    )
    _add_recipe(parser.add_argument_group("recipe"))
    VIEWS.add(parser.add_argument_group(options.VIEWS))
    _add_teacher(parser.add_argument_group("teacher"))
    parser.add_help_options()
    return parser


def _add_recipe(group: "argparse._ArgumentGroup") -> None:
    group.add_argument("--architecture", default="mini", help="the network (default: mini)")
    group.add_argument(
        "--size",
        type=options.positive,
        default=64,
        metavar="PIXELS",
        help="height and width of the pictures (default: 64)",
    )
    group.add_argument("--epochs", type=options.positive, default=16, help="(default: 16)")
    group.add_argument(
        "--batch-size", type=options.positive, default=128, metavar="N", help="(default: 128)"
    )
    group.add_argument(
        "--learning-rate",
        type=float,
        default=0.2,
        metavar="RATE",
        help="the highest; in proportion to the batch size (default: 0.2)",
    )
    group.add_argument(
        "--label-smoothing", type=float, default=0.1, metavar="SHARE", help="(default: 0.1)"
    )
    group.add_argument(
        "--mixup",
        type=float,
        default=0.0,
        metavar="ALPHA",
        help="blend pictures: 0 not at all (the default), 0.2 somewhat, 1 strongly",
    )
    group.add_argument(
        "--precision",
        choices=get_args(PrecisionRule),
        default="auto",
        help="auto trains in bfloat16 on a GPU, which is faster with it (default: auto)",
    )


def _add_teacher(group: "argparse._ArgumentGroup") -> None:
    group.add_argument(
        "--teacher", metavar="NAME", help="a backbone whose features are imitated, beside learning"
    )
    group.add_argument(
        "--teacher-weights", type=Path, metavar="FILE", help="a weights file for the teacher"
    )
    group.add_argument(
        "--teacher-size",
        type=options.positive,
        metavar="PIXELS",
        help="height and width of the teacher's pictures (default: its own)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Train, measure, keep; print the summary."""
    from headstart.backbones.spec import NetworkSpec
    from headstart.pretraining.job import pretrain
    from headstart.pretraining.settings import Pretraining

    teacher, size = arguments.teacher, arguments.teacher_size
    if teacher is not None:
        size = None if size is None else (size, size)
        teacher = NetworkSpec(teacher, weights=arguments.teacher_weights, size=size)
    settings = {
        name: getattr(arguments, name)
        for name in (
            "architecture", "size", "epochs", "batch_size", "learning_rate", "label_smoothing",
            "mixup", "precision", "seed",
        )
    }  # fmt: skip
    summary = pretrain(
        arguments.dataset,
        arguments.out,
        Pretraining(
            **settings,
            augmentation=VIEWS.settings(arguments),
            workers=arguments.workers,
        ),
        teacher=teacher,
        trained_on=arguments.trained_on,
        license=arguments.license,
        restart=arguments.restart,
        progress=Bars(),
    )
    print_result(summary, as_json=arguments.json)
    return 0
