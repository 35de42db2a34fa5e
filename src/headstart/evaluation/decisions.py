"""How often a model is unsure, and how right it is where it is not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from headstart.display.table import Table
from headstart.display.text import percent
from headstart.evaluation.metrics import Interval, proportion_interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionFigures:
    """What the decision rule of a model does to images whose classes are known.

    Attributes
    ----------
    n : int
        The number of images.
    error_target : float
        How often prediction sets may lack the true class.
    n_unsure, n_unlike : int
        Of how many images the model is unsure; how many of these are unlike the training images.
    answered_accuracy : float or None
        The accuracy on the images of which it is sure; None if there are none.
    answered_interval : Interval or None
        Its 95 % interval.
    coverage : float or None
        How often the prediction set holds the true class; None without prediction sets.
    coverage_interval : Interval or None
        Its 95 % interval.
    set_size : float or None
        The mean number of classes in a set.
    """

    n: int
    error_target: float
    n_unsure: int
    n_unlike: int
    answered_accuracy: float | None = None
    answered_interval: Interval | None = None
    coverage: float | None = None
    coverage_interval: Interval | None = None
    set_size: float | None = None

    @classmethod
    def of(
        cls,
        right: Flags,
        unsure: Flags,
        unlike: Flags,
        error_target: float,
        sets: Flags | None = None,
        truth: Sequence[int] | NDArray[np.int64] = (),
        effect: float = 1.0,
    ) -> Self:
        """Count.

        Parameters
        ----------
        right, unsure, unlike : ndarray of bool, shape (n,)
            Whether each image is predicted right; whether the model is unsure of it; whether it is
            unlike the training images.
        error_target : float
        sets : ndarray of bool, shape (n, n_classes), optional
            Which classes are in the prediction set of each image.
        truth : ndarray of int64, shape (n,)
            The true classes, if there are sets.
        effect : float
            So many images count as one in the intervals, because images form groups.
        """
        sure = ~unsure
        found: dict[str, Any] = {}
        if sure.any():
            found = _share("answered_accuracy", "answered_interval", right[sure], effect)
        if sets is not None:
            held = sets[np.arange(len(sets)), np.asarray(truth)]
            found |= _share("coverage", "coverage_interval", held, effect)
            found["set_size"] = float(sets.sum(axis=1).mean())
        return cls(
            n=len(right),
            error_target=error_target,
            n_unsure=int(unsure.sum()),
            n_unlike=int(unlike.sum()),
            **found,
        )

    def table(self) -> Table:
        """Return the figures as a table."""
        sure = self.n - self.n_unsure
        rows = [
            ("sure", f"{sure:,} of {self.n:,}", "the model gives one class"),
            (
                "unsure",
                f"{self.n_unsure:,}",
                "several classes may be true, or the image is unlike",
            ),
            ("unlike", f"{self.n_unlike:,}", "these are unlike the training images"),
        ]
        if self.answered_accuracy is not None and self.answered_interval is not None:
            low, high = self.answered_interval
            meaning = f"of the sure ones (95 % interval {_both(low, high)})"
            rows.append(("accuracy", percent(self.answered_accuracy), meaning))
        if self.coverage is not None and self.coverage_interval is not None:
            low, high = self.coverage_interval
            aim = f"aim: {percent(1 - self.error_target)}"
            meaning = f"of the prediction sets hold the true class ({_both(low, high)}; {aim})"
            rows.append(("coverage", percent(self.coverage), meaning))
            rows.append(("set size", f"{self.set_size:.2f}", "classes in a prediction set, mean"))
        return Table(title="When the model is sure", align="<><", rows=rows)


def _share(name: str, interval: str, flags: Flags, effect: float) -> dict[str, Any]:
    found = proportion_interval(float(flags.sum()) / effect, len(flags) / effect)
    return {name: float(flags.mean()), interval: found}


def _both(low: float, high: float) -> str:
    return f"{100 * low:.1f} to {100 * high:.1f} %"
