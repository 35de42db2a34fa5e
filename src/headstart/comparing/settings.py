"""What a comparison compares, and how long it may take."""

from __future__ import annotations

from dataclasses import dataclass

from headstart.arguments import check_fields
from headstart.errors import UsageError
from headstart.heads.settings import HeadName  # noqa: TC001 - flags are made from the types
from headstart.images.resize_rules import Rule  # noqa: TC001 - the same


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonSettings:
    """What a comparison compares, and how long it may take.

    Parameters
    ----------
    heads : sequence of str, default=("logistic", "ridge", "nearest_mean", "knn")
        The heads. A dense head takes far longer than the others.
    resizes : sequence of str, default=("squash", "crop", "pad")
        The resize rules.
    budget : float, optional, default=120
        The time that it may take, about, in seconds; None for no limit. Converting a backbone that
        is used for the first time may take longer.

    Raises
    ------
    UsageError
        If a value is of another type or out of its range.
    """

    heads: tuple[HeadName, ...] = ("logistic", "ridge", "nearest_mean", "knn")
    resizes: tuple[Rule, ...] = ("squash", "crop", "pad")
    budget: float | None = 120.0

    def __post_init__(self) -> None:
        """Refuse values of another type or range."""
        check_fields(self)
        for name in ("heads", "resizes"):
            if not getattr(self, name):
                raise UsageError(f"{name} must name at least one. Received: none.")
        if self.budget is not None and not self.budget > 0:
            raise UsageError(f"budget must be above 0 seconds, or None. Received: {self.budget}.")
