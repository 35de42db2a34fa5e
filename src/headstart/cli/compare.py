"""``headstart compare``: which backbone, resize rule and head fit a dataset."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from headstart.cli import options
from headstart.cli.flags import Flags
from headstart.cli.options import FEATURES, NETWORK, READING
from headstart.cli.output import print_result
from headstart.cli.parser import CommandParser, add_option, progress
from headstart.comparing.settings import ComparisonSettings

if TYPE_CHECKING:
    import argparse

USAGE = "FOLDER [options]"

DESCRIPTION = f"""\
Compare backbones, resize rules and heads by cross-validation on some of the labelled images. Say
which fit best, and how long each network takes. FOLDER {options.DATASET}; its test images are not
used."""

EPILOG = """\
examples:
  headstart compare birds/
  headstart compare birds/ --backbones mini resnet50 --budget 30s"""

COMPARISON = Flags(ComparisonSettings(), kinds={"budget": options.BUDGET})


def add_arguments(parser: CommandParser) -> None:
    """Add what may stand after the command's name."""
    parser.add_positional("folder", "FOLDER", type=options.path)
    named = "names or folders of backbones (default: those whose weights are on this computer)"
    add_option(parser, "--backbones NAME", named, options.path_text, nargs="+")
    COMPARISON.add(parser)
    add_option(parser, "--seed N", "the seed of everything random", options.seed, 0)
    options.add_json(parser, "the comparison")
    options.add_reading(parser)
    network = parser.heading("network", "Of all backbones.")
    NETWORK.add_others(network, "backbone")
    FEATURES.add_others(network, "resize")


def run(arguments: argparse.Namespace) -> int:
    """Compare, and print the table."""
    dataset, features = READING.settings(arguments), FEATURES.settings(arguments)
    settings, network = COMPARISON.settings(arguments), NETWORK.settings(arguments)
    from headstart.jobs.compare import compare

    comparison = compare(
        arguments.folder,
        arguments.backbones,
        **asdict(settings),
        **network.asked,
        **{name: value for name, value in asdict(features).items() if name != "resize"},
        dataset=dataset,
        seed=arguments.seed,
        progress=progress(arguments),
    )
    print_result(comparison, as_json=arguments.json)
    return 0
