"""Heads: what is trained on the features of a frozen network."""

from headstart.errors import UsageError
from headstart.heads.base import AffineHead, Head
from headstart.heads.dense import DenseHead
from headstart.heads.logistic import LogisticHead
from headstart.heads.nearest_mean import NearestMeanHead
from headstart.heads.neighbours import NeighboursHead
from headstart.heads.ridge import RidgeHead

__all__ = [
    "HEADS",
    "AffineHead",
    "DenseHead",
    "Head",
    "LogisticHead",
    "NearestMeanHead",
    "NeighboursHead",
    "RidgeHead",
    "get_head",
    "head_name",
]

HEADS: dict[str, type[Head]] = {
    "logistic": LogisticHead,
    "ridge": RidgeHead,
    "nearest_mean": NearestMeanHead,
    "knn": NeighboursHead,
    "dense": DenseHead,
}


def get_head(name: str) -> type[Head]:
    """Return the head called `name`.

    Raises
    ------
    UsageError
        If there is none.
    """
    if name not in HEADS:
        raise UsageError(f"head must be one of {', '.join(HEADS)}, or a Head. Received: {name!r}")
    return HEADS[name]


def head_name(head: Head) -> str:
    """Return what a head is called by: its name in `HEADS`, or that of its class."""
    names = [name for name, kind in HEADS.items() if type(head) is kind]
    return names[0] if names else type(head).__name__
