"""What a check finds: a sentence, figures and the images that are meant."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, get_args

from headstart.display.table import Table

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping, Sequence

    from headstart.data.fix_columns import Action
    from headstart.errors import ImageError
    from headstart.images.sources import ImageSource

#: How serious a finding is. "error": figures would be wrong, or images can't be used. "warning":
#: something is probably wrong, and worth a look. "note": good to know.
Severity = Literal["error", "warning", "note"]

SEVERITIES: tuple[Severity, ...] = get_args(Severity)
AT_MOST_SHOWN = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """An image of a finding.

    Attributes
    ----------
    source : ImageSource
        The image.
    label : hashable
        Its label.
    split : str or None
        "train", "valid" or "test", where the dataset has splits.
    why : str
        What was found, in a few words.
    group : int or None
        The number of its group of copies, counted from 1.
    action : {"keep", "relabel", "drop"}
        What a list of the dataset does with the image.
    suggested : hashable or None
        The label that fits better.
    error : ImageError or None
        Why the image is unreadable.
    """

    source: ImageSource
    label: Hashable
    split: str | None = None
    why: str = ""
    group: int | None = None
    action: Action = "keep"
    suggested: Hashable | None = None
    error: ImageError | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return what there is to say of the image, in JSON's types."""
        optional = {
            "split": self.split,
            "group": self.group,
            "suggested": self.suggested,
            "error": None if self.error is None else str(self.error),
        }
        known = {name: value for name, value in optional.items() if value is not None}
        return {
            "path": self.source.name,
            "label": self.label,
            "why": self.why,
            "action": self.action,
            **known,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one check found.

    Attributes
    ----------
    check : str
        The name of the check, such as "near-copies".
    severity : {"error", "warning", "note"}
    headline : str
        What was found, in a sentence.
    advice : str
        What it means and what to do, in a sentence or two.
    suspects : sequence of Suspect
        The images, the most suspicious first; those of a group of copies are neighbours. Empty
        where a finding is about the whole dataset.
    figures : mapping of str to number
        What was measured.
    tables : sequence of Table
        Figures with a row each, such as one for each class.
    """

    check: str
    severity: Severity
    headline: str
    advice: str
    suspects: Sequence[Suspect] = ()
    figures: Mapping[str, float] = field(default_factory=dict)
    tables: Sequence[Table] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the finding in JSON's types."""
        return {
            "check": self.check,
            "severity": self.severity,
            "headline": self.headline,
            "advice": self.advice,
            "figures": dict(self.figures),
            "images": [suspect.to_dict() for suspect in self.suspects],
        }

    def display_parts(self, below: str = "") -> Iterable[str | Table]:
        """Yield the sentences and tables. Paths begin below the folder `below`."""
        yield f"{self.severity}: {self.headline}\n{self.advice}"
        yield from self.tables
        yield self._image_table(below)

    def _image_table(self, below: str) -> Table:
        shown = self.suspects[:AT_MOST_SHOWN]
        more = len(self.suspects) - len(shown)
        note = f"... and {more:,} more; --json lists all of them"
        return Table(
            headings=("label", "what", "image"),
            rows=[
                (str(each.label), each.why, each.source.name.removeprefix(below)) for each in shown
            ],
            notes=[note] if more else [],
            ends_in_paths=True,
        )


def most_serious(findings: Iterable[Finding]) -> Severity | None:
    """Return the severity of the most serious finding; None if there is none."""
    found = {finding.severity for finding in findings}
    return next((severity for severity in SEVERITIES if severity in found), None)


def ranked(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the findings, the most serious first; those of one severity keep their order."""
    return tuple(sorted(findings, key=lambda finding: SEVERITIES.index(finding.severity)))
