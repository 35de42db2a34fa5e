"""The result of checking a dataset."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headstart.arguments import checked
from headstart.checking.finding import SEVERITIES, most_serious
from headstart.checking.fix_list import check_files, check_fix_path, write_fix_list
from headstart.checking.sheets import check_sheets, draw_sheets
from headstart.display.displayed import Displayed
from headstart.display.text import counted
from headstart.evaluation.sheet import common_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from headstart.checking.finding import Finding, Severity
    from headstart.checking.running import NotRun
    from headstart.data.labelled_images import LabelledImages
    from headstart.display.table import Table


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class DataCheck(Displayed):
    """What `check` found in a dataset.

    ``print(result)`` writes a report, a notebook shows it as HTML, and `to_dict` returns it for
    programs.

    Attributes
    ----------
    dataset : LabelledImages
        The images that were checked.
    findings : tuple of Finding
        What was found, the most serious first.
    passed : tuple of str
        The names of the checks that found nothing.
    not_run : tuple of NotRun
        The checks that could not run, and why.
    classes : Table
        How many images each class has.
    folder : Path or None
        The folder that was checked, if it was one: nothing is written into it.
    network : str
        The name of the network whose features were used; "" if none was.
    seconds : float
        How long everything took.
    """

    dataset: LabelledImages
    findings: tuple[Finding, ...]
    passed: tuple[str, ...]
    not_run: tuple[NotRun, ...]
    classes: Table
    folder: Path | None
    network: str
    seconds: float

    @property
    def worst(self) -> Severity | None:
        """The severity of the most serious finding; None if nothing was found."""
        return most_serious(self.findings)

    def finding(self, check: str) -> Finding | None:
        """Return what the check of this name found; None if it found nothing."""
        return next((found for found in self.findings if found.check == check), None)

    def to_dict(self) -> dict[str, Any]:
        """Return what ``check --json`` prints."""
        return {
            "n": len(self.dataset),
            "per_class": {str(label): {"n": n} for label, n in self.dataset.counts().items()},
            "worst": self.worst,
            "findings": [finding.to_dict() for finding in self.findings],
            "passed": list(self.passed),
            "not_run": {each.check: each.why for each in self.not_run},
            "network": self.network or None,
            "seconds": round(self.seconds, 3),
        }

    def display_parts(self) -> Iterator[str | Table]:
        """Yield the parts of the report."""
        yield self._headline()
        yield self.classes
        folder = common_folder([source.name for source in self.dataset.sources])
        below = f"{folder}{os.sep}" if folder else ""
        for finding in self.findings:
            yield from finding.display_parts(below)
        yield f"Nothing found: {', '.join(self.passed)}." if self.passed else ""
        yield "\n".join(f"Not checked: {each.check}. {each.why}" for each in self.not_run)
        yield f"The images are in {folder}." if folder and self.findings else ""

    def _headline(self) -> str:
        severities = Counter(finding.severity for finding in self.findings)
        found = [counted(severities[each], each) for each in SEVERITIES if severities[each]]
        what = counted(len(self.dataset), "image")
        classes = counted(len(self.dataset.classes), "class", "classes")
        return (
            f"Checked {what} of {classes} in {self.seconds:.1f} s: "
            f"{', '.join(found) or 'nothing found'}."
        )

    @checked
    def draw_sheets(self, folder: str | Path) -> tuple[Path, ...]:
        """Draw a sheet of the images of each finding, and return the files.

        Parameters
        ----------
        folder : str or Path
            Gets ``CHECK.png`` for each finding with images, such as ``near-copies.png``, with the
            first 60 of them. Sheets of an earlier check that found something else are removed.

        Raises
        ------
        UsageError
            If the folder lies among the images.
        StorageError
            If a file can't be written.
        """
        check_sheets(folder, self.folder)
        return draw_sheets(self.findings, self.passed, folder)

    @checked
    def write_fix(self, path: str | Path, *, relabel: bool = False) -> dict[str, int]:
        """Write a new list of the dataset: what to keep, drop and relabel, with reasons.

        The images stay as they are. `train`, `check` and everything else that takes a dataset read
        the list. To undo a row, write ``keep`` into its column ``action``, and what is in
        ``original_label`` into ``label``.

        Parameters
        ----------
        path : str or Path
            A ``.csv`` file that does not exist yet.
        relabel : bool, default=False
            Whether labels that are probably wrong are changed where the head gives another class
            at least 90 %, and the label at most 5 %. Look at the sheet first: unusual images of the
            right class are among them. Otherwise the list only suggests another label.

        Returns
        -------
        dict of str to int
            How many images are kept, dropped and relabelled.

        Raises
        ------
        UsageError
            If the file exists or lies among the images, or the images are no files.
        StorageError
            If the file can't be written.
        """
        check_fix_path(Path(path), self.folder)
        check_files(Path(path), self.dataset)
        return write_fix_list(self.dataset, self.findings, Path(path), relabel=relabel)
