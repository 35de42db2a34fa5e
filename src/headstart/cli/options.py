"""Arguments that several commands share."""

import argparse
from pathlib import Path

from headstart.augmentation.settings import Augmentation

RESIZE_RULES = ("auto", "crop", "squash", "pad", "keras")
PRECISIONS = ("auto", "f32", "bf16")

#: What the group of `add_augmentation` is called.
VIEWS = "what is done to a picture each time it is looked at"
# How often a picture is mirrored that may be.
_OFTEN = 0.5


def add_network(parser: argparse.ArgumentParser, *, what: str) -> None:
    """Add ``--model``, ``--weights``, ``--resize``, ``--precision``."""
    group = parser.add_argument_group("network")
    group.add_argument(
        "--model",
        default="auto",
        metavar="NAME",
        help=f"{what}; auto = the best quick network whose weights are at hand, else mobilenet_v2, "
        "downloaded (14 MB), else, and that is said, mini, which is part of headstart "
        "(default: auto)",
    )
    group.add_argument(
        "--weights",
        type=Path,
        metavar="FILE",
        help="a weights file, instead of those found or downloaded",
    )
    group.add_argument(
        "--resize",
        choices=RESIZE_RULES,
        default="auto",
        help="how a picture is brought to the network's size: auto = the model's own rule; "
        "keras = as keras.utils.load_img(target_size=...) does (default: auto)",
    )
    group.add_argument(
        "--precision",
        choices=PRECISIONS,
        default="auto",
        help="auto measures bfloat16 on some of your pictures, and takes it only if it agrees with "
        "float32 (default: auto)",
    )


def add_json(parser: argparse.ArgumentParser, what: str) -> None:
    """Add ``--json``."""
    parser.add_argument("--json", action="store_true", help=f"print {what} as JSON")


def add_workers(parser: argparse.ArgumentParser) -> None:
    """Add ``--workers``."""
    parser.add_argument(
        "--workers",
        type=positive,
        metavar="N",
        help="threads that read pictures (default: one a processor)",
    )


def add_augmentation(group: "argparse._ArgumentGroup", defaults: Augmentation) -> None:
    """Add ``--crop``, ``--aspect``, ``--rotation``, ``--flip``, ``--vertical-flip``, ``--colour``.

    Parameters
    ----------
    group : argument group
    defaults : Augmentation
        What happens where nothing is said.
    """

    def add_number(flag: str, metavar: str, default: float, what: str) -> None:
        group.add_argument(
            flag,
            type=float,
            default=default,
            metavar=metavar,
            help=f"{what} (default: {default:.3g})",
        )

    def add_switch(flag: str, default: bool, what: str) -> None:
        group.add_argument(
            flag,
            action=argparse.BooleanOptionalAction,
            default=default,
            help=f"{what} (default: {'yes' if default else 'no'})",
        )

    least, _ = defaults.crop
    add_number("--crop", "SHARE", least, "the least share of its area that is kept; 1 for all")
    add_number("--aspect", "TIMES", defaults.aspect, "so much wider or higher it may become")
    add_number("--rotation", "DEGREES", defaults.rotation, "how far it is turned, either way")
    add_switch(
        "--flip",
        defaults.flip > 0,
        "mirror it, half of the time; not for letters, and whatever else has a left and a right",
    )
    add_switch(
        "--vertical-flip",
        defaults.vertical_flip > 0,
        "put it upside down, half of the time: for what has no upside, as under a microscope",
    )
    add_number(
        "--colour", "SHARE", defaults.colour, "how much brightness, contrast and saturation change"
    )


def augmentation_from(arguments: argparse.Namespace) -> Augmentation:
    """Return what the arguments of `add_augmentation` ask for.

    Raises
    ------
    UsageError
        If a value is out of its range.
    """
    return Augmentation(
        crop=(arguments.crop, 1.0),
        aspect=arguments.aspect,
        rotation=arguments.rotation,
        flip=_OFTEN * arguments.flip,
        vertical_flip=_OFTEN * arguments.vertical_flip,
        colour=arguments.colour,
    )


def positive(text: str) -> int:
    """Return `text` as a whole number of at least 1."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1; received {number}")
    return number


def png(text: str) -> Path:
    """Return `text` as the path of a picture to write."""
    if not text.lower().endswith(".png"):
        raise argparse.ArgumentTypeError(f"must end in .png; received {text}")
    return Path(text)


def fraction(text: str) -> float:
    """Return `text` as a number between 0 and 1, both excluded."""
    number = float(text)
    if not 0 < number < 1:
        raise argparse.ArgumentTypeError(f"must be between 0 and 1, like 0.2; received {number}")
    return number
