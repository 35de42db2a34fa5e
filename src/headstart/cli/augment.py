"""``headstart augment``: look at the random views that a training would see."""

import argparse
from typing import TYPE_CHECKING

from headstart.augmentation.settings import Augmentation
from headstart.cli import options
from headstart.cli.parser import CommandParser
from headstart.progress import Bars

if TYPE_CHECKING:
    from collections.abc import Sequence

    from headstart.data import ImageSource

EXAMPLES = """\
Can you still tell what each view shows? Then a network can learn it. Letters must not be mirrored,
ripe and unripe fruit must keep their colours, and small things must not be cropped away.

examples:
  headstart augment photos/ --out views.png
  headstart augment photos/ --out views.png --crop 0.6 --rotation 15 --colour 0.1
  headstart augment letters/ --out views.png --no-flip
  headstart augment cells/ --out views.png --rotation 180 --vertical-flip"""


def make_parser() -> CommandParser:
    """Return the parser of the command."""
    parser = CommandParser(
        "augment",
        "PATH... --out FILE.png [options]",
        "Draw images, each beside random views of it, as a training sees them.\n"
        "'train --fine-tune' and 'pretrain' take the same settings.",
        EXAMPLES,
    )
    parser.add_argument("paths", nargs="+", metavar="PATH", help="pictures, folders or globs")
    parser.add_argument(
        "--out", type=options.png, required=True, metavar="FILE.png", help="the sheet to draw"
    )
    parser.add_argument(
        "--pictures",
        type=options.positive,
        default=6,
        metavar="N",
        help="of more, so many, evenly spread (default: 6)",
    )
    parser.add_argument(
        "--views", type=options.positive, default=7, metavar="N", help="of each (default: 7)"
    )
    parser.add_argument(
        "--size",
        type=options.positive,
        default=224,
        metavar="PIXELS",
        help="height and width of a view (default: 224)",
    )
    parser.add_argument("--seed", type=int, default=0, help="another one, other views (default: 0)")
    options.add_augmentation(parser.add_argument_group(options.VIEWS), Augmentation())
    parser.add_help_options()
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Draw the sheet; return 1 if a picture can't be read."""
    from headstart.augmentation.preview import draw_augmented
    from headstart.data import find_images

    augmentation = options.augmentation_from(arguments)
    sources = _spread(find_images(arguments.paths).sources, arguments.pictures)
    broken = draw_augmented(
        arguments.out,
        sources,
        augmentation,
        arguments.size,
        views=arguments.views,
        seed=arguments.seed,
    )
    for picture in broken:
        Bars().say(str(picture.error))
    n = len(sources) - len(broken)
    Bars().say(
        f"{arguments.out}: {n} pictures, {arguments.views} views each: {augmentation.in_words()}."
    )
    return int(bool(broken))


def _spread(sources: "Sequence[ImageSource]", at_most: int) -> "list[ImageSource]":
    """Return so many of them, as far apart as can be: some of each folder."""
    n = min(len(sources), at_most)
    return [sources[place * len(sources) // n] for place in range(n)]
