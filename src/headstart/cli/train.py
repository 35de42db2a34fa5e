"""``headstart train``: learn your own classes from a folder of images."""

import argparse
from pathlib import Path

from headstart.cli import finetuning, heads, options
from headstart.cli.options import FEATURES, NETWORK
from headstart.cli.output import print_result
from headstart.cli.parser import CommandParser
from headstart.progress import Bars

EXAMPLES = """\
the folder holds one folder for each class (vehicles/rickshaw/*.jpg, vehicles/tanga/*.jpg, ...), or
train/ and test/ folders of such; a CSV, JSONL or parquet file with labels does too.

examples:
  headstart train vehicles/ --out my-model
  headstart train birds/ --out birds-model --model resnet50 --test-folder birds-2025/
  headstart train birds/ --out birds-model --model vgg16 --pooling flatten --head dense --units 256
  headstart train birds/ --out birds-model --fine-tune
  headstart train birds/ --out birds-model --fine-tune all --epochs 12 --batch-size 64
  headstart predict new-photos/ --model my-model"""


def make_parser() -> CommandParser:
    """Return the parser of the command."""
    parser = CommandParser(
        "train",
        "FOLDER --out DIR [options]",
        "Learn your own classes from labelled images, and test on some of them.",
        EXAMPLES,
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="the labelled images")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="where to save the model"
    )
    parser.add_argument(
        "--overwrite", action="store_true", help="replace the saved model that is in DIR"
    )
    testing = parser.add_mutually_exclusive_group()
    testing.add_argument(
        "--test",
        type=options.fraction,
        default=None,
        metavar="FRACTION",
        help="share of the images kept out of training to test on (default: 0.2; "
        "the folder's own test part where it has one)",
    )
    testing.add_argument(
        "--test-folder", type=Path, metavar="FOLDER", help="labelled images to test on"
    )
    parser.add_argument(
        "--seed", type=int, default=0, help="seed of the split and the head (default: 0)"
    )
    NETWORK.add(parser, "backbone")
    heads.add_head(parser)
    finetuning.add_fine_tuning(parser)
    options.add_json(parser, "the summary")
    network = parser.heading("network")
    NETWORK.add_others(network, "backbone")
    FEATURES.add(network)
    parser.add_help_options()
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Train, test, save; print the summary."""
    from headstart.jobs.train import train

    network, features = NETWORK.settings(arguments), FEATURES.settings(arguments)
    summary = train(
        arguments.folder,
        arguments.out,
        backbone=str(network.backbone),
        weights=network.weights,
        size=network.size,
        layer=network.layer,
        pooling=network.pooling,
        mirror=network.mirror,
        resize=features.resize,
        precision=features.precision,
        workers=features.workers,
        test=arguments.test_folder or arguments.test,
        seed=arguments.seed,
        head=heads.settle_head(arguments),
        overwrite=arguments.overwrite,
        fine_tune=finetuning.settle_fine_tuning(arguments, features.precision),
        progress=Bars(),
    )
    print_result(summary, as_json=arguments.json)
    return 0
