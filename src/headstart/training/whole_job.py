"""One bar for a job of several parts, with the time that is left for all of them."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

from headstart.progress import Bars

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from headstart.progress import Advance, Progress


# What the cost of a unit is measured on: the last tenth of a part, or so many units.
_REMEMBERED = 0.1
_REMEMBERED_UNITS = 20


class WholeJob:
    """A job of several parts under one bar.

    What a unit of a part costs is measured while the part runs. Until then it is guessed from the
    parts that were measured.

    Parameters
    ----------
    what : str
        What is being done.
    progress : Progress, optional
        Shows the bar and the messages.
    clock : callable
        Returns the time in seconds.
    """

    def __init__(
        self,
        what: str,
        progress: Progress | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._what = what
        self._progress = progress or Bars()
        self._clock = clock
        self._parts: list[Part] = []
        self._current: Part | None = None
        self._counted_at = clock()
        self._advance: Advance = lambda _: None
        self._shown = 0.0

    @contextlib.contextmanager
    def bar(self) -> Iterator[None]:
        """Show the bar while the context is open."""
        with self._progress.bar(self._what, 100, unit="%") as self._advance:
            yield

    def part(self, total: float, share: float) -> Part:
        """Add a part.

        Parameters
        ----------
        total : float
            How many units it has.
        share : float
            The share of the time that it usually takes, beside the shares of the other parts.
        """
        part = Part(self, total, share)
        self._parts.append(part)
        return part

    def say(self, message: str) -> None:
        """Tell the user something."""
        self._progress.say(message)

    def seconds_left(self) -> float:
        """Estimate how long the rest of the job takes; 0 before anything was measured."""
        return sum(part.left * cost for part, cost in zip(self._parts, self._costs(), strict=True))

    def enter(self, part: Part) -> None:
        """Count the time from now on as that of this part."""
        self.count()
        self._current = part

    def count(self) -> None:
        """Give the time since the last call to the part that runs, and move the bar."""
        now = self._clock()
        if self._current is not None:
            self._current.seconds += now - self._counted_at
        self._counted_at = now
        left = self.seconds_left()
        costs = zip(self._parts, self._costs(), strict=True)
        done = sum((part.total - part.left) * cost for part, cost in costs)
        share = 100 * done / (done + left) if done else 0.0
        # A bar never goes back, even where an estimate was too good.
        if share > self._shown:
            self._advance(share - self._shown)
            self._shown = share

    def _costs(self) -> list[float]:
        """Return the seconds that a unit of each part takes."""
        measured = [part for part in self._parts if part.measured]
        shares = sum(part.share for part in measured)
        whole = sum(part.total * part.cost for part in measured) / shares if shares else 0.0
        return [
            part.cost if part.measured else whole * part.share / max(part.total, 1)
            for part in self._parts
        ]


class Part:
    """A part of a job, as a `Progress` for what does the work; made by `WholeJob.part`.

    Attributes
    ----------
    total : float
        How many units it has.
    left : float
        How many are left.
    share : float
        See `WholeJob.part`.
    measured : float
        How many units were done in the time that was measured; those of long ago count less.
    seconds : float
        That time.
    """

    def __init__(self, job: WholeJob, total: float, share: float) -> None:
        self._job = job
        self.total = self.left = total
        self.share = share
        self.measured = 0.0
        self.seconds = 0.0

    @property
    def cost(self) -> float:
        """The seconds that a unit takes, once some were measured."""
        return self.seconds / self.measured

    @contextlib.contextmanager
    def bar(self, what: str, total: int | None, *, unit: str = "image") -> Iterator[Advance]:  # noqa: ARG002 - the protocol's
        """Count what is done as units of this part."""
        self._job.enter(self)
        yield self._done

    def say(self, message: str) -> None:
        """Tell the user something."""
        self._job.say(message)

    def seconds_left(self) -> float:
        """Estimate how long the rest of the whole job takes."""
        return self._job.seconds_left()

    def skip(self, units: float) -> None:
        """Note that some units are done already, by a process before."""
        self.left = max(0.0, self.left - units)

    def drop(self, units: float) -> None:
        """Note that some units are not needed."""
        units = min(max(units, 0.0), self.left)
        self.total, self.left = self.total - units, self.left - units

    def resize(self, total: float) -> None:
        """Set the number of units, now that it is known; none may be done yet."""
        self.total = self.left = total

    def _done(self, units: float) -> None:
        # The first steps also compile the network: they are forgotten bit by bit.
        kept = max(0.0, 1 - units / max(self.total * _REMEMBERED, _REMEMBERED_UNITS))
        self.seconds *= kept
        self.measured = self.measured * kept + units
        self.left = max(0.0, self.left - units)
        self._job.count()
