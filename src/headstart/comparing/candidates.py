"""One of the things that are compared."""

from __future__ import annotations

from dataclasses import dataclass

from headstart.heads.settings import HeadName  # noqa: TC001 - records are read by their types
from headstart.images.resize_rules import Rule  # noqa: TC001 - the same


@dataclass(frozen=True, slots=True)
class Candidate:
    """A backbone, a resize rule and a head.

    Attributes
    ----------
    backbone : str
        The name of the network.
    resize : {"crop", "squash", "pad", "keras"}
        How images are brought to its size.
    head : {"logistic", "ridge", "nearest_mean", "knn", "dense"}
        What is trained on the features.
    """

    backbone: str
    resize: Rule
    head: HeadName

    def __str__(self) -> str:
        """Return the three in words."""
        return f"{self.backbone}, resize {self.resize!r}, head {self.head!r}"
