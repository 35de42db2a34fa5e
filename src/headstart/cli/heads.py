"""Arguments that say what is trained on a network's features."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from headstart.cli import options
from headstart.errors import UsageError

if TYPE_CHECKING:
    from headstart.heads.base import Head

HEADS = ("logistic", "ridge", "nearest_mean", "knn", "dense")
ACTIVATIONS = ("relu", "elu", "silu", "sigmoid", "tanh")
OPTIMIZERS = ("adam", "adamw", "rmsprop", "sgd")
LOSSES = ("categorical_crossentropy", "binary_crossentropy")
MONITORS = ("val_loss", "val_accuracy")

# What is not given is not set, so that the defaults are `DenseHead`'s own.
_NOT_SET = argparse.SUPPRESS

#: The setting of `DenseHead` that each flag stands for.
FLAGS = {
    "units": "--units",
    "activation": "--activation",
    "dropout": "--dropout",
    "batch_normalization": "--no-batch-normalization",
    "optimizer": "--head-optimizer",
    "learning_rate": "--head-learning-rate",
    "loss": "--head-loss",
    "monitor": "--head-monitor",
    "epochs": "--head-epochs",
    "patience": "--head-patience",
    "batch_size": "--head-batch-size",
    "validation": "--head-validation",
}


def add_head(parser: argparse.ArgumentParser) -> None:
    """Add ``--head`` and the settings of the dense head."""
    parser.add_argument(
        "--head",
        choices=HEADS,
        default="logistic",
        help="what is trained on the network's features (default: logistic)",
    )
    group = parser.add_argument_group("head", "of --head dense: hidden layers, trained by Keras")
    _add_layers(group)
    _add_training(group)


def _add_layers(group: argparse._ArgumentGroup) -> None:
    _add(
        group,
        "units",
        type=options.positive,
        nargs="*",
        metavar="N",
        help="width of each hidden layer (default: one of 256)",
    )
    _add(group, "activation", choices=ACTIVATIONS, help="of the hidden layers (default: relu)")
    _add(
        group,
        "dropout",
        type=share,
        metavar="SHARE",
        help="of a hidden layer's outputs, while it is trained (default: 0.5)",
    )
    _add(
        group,
        "batch_normalization",
        action="store_const",
        const=False,
        help="do not normalise the inputs of each layer",
    )


def _add_training(group: argparse._ArgumentGroup) -> None:
    _add(group, "optimizer", choices=OPTIMIZERS, help="(default: adam)")
    _add(group, "learning_rate", type=rate, metavar="RATE", help="(default: 0.001)")
    _add(group, "loss", choices=LOSSES, help="(default: categorical_crossentropy)")
    _add(
        group,
        "monitor",
        choices=MONITORS,
        help="what the epoch is best in that is taken (default: val_loss)",
    )
    _add(group, "epochs", type=options.positive, metavar="N", help="at most (default: 100)")
    _add(
        group,
        "patience",
        type=number_or_none,
        metavar="N",
        help="epochs in a row without an improvement that end it; 'none' trains all (default: 10)",
    )
    _add(group, "batch_size", type=options.positive, metavar="N", help="(default: 32)")
    _add(
        group,
        "validation",
        type=share,
        metavar="SHARE",
        help="of the training pictures, kept out to find the best epoch; 0 takes the last one "
        "(default: 0.1)",
    )


def _add(group: argparse._ArgumentGroup, setting: str, **how: Any) -> None:  # noqa: ANN401
    group.add_argument(FLAGS[setting], dest=_dest(setting), default=_NOT_SET, **how)


def _dest(setting: str) -> str:
    return f"head_{setting}"


def settle_head(arguments: argparse.Namespace) -> str | Head:
    """Return the head that was asked for, as `ImageClassifier` takes it.

    Raises
    ------
    UsageError
        If settings are given that the head does not have.
    """
    given = {
        setting: getattr(arguments, _dest(setting))
        for setting in FLAGS
        if hasattr(arguments, _dest(setting))
    }
    if not given:
        return str(arguments.head)
    if arguments.head != "dense":
        raise UsageError(
            f"{', '.join(FLAGS[setting] for setting in given)} must come with --head dense, the "
            f"only head with such settings. Received: --head {arguments.head}."
        )
    from headstart.heads.dense import DenseHead

    return DenseHead(**given, random_state=arguments.seed)


def share(text: str) -> float:
    """Return `text` as a number from 0 to below 1."""
    number = float(text)
    if not 0 <= number < 1:
        raise argparse.ArgumentTypeError(f"must be from 0 to below 1; received {number}")
    return number


def rate(text: str) -> float:
    """Return `text` as a number above 0."""
    number = float(text)
    if not number > 0:
        raise argparse.ArgumentTypeError(f"must be above 0; received {number}")
    return number


def number_or_none(text: str) -> int | None:
    """Return `text` as a whole number of at least 1, or None for 'none'."""
    return None if text == "none" else options.positive(text)
