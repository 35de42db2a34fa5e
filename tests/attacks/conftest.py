"""What every attack is given: how often, with which random numbers, and where to say so."""

import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.attacks.fuzzing import attack

_ATTACKED = "attacked"


@pytest.fixture(scope="session")
def rounds() -> int:
    """How many times as many attacks as in the suite: ``scripts/attack.py --rounds``."""
    return int(os.environ.get("HEADSTART_ATTACK_ROUNDS", "1"))


@pytest.fixture(scope="session")
def seed() -> int:
    """The seed of all random numbers of the attacks: ``scripts/attack.py --seed``."""
    return int(os.environ.get("HEADSTART_ATTACK_SEED", "0"))


@pytest.fixture
def attacked(record_property: Callable[[str, object], None]) -> Callable[[str, int], None]:
    """Return what counts attacks for the end of the run: ``attacked("kills of train", 12)``."""
    return lambda what, how_often: record_property(_ATTACKED, (what, how_often))


@pytest.fixture
def fuzz(
    tmp_path: Path, rounds: int, seed: int, attacked: Callable[[str, int], None]
) -> Callable[..., None]:
    """Return what tries mutants: ``fuzz("damaged models", trial, originals, n=40)``.

    See `tests.attacks.fuzzing.attack`; `n` counts for one round.
    """

    def tried(*args: object, n: int, **kwargs: object) -> None:
        attack(*args, n=n * rounds, seed=seed, place=tmp_path, attacked=attacked, **kwargs)

    return tried


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    counts: Counter[str] = Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            for name, value in getattr(report, "user_properties", ()):
                if name == _ATTACKED and getattr(report, "when", "") == "call":
                    counts[value[0]] += value[1]
    if counts:
        terminalreporter.section("attacks")
        for what, how_often in sorted(counts.items()):
            terminalreporter.write_line(f"{how_often:8,d}  {what}")
