"""Options that say how a network is fine-tuned."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headstart.cli import options
from headstart.cli.flags import Flags, Kind, must_come_with, real_number
from headstart.finetuning.settings import FineTuning

if TYPE_CHECKING:
    import argparse

    from headstart.cli.parser import CommandParser

DEFAULTS = FineTuning()

_GIBIBYTES = Kind(
    {"metavar": "GIB", "type": real_number},
    convert=lambda gibibytes: round(gibibytes * 2**30),
    show=lambda n: f"{n / 2**30:.3g}",
    help="the largest disk space that the kept views may take, in GiB",
)

FINE_TUNING = Flags(
    DEFAULTS,
    names={"view_size": "--view-size PIXELS"},
    kinds={"store_limit": _GIBIBYTES},
    without={
        "where": "--fine-tune WHERE sets it",
        "augmentation": "the flags of VIEWS set it",
        "precision": "--precision sets it: the network computes in the same before and after",
        "workers": "--workers sets it: threads that read images are meant in both cases",
        "seed": "--seed sets it: one seed for the whole job",
    },
)
VIEWS = options.view_flags(DEFAULTS.augmentation)

#: The settings whose flags ``--help`` shows.
EVERYDAY = ("epochs", "views")


def add_fine_tuning(parser: CommandParser) -> None:
    """Add ``--fine-tune`` and the flags of its settings."""
    point, *more = FINE_TUNING.told("where")
    heading = parser.heading(
        "fine-tuning",
        f"WHERE is {point[:1].lower()}{point[1:]}. {'. '.join(more)}. The fine-tuned network is "
        "kept only if it is better than the frozen one. Needs the extra 'finetune'.",
    )
    heading.everyday.add_argument(
        "--fine-tune",
        nargs="?",
        const=DEFAULTS.where,
        metavar="WHERE",
        help="also train the upper layers of the network, from WHERE on (default of WHERE: "
        f"{DEFAULTS.where})",
    )
    FINE_TUNING.add(heading.everyday, *EVERYDAY)
    options.add_restart(heading)
    FINE_TUNING.add_others(heading, *EVERYDAY)
    VIEWS.add(parser.heading(options.VIEWS, "With --fine-tune only."))


def chosen_fine_tuning(arguments: argparse.Namespace) -> FineTuning | None:
    """Return how the network is to be fine-tuned, or None if it is not.

    Raises
    ------
    UsageError
        If settings are given without ``--fine-tune``, or one is out of its range.
    """
    if arguments.fine_tune is None:
        given = FINE_TUNING.flags_given(arguments) + VIEWS.flags_given(arguments)
        must_come_with("--fine-tune", given + ["--restart"] * arguments.restart)
        return None
    shared = options.FEATURES.given(arguments)
    if shared.get("precision") == "int8":
        del shared["precision"]  # which the whole job refuses, with the reason
    return FINE_TUNING.settings(
        arguments,
        where=arguments.fine_tune,
        augmentation=VIEWS.settings(arguments),
        seed=arguments.seed,
        **{name: shared[name] for name in ("precision", "workers") if name in shared},
    )
