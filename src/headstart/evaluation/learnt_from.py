"""How many of the tested images a model has learnt from, and how good it is on the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from headstart.display.text import headline
from headstart.evaluation.design_effect import design_effect
from headstart.evaluation.metrics import Interval, proportion_interval

if TYPE_CHECKING:
    from headstart.evaluation.outcomes import Outcomes


@dataclass(frozen=True, slots=True, kw_only=True)
class LearntFrom:
    """How many of the images the model has learnt from, and its accuracy on the others.

    Attributes
    ----------
    n : int
        How many images the model has learnt from: their files have the same bytes as training
        images.
    n_others : int
        The number of the others.
    accuracy : float or None
        The accuracy on the others; None if there are none.
    interval : Interval or None
        Its 95 % interval. Where images form groups, it counts groups.
    """

    n: int
    n_others: int
    accuracy: float | None = None
    interval: Interval | None = None

    @classmethod
    def of(cls, outcomes: Outcomes) -> Self | None:
        """Count; None where it is not known which images the model has learnt from."""
        if outcomes.learnt_from is None:
            return None
        others = ~outcomes.learnt_from
        right = outcomes.right[others]
        n = len(right)
        if not n:
            return cls(n=len(others), n_others=0)
        effect = 1.0
        if outcomes.groups is not None:
            effect = design_effect(right, outcomes.groups[others])
        return cls(
            n=len(others) - n,
            n_others=n,
            accuracy=float(right.mean()),
            interval=proportion_interval(float(right.sum()) / effect, n / effect),
        )

    @property
    def count(self) -> str:
        """Say how many images the model has learnt from; "" if from none."""
        if not self.n:
            return ""
        of_them = f"{self.n:,} of these {self.n + self.n_others:,} images"
        if not self.n_others:
            of_them = "this image" if self.n == 1 else f"all of these {self.n:,} images"
        return f"The model has learnt from {of_them}"

    @property
    def warning(self) -> str:
        """Say that accuracy on such images says nothing, and what it is on the others; or ""."""
        if not self.n:
            return ""
        them = "it" if self.n == 1 else "them"
        said = f"{self.count}: its accuracy on {them} says nothing about new ones."
        if self.accuracy is None or self.interval is None:
            return f"{said}\nTest on others."
        n_right = round(self.accuracy * self.n_others)
        return f"{said}\nWithout {them}: {headline(n_right, self.n_others, self.interval)}"
