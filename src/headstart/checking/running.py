"""Running all checks on the evidence of a dataset."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from headstart.checking.finding import Finding, ranked
from headstart.checking.table import CHECKS

if TYPE_CHECKING:
    from headstart.checking.evidence import Evidence


@dataclass(frozen=True, slots=True)
class NotRun:
    """A check that could not run.

    Attributes
    ----------
    check : str
        Its name.
    why : str
        The reason, and what to do where something can be done.
    """

    check: str
    why: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of all checks.

    Attributes
    ----------
    findings : tuple of Finding
        The most serious first.
    passed : tuple of str
        The names of the checks that found nothing.
    not_run : tuple of NotRun
        The checks that could not run.
    """

    findings: tuple[Finding, ...]
    passed: tuple[str, ...]
    not_run: tuple[NotRun, ...]


def run_checks(evidence: Evidence) -> Outcome:
    """Run every check that can run on this evidence, and say which ones can't."""
    findings, passed, not_run = [], [], []
    for check in CHECKS:
        why = check.unmet(evidence)
        if why:
            not_run.append(NotRun(check.name, why))
        elif (found := check.find(evidence)) is not None:
            findings.append(found)
        else:
            passed.append(check.name)
    return Outcome(ranked(findings), tuple(passed), tuple(not_run))
