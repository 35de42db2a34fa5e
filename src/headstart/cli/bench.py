"""``headstart bench``: how long backbones take for an image on this machine."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from headstart.cli import options
from headstart.cli.flags import Flags
from headstart.cli.options import NETWORK
from headstart.cli.output import print_result
from headstart.cli.parser import CommandParser, add_option, progress
from headstart.features.settings import FeatureSettings

if TYPE_CHECKING:
    import argparse

USAGE = "[NAME...] [options]"

DESCRIPTION = """\
Measure how long backbones take for an image on this machine: the network alone, and all of it from
the file to the features. Beside that stand published accuracy, size and licence.

NAME is the name, file, handle or folder of a backbone. Without one, all whose weights are on this
computer are measured, and those that were added."""

EPILOG = """\
examples:
  headstart bench
  headstart bench mini mobilenet_v2 --images photos/"""

FEATURES = Flags(
    FeatureSettings(precision="f32", device="cpu"),
    kinds={"workers": options.WORKERS},
    without={
        "cache": "what is kept takes no time",
        "resize": "each network has its own rule",
        "accept_truncated": "images that are cut short are no measure",
    },
)


def add_arguments(parser: CommandParser) -> None:
    """Add what may stand after the command's name."""
    parser.add_positional("names", "NAME", type=options.path_text, nargs="*")
    images = "an image or a folder of them, to be read (default: the photo of the demo)"
    add_option(parser, "--images FOLDER", images, options.path)
    options.add_json(parser, "the times")
    FEATURES.add(parser)
    NETWORK.add_others(parser.heading("network", "Of all backbones."), "backbone")


def run(arguments: argparse.Namespace) -> int:
    """Measure, and print the table."""
    features, network = FEATURES.settings(arguments), NETWORK.settings(arguments)
    from headstart.jobs.bench import bench

    found = bench(
        arguments.names or None,
        images=arguments.images,
        **network.asked,
        **{name: value for name, value in asdict(features).items() if name not in FEATURES.without},
        progress=progress(arguments),
    )
    print_result(found, as_json=arguments.json)
    return 0
