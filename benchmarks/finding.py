"""One measured figure with its runs and its goal, if it has one."""

import statistics
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Finding:
    """A figure: the median of some runs, and the goal that it should reach.

    Attributes
    ----------
    what : str
        Description of the measurement.
    unit : str
        Unit of the runs; 'x' for the ratio of two measurements of the same round.
    runs : list of float
        One value for each round.
    at_least, at_most : float, optional
        The goal for the median.
    details : dict
        Other records, for the JSON file only.
    """

    what: str
    unit: str
    runs: list[float]
    at_least: float | None = None
    at_most: float | None = None
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def median(self) -> float:
        """The median of the runs."""
        return statistics.median(self.runs)

    @property
    def reached(self) -> bool | None:
        """Whether the goal was reached; None without a goal."""
        if self.at_least is None and self.at_most is None:
            return None
        high_enough = self.at_least is None or self.median >= self.at_least
        return high_enough and (self.at_most is None or self.median <= self.at_most)

    def to_dict(self) -> dict[str, Any]:
        """Return the record for the JSON file."""
        goal = {"at_least": self.at_least, "at_most": self.at_most, "reached": self.reached}
        return {
            "what": self.what,
            "unit": self.unit,
            "median": self.median,
            "runs": self.runs,
            **{key: value for key, value in goal.items() if value is not None},
            **({"details": self.details} if self.details else {}),
        }


def ratios(upper: list[float], lower: list[float]) -> list[float]:
    """Return the ratio of two measurements in each round, in which disturbances affect both."""
    return [a / b for a, b in zip(upper, lower, strict=True)]


@dataclass(frozen=True)
class Missing:
    """Something that could not be measured.

    Attributes
    ----------
    what : str
        Description of the measurement.
    why : str
        The reason.
    """

    what: str
    why: str
