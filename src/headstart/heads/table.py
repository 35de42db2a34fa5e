"""The heads by their names."""

from headstart.errors import UsageError
from headstart.heads.base import Head
from headstart.heads.dense import DenseHead
from headstart.heads.logistic import LogisticHead
from headstart.heads.nearest_mean import NearestMeanHead
from headstart.heads.neighbours import NeighboursHead
from headstart.heads.ridge import RidgeHead
from headstart.heads.settings import HeadName

HEADS: dict[HeadName, type[Head]] = {
    "logistic": LogisticHead,
    "ridge": RidgeHead,
    "nearest_mean": NearestMeanHead,
    "knn": NeighboursHead,
    "dense": DenseHead,
}


def get_head(name: str) -> type[Head]:
    """Return the class of the head called `name`.

    Raises
    ------
    UsageError
        If there is none.
    """
    for known, kind in HEADS.items():
        if known == name:
            return kind
    raise UsageError(f"head must be one of {', '.join(HEADS)}, or a Head. Received: {name!r}.")


def head_name(head: Head) -> str:
    """Return the name of a head in `HEADS`, or else the name of its class."""
    names = [name for name, kind in HEADS.items() if type(head) is kind]
    return names[0] if names else type(head).__name__
