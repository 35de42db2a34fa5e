"""``headstart augment``: draw the random views that a training would see."""

import argparse
from typing import TYPE_CHECKING

from headstart.augmentation.settings import Augmentation
from headstart.cli import options
from headstart.cli.parser import CommandParser, add_option, progress
from headstart.progress import Bars

if TYPE_CHECKING:
    from collections.abc import Sequence

    from headstart.images.sources import ImageSource

USAGE = "PATH... --out FILE.png [options]"

DESCRIPTION = """\
Draw images, each beside random views of it, as a training sees them. 'pretrain' and 'train
--fine-tune' take the same settings.

PATH is an image, a folder or a pattern such as 'photos/*.jpg'."""

EPILOG = """\
Can you still tell what each view shows? Then a network can learn from it. Do
not mirror letters, do not change the colours of ripe and unripe fruit, and do
not crop away small things.

examples:
  headstart augment photos/ --out views.png
  headstart augment photos/ --out views.png --crop 0.6 --rotation 15
  headstart augment letters/ --out views.png --no-flip
  headstart augment cells/ --out views.png --rotation 180 --vertical-flip"""

VIEWS = options.view_flags(Augmentation())


def add_arguments(parser: CommandParser) -> None:
    """Add what may stand after the command's name."""
    parser.add_positional("paths", "PATH", type=options.path_text, nargs="+")
    add_option(parser, "--out FILE.png", "the sheet to draw", options.png, required=True)
    n_images = "how many images to draw, taken evenly from all of them"
    add_option(parser, "--images N", n_images, options.positive, 6)
    add_option(parser, "--views N", "how many views to draw of each image", options.positive, 7)
    add_option(parser, "--size PIXELS", "height and width of a view", options.positive, 224)
    add_option(parser, "--seed N", "the seed of the random views", options.seed, 0)
    VIEWS.add(parser.add_argument_group(options.VIEWS))


def run(arguments: argparse.Namespace) -> int:
    """Draw the sheet; return 1 if an image was unreadable."""
    from headstart.augmentation.preview import draw_augmented
    from headstart.data.discovery import find_images
    from headstart.data.output_places import refuse_among_images

    refuse_among_images(arguments.out, arguments.paths, "The sheet")
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
    for image in unreadable:
        Bars().say(f"headstart: {image.error}")
    n = len(sources) - len(unreadable)
    progress(arguments).say(
        f"{arguments.out}: {n} images, {arguments.views} views each: {augmentation.in_words()}."
    )
    return int(bool(unreadable))


def _spread(sources: "Sequence[ImageSource]", at_most: int) -> "list[ImageSource]":
    """Return up to `at_most` images, evenly spaced, so that each folder has its part."""
    n = min(len(sources), at_most)
    return [sources[place * len(sources) // n] for place in range(n)]
