"""Options that say which head is trained on the features."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, get_args

from headstart.cli.flags import Flags, Group, must_come_with
from headstart.heads.settings import DenseSettings, HeadName

if TYPE_CHECKING:
    import argparse

    from headstart.heads.base import Head

DENSE = Flags(DenseSettings(), prefix="head-", names={"units": "--units N"})


def add_head(group: Group) -> None:
    """Add ``--head``."""
    names = get_args(HeadName)
    group.add_argument(
        "--head",
        choices=names,
        default="logistic",
        metavar="NAME",
        help=f"the kind of classifier: {', '.join(names[:-1])} or {names[-1]} "
        "(default: %(default)s)",
    )


def chosen_head(arguments: argparse.Namespace) -> str | Head:
    """Return the head that was asked for, as `ImageClassifier` takes it.

    Raises
    ------
    UsageError
        If a setting is given that the head does not have, or one is out of its range.
    """
    given = DENSE.flags_given(arguments)
    if arguments.head != "dense":
        must_come_with("--head dense", given, received=f"--head {arguments.head}")
    if not given:
        return str(arguments.head)
    settings = asdict(DENSE.settings(arguments))
    from headstart.heads.dense import DenseHead

    return DenseHead(**settings, random_state=arguments.seed)
