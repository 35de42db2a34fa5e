"""Try many mutants of files and folders, and tell what became of them."""

import random
import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.attacks.limits import Outcome, Trial, Tries
from tests.attacks.mutations import mutate

# Enough to see what is wrong.
_MOST_FAILURES, _MOST_ALIKE = 200, 3

Mend = Callable[[Path, str], None]


def attack(
    what: str,
    trial: Trial,
    originals: Sequence[Path],
    *,
    n: int,
    seed: int,
    place: Path,
    attacked: Callable[[str, int], None],
    files: Sequence[str] = (),
    forge: bool = False,
    mend: Mend | None = None,
    others: bool = False,
) -> None:
    """Try mutants, and fail with a list of those that broke a promise.

    Parameters
    ----------
    what : str
        What the mutants are, for the count.
    trial : Trial
    originals : sequence of Path
        Files; or folders, of which one file at a time is changed.
    n, seed : int
        How many mutants; of which random numbers. Each mutant has numbers of its own.
    place : Path
        An empty folder. The mutants that failed stay there.
    attacked : callable
        Counts the verdicts.
    files : sequence of str
        The files of a folder that are changed, those that it has.
    forge : bool
        See `mutate`.
    mend : callable, optional
        Takes the folder and the name of the file that was changed, and makes good what tells that
        it was: what an attacker can do, and a bad disk can't.
    others : bool
        Whether an answer that differs from that of the original is right as well.
    """
    verdicts: Counter[str] = Counter()
    failures: dict[str, list[str]] = {}
    with Tries(trial) as tries:
        for number in range(n):
            chance = random.Random(f"{seed} {number} {forge}")
            original = chance.choice(originals)
            mutant = place / f"{number}{original.suffix}"
            how = _make(original, mutant, chance, files, forge=forge, mend=mend)
            outcome = tries(mutant, original)
            verdicts[outcome.verdict] += 1
            if outcome.verdict == "failed" or (outcome.verdict == "other" and not others):
                alike = failures.setdefault(_kind(outcome), [])
                alike.append(f"{mutant} ({how} of {original.name}): {_told(outcome)}")
                if len(alike) <= _MOST_ALIKE:
                    continue
            _remove(mutant)
            if sum(map(len, failures.values())) >= _MOST_FAILURES:
                break
    for verdict, times in verdicts.items():
        attacked(f"{what}: {verdict}", times)
    assert not failures, _report(verdicts, failures)


def _kind(outcome: Outcome) -> str:
    """Return what is alike in failures of one kind: all before the values."""
    return f"{outcome.verdict} {outcome.said.partition(': ')[0][:80]}"


def _report(verdicts: Counter[str], failures: dict[str, list[str]]) -> str:
    lines = [f"{dict(verdicts)}"]
    for alike in failures.values():
        lines += [f"{len(alike)} times:", *(f"  {told}" for told in alike[:_MOST_ALIKE])]
    return "\n".join(lines)


def _told(outcome: Outcome) -> str:
    silent = "a silent change of the answer: " if outcome.verdict == "other" else ""
    return f"{silent}{outcome.said}"


def _make(
    original: Path,
    mutant: Path,
    chance: random.Random,
    files: Sequence[str],
    *,
    forge: bool,
    mend: Mend | None,
) -> str:
    """Write a mutant, and return how it was made."""
    if not original.is_dir():
        how, changed = mutate(original.read_bytes(), chance, forge=forge)
        mutant.write_bytes(changed)
        return how
    shutil.copytree(original, mutant)
    name = chance.choice([file for file in files if (mutant / file).exists()])
    how, changed = mutate((mutant / name).read_bytes(), chance, forge=forge)
    (mutant / name).write_bytes(changed)
    if mend is not None:
        mend(mutant, name)
    return f"{how} in {name}"


def _remove(mutant: Path) -> None:
    if mutant.is_dir():
        shutil.rmtree(mutant)
    else:
        mutant.unlink()
