"""Successive halving: judge all on few images, and the better half on twice as many, and so on.

See Jamieson, Talwalkar (2016), Non-stochastic best arm identification and hyperparameter
optimization, arXiv:1502.07943.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from headstart.comparing.candidates import Candidate
    from headstart.comparing.probe import Probe
    from headstart.comparing.standing import Standing
    from headstart.progress import Progress

#: Images in the first round; more if there are many classes.
FIRST = 300
#: Images in the last round. Twice as many would tell two candidates that differ by one percentage
#: point apart, and take twice the time.
LAST = 2400
# Images of each class in the first round, so that a cross-validation says something.
_OF_EACH_CLASS = 4
# Heads of a network that are still compared in every round but the last.
_HEADS = 2

Round = dict["Candidate", "Standing"]


class Clock:
    """A time budget.

    Parameters
    ----------
    seconds : float or None
        The whole budget; None for no limit.
    now : callable
        Returns the time in seconds.
    """

    def __init__(self, seconds: float | None, now: Callable[[], float] = time.perf_counter) -> None:
        self._now, self._began = now, now()
        self.seconds = seconds

    @property
    def passed(self) -> float:
        """Seconds since the budget was made."""
        return self._now() - self._began

    def allows(self, cost: float) -> bool:
        """Tell whether something that takes `cost` seconds ends within the budget."""
        return self.seconds is None or self.passed + cost <= self.seconds


@dataclass(slots=True, eq=False)
class Race:
    """The rounds of a comparison.

    Attributes
    ----------
    rounds : list of dict
        The standing of each candidate in each round.
    left_out : list of (str, str)
        What was not judged, and why.
    cut_short : bool
        Whether the time budget ended before the last round.
    """

    rounds: list[Round] = field(default_factory=list)
    left_out: list[tuple[str, str]] = field(default_factory=list)
    cut_short: bool = False

    @property
    def best(self) -> Standing:
        """The candidate with the lowest log loss in the last round."""
        return min(self.rounds[-1].values(), key=lambda standing: standing.log_loss)


def sizes(n_images: int, n_classes: int) -> list[int]:
    """Return the numbers of images in the rounds, each twice the one before.

    Examples
    --------
    >>> sizes(1000, 3)
    [300, 600, 1000]
    """
    first = max(FIRST, _OF_EACH_CLASS * n_classes)
    last = max(LAST, first)
    n_rounds = 1 + round(math.log2(last / first))
    found = [min(n_images, first * 2**number) for number in range(n_rounds)]
    return sorted(set(found))


def run_race(
    probes: Sequence[Probe], rounds: Sequence[int], clock: Clock, progress: Progress | None = None
) -> Race:
    """Judge the probes, fewer of them in each round.

    Parameters
    ----------
    probes : sequence of Probe
        The most promising one first: it is judged whatever the budget is.
    rounds : sequence of int
        The number of images in each round.
    clock : Clock
        Nothing is begun that would take longer than the budget.
    progress : Progress, optional
        Shows how far it is.
    """
    race = Race()
    alive = list(probes)
    for number, size in enumerate(rounds):
        if number and not clock.allows(sum(probe.cost(size) for probe in alive)):
            race.cut_short = True
            break
        standings: Round = {}
        judged: list[Probe] = []
        for probe in alive:
            if not number and judged and not clock.allows(probe.cost(size)):
                why = f"about {probe.cost(size):.0f} s on {size:,} images: no time was left"
                race.left_out.append((probe.name, why))
                continue
            found = probe.judged(size, progress)
            twin = _twin(probe, judged)
            if twin is not None:
                race.left_out.append((probe.name, f"the same features as {twin.name}"))
                continue
            judged.append(probe)
            standings |= {standing.candidate: standing for standing in found}
        race.rounds.append(standings)
        alive = _better_half(judged, standings)
    return race


def _twin(probe: Probe, judged: Sequence[Probe]) -> Probe | None:
    """Return the probe of the same network that resizes these images in the same way."""
    network = probe.extractor.network
    same = (each for each in judged if each.extractor.network is network)
    return next((each for each in same if each.does_the_same(probe)), None)


def _better_half(probes: Sequence[Probe], standings: Round) -> list[Probe]:
    """Return the better half of the probes, each with the better half of its heads."""
    losses: dict[int, float] = {}
    for probe in probes:
        own = sorted(
            (each for each in standings.values() if _is_of(each.candidate, probe)),
            key=lambda standing: standing.log_loss,
        )
        losses[id(probe)] = own[0].log_loss
        kept = own[: max(_HEADS, math.ceil(len(own) / 2))]
        probe.keep_heads([each.candidate.head for each in kept])
    ranked = sorted(probes, key=lambda probe: losses[id(probe)])
    return ranked[: math.ceil(len(ranked) / 2)]


def _is_of(candidate: Candidate, probe: Probe) -> bool:
    return candidate.backbone == probe.extractor.network.name and candidate.resize == probe.rule
