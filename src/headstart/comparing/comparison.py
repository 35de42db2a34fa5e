"""What comes out of a comparison: a table of accuracy against time, and the choice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from headstart import records
from headstart.display.displayed import Displayed
from headstart.display.table import Table
from headstart.display.text import counted, duration, percent
from headstart.evaluation.metrics import Interval  # noqa: TC001 - records are read by their types

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from headstart.comparing.candidates import Candidate
    from headstart.comparing.race import Race
    from headstart.comparing.standing import Standing


@dataclass(frozen=True, slots=True)
class CandidateResult:
    """How good one candidate is.

    Attributes
    ----------
    backbone, resize, head : str
        The candidate.
    n : int
        Images on which it was judged by cross-validation; fewer for those that fell behind.
    accuracy : float
        Share of these that are right.
    interval : Interval
        Its 95 % interval.
    log_loss : float
        Mean of minus the logarithm of the probability of the true class. Every class weighs alike.
    difference : float
        Accuracy minus that of the chosen candidate on the same images.
    difference_interval : Interval
        Its 95 % interval, paired by image.
    milliseconds : float
        What the network takes for an image of a batch on this machine, without decoding.
    """

    backbone: str
    resize: str
    head: str
    n: int
    accuracy: float
    interval: Interval
    log_loss: float
    difference: float
    difference_interval: Interval
    milliseconds: float

    @property
    def is_worse(self) -> bool:
        """Whether it is less accurate than the chosen candidate beyond chance."""
        return self.difference_interval.high < 0


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Comparison(Displayed):
    """Which backbone, resize rule and head fit a dataset.

    ``print(comparison)`` gives a table to read, a notebook shows the same as HTML, and `to_dict`
    returns everything for programs.

    Attributes
    ----------
    results : tuple of CandidateResult
        Those that were judged on most images come first, and among these the one with the lowest
        log loss: the first is the one that is chosen.
    left_out : tuple of (str, str)
        What was not judged, and why.
    n_unreadable : int
        Images that could not be read.
    seconds : float
        How long it took.
    budget : float or None
        The time budget in seconds.
    cut_short : bool
        Whether the budget ended before the last round.
    """

    results: tuple[CandidateResult, ...]
    left_out: tuple[tuple[str, str], ...]
    n_unreadable: int
    seconds: float
    budget: float | None
    cut_short: bool

    @classmethod
    def of(
        cls,
        race: Race,
        milliseconds: Mapping[str, float],
        *,
        untried: Sequence[tuple[str, str]] = (),
        n_unreadable: int,
        seconds: float,
        budget: float | None,
    ) -> Comparison:
        """Make the table of a race. `milliseconds` are those of each backbone."""
        chosen = race.best.candidate
        last: dict[Candidate, tuple[Standing, Standing]] = {}
        for standings in race.rounds:
            last |= {each: (found, standings[chosen]) for each, found in standings.items()}
        ranked = sorted(last.values(), key=lambda pair: (-len(pair[0].images), pair[0].log_loss))
        results = tuple(
            _result(found, best, milliseconds[found.candidate.backbone]) for found, best in ranked
        )
        left_out = (*race.left_out, *untried)
        return cls(results, left_out, n_unreadable, seconds, budget, race.cut_short)

    @property
    def best(self) -> CandidateResult:
        """The candidate that is chosen: of those judged on most images, the lowest log loss."""
        return self.results[0]

    @property
    def fastest(self) -> CandidateResult:
        """The fastest candidate that is not less accurate than the chosen one beyond chance."""
        fit = (result for result in self.results if not result.is_worse)
        return min(fit, key=lambda result: (result.milliseconds, result.log_loss))

    @property
    def reason(self) -> str:
        """Why it was chosen, in a sentence."""
        best = self.best
        low, high = best.interval
        return (
            f"{best.backbone} with resize {best.resize!r} and head {best.head!r} has the lowest "
            f"cross-validated log loss of {counted(len(self.results), 'candidate')}: "
            f"{best.log_loss:.2f}; {percent(best.accuracy)} of {counted(best.n, 'image')} are "
            f"right (95 % interval {100 * low:.1f} to {100 * high:.1f} %)."
        )

    def display_parts(self) -> Iterator[str | Table]:
        """Yield the parts of the report."""
        yield self.reason
        fastest = self.fastest
        if fastest.milliseconds < self.best.milliseconds:
            yield (
                f"{fastest.backbone} with resize {fastest.resize!r} and head {fastest.head!r} is "
                f"not clearly worse, and {self.best.milliseconds / fastest.milliseconds:.1f} times "
                "as fast."
            )
        best, *others = self.results
        yield Table(
            headings=_HEADINGS,
            align="<<<>>>>>>",
            rows=[(*_row(best)[:7], "", _row(best)[8]), *map(_row, _worth_showing(others))],
            notes=tuple(self._notes()),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return everything in JSON's types; the first result is the one that is chosen."""
        return {"reason": self.reason, **records.to_json(self)}

    def _notes(self) -> Iterator[str]:
        if more := len(self.results) - 1 - len(_worth_showing(self.results[1:])):
            yield f"... and {counted(more, 'other candidate')}, all of them in the JSON."
        yield "difference: accuracy minus that of the first, on the same images (95 % interval)."
        yield "ms: what the network takes for an image on this machine, without decoding."
        yield (
            "The first was chosen by these images, so its accuracy is a little flattered: test "
            "the model on others."
        )
        if self.cut_short:
            yield (
                f"The time budget of {duration(self.budget or 0)} ended before more images were "
                "compared: --budget gives more time."
            )
        for name, why in self.left_out:
            yield f"Not compared: {name} ({why})."
        if self.n_unreadable:
            yield f"{counted(self.n_unreadable, 'image')} could not be read."


# Rows of the table; every backbone has one.
_SHOWN = 10
_HEADINGS = (
    "backbone",
    "resize",
    "head",
    "images",
    "accuracy",
    "95 % interval",
    "log loss",
    "difference",
    "ms",
)


def _result(found: Standing, best: Standing, milliseconds: float) -> CandidateResult:
    candidate = found.candidate
    gain, interval = found.gain_over(best)
    return CandidateResult(
        backbone=candidate.backbone,
        resize=candidate.resize,
        head=candidate.head,
        n=len(found.images),
        accuracy=found.accuracy,
        interval=found.interval,
        log_loss=found.log_loss,
        difference=gain,
        difference_interval=interval,
        milliseconds=milliseconds,
    )


def _worth_showing(others: Sequence[CandidateResult]) -> list[CandidateResult]:
    """Return the first results, and the first of each other backbone."""
    first_of: dict[str, CandidateResult] = {}
    for result in others:
        first_of.setdefault(result.backbone, result)
    return [
        result
        for place, result in enumerate(others, 1)
        if place < _SHOWN or first_of[result.backbone] is result
    ]


def _row(result: CandidateResult) -> tuple[str, ...]:
    low, high = (100 * end for end in result.interval)
    start, end = (100 * end for end in result.difference_interval)
    return (
        result.backbone,
        result.resize,
        result.head,
        f"{result.n:,}",
        percent(result.accuracy),
        f"{low:.1f} to {high:.1f}",
        f"{result.log_loss:.2f}",
        f"{100 * result.difference:+.1f} ({start:+.1f} to {end:+.1f})",
        f"{result.milliseconds:.1f}",
    )
