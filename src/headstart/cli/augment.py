"""``headstart augment``: draw the random views that a training would see."""

import argparse
from typing import TYPE_CHECKING

from headstart.augmentation.settings import Augmentation
from headstart.cli import options
from headstart.cli.flags import whole_number
from headstart.cli.parser import CommandParser
from headstart.progress import Bars

if TYPE_CHECKING:
    from collections.abc import Sequence

    from headstart.data import ImageSource

EXAMPLES = """\
Can you still tell what each view shows? Then a network can learn from it. Do
not mirror letters, do not change the colours of ripe and unripe fruit, and do
not crop away small things.

examples:
  headstart augment photos/ --out views.png
  headstart augment photos/ --out views.png --crop 0.6 --rotation 15
  headstart augment letters/ --out views.png --no-flip
  headstart augment cells/ --out views.png --rotation 180 --vertical-flip"""

VIEWS = options.view_flags(Augmentation())


def make_parser() -> CommandParser:
    """Return the parser of the command."""
    parser = CommandParser(
        "augment",
        "PATH... --out FILE.png [options]",
        "Draw images, each beside random views of it, as a training sees them. 'pretrain' and "
        "'train --fine-tune' take the same settings.\n\n"
        "PATH is an image, a folder or a pattern such as 'photos/*.jpg'.",
        EXAMPLES,
    )
    parser.add_positional("paths", "PATH", nargs="+")
    parser.add_argument(
        "--out", type=options.png, required=True, metavar="FILE.png", help="the sheet to draw"
    )
    parser.add_argument(
        "--images",
        type=options.positive,
        default=6,
        metavar="N",
        help="how many images to draw, taken evenly from all of them (default: %(default)s)",
    )
    parser.add_argument(
        "--views",
        type=options.positive,
        default=7,
        metavar="N",
        help="how many views to draw of each image (default: %(default)s)",
    )
    parser.add_argument(
        "--size",
        type=options.positive,
        default=224,
        metavar="PIXELS",
        help="height and width of a view (default: %(default)s)",
    )
    parser.add_argument(
        "--seed",
        type=whole_number,
        default=0,
        metavar="N",
        help="the seed of the random views (default: %(default)s)",
    )
    VIEWS.add(parser.add_argument_group(options.VIEWS))
    parser.add_help_options()
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Draw the sheet; return 1 if an image was unreadable."""
    from headstart.augmentation.preview import draw_augmented
    from headstart.data import find_images

    augmentation = VIEWS.settings(arguments)
    sources = _spread(find_images(arguments.paths).sources, arguments.images)
    unreadable = draw_augmented(
        arguments.out,
        sources,
        augmentation,
        arguments.size,
        views=arguments.views,
        seed=arguments.seed,
    )
    progress = Bars()
    for image in unreadable:
        progress.say(str(image.error))
    n = len(sources) - len(unreadable)
    progress.say(
        f"{arguments.out}: {n} images, {arguments.views} views each: {augmentation.in_words()}."
    )
    return int(bool(unreadable))


def _spread(sources: "Sequence[ImageSource]", at_most: int) -> "list[ImageSource]":
    """Return at most so many images, evenly spaced, so that each folder has its part."""
    n = min(len(sources), at_most)
    return [sources[place * len(sources) // n] for place in range(n)]
