"""The base of all checks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from headstart.checking.evidence import Evidence
    from headstart.checking.finding import Finding

NO_NETWORK = "It needs the features of a network."


class Check(ABC):
    """One question about a dataset.

    Attributes
    ----------
    name : str
        What findings and messages call it, such as "near-copies".
    question : str
        What it asks, for documents and for checks that could not run.
    """

    name: ClassVar[str]
    question: ClassVar[str]

    def unmet(self, evidence: Evidence) -> str:  # noqa: ARG002 - a subclass looks at it
        """Return why the check can't run on this evidence; "" if it can."""
        return ""

    @abstractmethod
    def find(self, evidence: Evidence) -> Finding | None:
        """Return what is found; None if there is nothing to say."""
