"""Arguments that say how a network is fine-tuned."""

from __future__ import annotations

import argparse
from typing import Any

from headstart.augmentation.settings import Augmentation
from headstart.cli import options
from headstart.cli.heads import LOSSES, MONITORS, OPTIMIZERS, number_or_none, rate, share
from headstart.errors import UsageError

VIEWS = options.view_flags(Augmentation.gentle())
# What is not given is not set, so that the defaults are `FineTuning`'s own.
_NOT_SET = argparse.SUPPRESS

#: The setting of `FineTuning` that each flag stands for.
FLAGS = {
    "epochs": "--epochs",
    "batch_size": "--batch-size",
    "optimizer": "--optimizer",
    "learning_rate": "--learning-rate",
    "layer_decay": "--layer-decay",
    "weight_decay": "--weight-decay",
    "loss": "--loss",
    "label_smoothing": "--label-smoothing",
    "dropout": "--tune-dropout",
    "views": "--views",
    "view_size": "--tune-size",
    "mixup": "--mixup",
    "cutmix": "--cutmix",
    "validation": "--validation",
    "patience": "--patience",
    "monitor": "--monitor",
    "wise_ft": "--wise-ft",
    "store_limit": "--store-limit",
}


def add_fine_tuning(parser: argparse.ArgumentParser) -> None:
    """Add ``--fine-tune`` and its settings."""
    group = parser.add_argument_group(
        "fine-tuning",
        "train the upper layers of the network, too, by Keras (extra 'finetune'); what comes of it "
        "is kept only if it is better than the frozen network",
    )
    group.add_argument(
        "--fine-tune",
        nargs="?",
        const="last-stage",
        metavar="WHERE",
        help="from which layer on: 'last-stage' (quick; if nothing is said), 'all', the name of a "
        "layer or block, the number of a layer, or below zero so many layers from the end",
    )
    group.add_argument(
        "--restart", action="store_true", help="begin anew, whatever was begun before"
    )
    _add_course(group)
    _add_learning(group)
    _add_judging(group)
    views = parser.add_argument_group(f"fine-tuning: {options.VIEWS}")
    VIEWS.add(views)


def _add_course(group: argparse._ArgumentGroup) -> None:
    _add(group, "epochs", type=options.positive, metavar="N", help="(default: 20)")
    _add(group, "batch_size", type=options.positive, metavar="N", help="(default: 32)")
    _add(group, "optimizer", choices=OPTIMIZERS, help="(default: adam)")
    _add(group, "learning_rate", type=rate, metavar="RATE", help="the highest (default: 0.0001)")
    _add(
        group,
        "layer_decay",
        type=float,
        metavar="FACTOR",
        help="of the learning rate, from each layer to the one below it (default: 1)",
    )
    _add(group, "weight_decay", type=float, metavar="FACTOR", help="(default: Keras's own)")


def _add_learning(group: argparse._ArgumentGroup) -> None:
    _add(group, "loss", choices=LOSSES, help="(default: categorical_crossentropy)")
    _add(group, "label_smoothing", type=share, metavar="SHARE", help="(default: 0)")
    _add(
        group,
        "dropout",
        type=share,
        metavar="SHARE",
        help="of what the last layer sees (default: as the head was trained, else 0.5)",
    )
    _add(
        group,
        "views",
        type=int,
        metavar="N",
        help="of each picture, kept at the freeze point; 0 = each look is a new one, and costs the "
        "whole network (default: 8)",
    )
    _add(
        group,
        "view_size",
        type=options.positive,
        metavar="PIXELS",
        help="of the views to learn from, at most the network's own: less takes less time, and may "
        "even be better; with 'all' or --views 0 (default: the network's own)",
    )
    _add(group, "mixup", type=float, metavar="ALPHA", help="blend pictures (default: 0)")
    _add(group, "cutmix", type=float, metavar="ALPHA", help="cut pictures together (default: 0)")


def _add_judging(group: argparse._ArgumentGroup) -> None:
    _add(
        group,
        "validation",
        type=fraction_or_folds,
        metavar="SHARE|FOLDS",
        help="what decides about epochs and networks: a share of the training pictures, or a "
        "number of folds (default: 5 folds of up to 2,000 pictures where not everything learns, "
        "else 0.1)",
    )
    _add(
        group,
        "patience",
        type=number_or_none,
        metavar="N",
        help="epochs in a row without an improvement that end it (default: none)",
    )
    _add(
        group,
        "monitor",
        choices=MONITORS,
        help="what the epoch is best in that is taken (default: val_accuracy)",
    )
    _add(
        group,
        "wise_ft",
        type=float,
        metavar="SHARE",
        help="of the fine-tuned weights in the result, the rest being those before (default: 1)",
    )
    _add(
        group,
        "store_limit",
        type=gibibytes,
        metavar="GIB",
        help="what the views may take on disk, at most (default: 4)",
    )


def _add(group: argparse._ArgumentGroup, setting: str, **how: Any) -> None:  # noqa: ANN401
    group.add_argument(FLAGS[setting], dest=_dest(setting), default=_NOT_SET, **how)


def _dest(setting: str) -> str:
    return f"tune_{setting}"


def settle_fine_tuning(arguments: argparse.Namespace, precision: str) -> dict[str, Any] | None:
    """Return the settings of `fine_tune` that were asked for; None if it was not.

    Raises
    ------
    UsageError
        If settings are given, but no ``--fine-tune``.
    """
    given = {
        setting: getattr(arguments, _dest(setting))
        for setting in FLAGS
        if hasattr(arguments, _dest(setting))
    }
    views = VIEWS.flags_given(arguments)
    if arguments.fine_tune is not None:
        return {
            "where": arguments.fine_tune,
            **given,
            **({"augmentation": VIEWS.settings(arguments)} if views else {}),
            "precision": precision,
            "restart": arguments.restart,
            "seed": arguments.seed,
        }
    named = [FLAGS[setting] for setting in given]
    named += views
    named += ["--restart"] if arguments.restart else []
    if named:
        raise UsageError(f"{', '.join(named)} must come with --fine-tune. Received: none.")
    return None


def fraction_or_folds(text: str) -> float | int:
    """Return `text` as a share between 0 and 1, or as a whole number from 2 on."""
    number = float(text)
    if 0 < number < 1:
        return number
    if number != int(number) or number < 2:
        raise argparse.ArgumentTypeError(
            f"must be a share between 0 and 1, or a number of folds from 2 on; received {text}"
        )
    return int(number)


def gibibytes(text: str) -> int:
    """Return `text`, a number of GiB, in bytes."""
    return round(rate(text) * 2**30)
