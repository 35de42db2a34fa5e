"""Heads: what is trained on the features of a frozen network."""

from headstart.errors import UsageError
from headstart.training.heads.base import AffineHead, Head
from headstart.training.heads.logistic import LogisticHead
from headstart.training.heads.nearest_mean import NearestMeanHead
from headstart.training.heads.neighbours import NeighboursHead
from headstart.training.heads.ridge import RidgeHead

__all__ = [
    "HEADS",
    "AffineHead",
    "Head",
    "LogisticHead",
    "NearestMeanHead",
    "NeighboursHead",
    "RidgeHead",
    "get_head",
]

HEADS: dict[str, type[Head]] = {
    "logistic": LogisticHead,
    "ridge": RidgeHead,
    "nearest_mean": NearestMeanHead,
    "knn": NeighboursHead,
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
