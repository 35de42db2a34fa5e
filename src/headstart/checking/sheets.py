"""Sheets of the images that checks have found."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from headstart.data.output_places import refuse_among_images
from headstart.evaluation.sheet import Tile, draw_sheet
from headstart.storage.disk import check_room

if TYPE_CHECKING:
    from collections.abc import Iterable

    from headstart.checking.finding import Finding, Suspect


def check_sheets(folder: str | Path, images: Path | None) -> None:
    """Refuse a folder that can't take sheets: one among the images, or where there is no room.

    Raises
    ------
    UsageError, StorageError
    """
    refuse_among_images(Path(folder), [images], "The sheets")
    check_room(Path(folder), 10_000_000, "the sheets")


def draw_sheets(
    findings: Iterable[Finding], passed: Iterable[str], folder: str | Path
) -> tuple[Path, ...]:
    """Draw a sheet ``CHECK.png`` of the images of each finding into a folder; return the files.

    Parameters
    ----------
    findings : iterable of Finding
    passed : iterable of str
        The checks that found nothing: a sheet of an earlier run would tell otherwise, and is
        removed.
    folder : str or Path
        It is made if it is not there.

    Raises
    ------
    StorageError
        If a file can't be written.
    """
    folder = Path(folder)
    for name in passed:
        _sheet(folder, name).unlink(missing_ok=True)
    drawn = []
    for finding in findings:
        path = _sheet(folder, finding.check)
        if finding.suspects:
            draw_sheet(path, map(_tile, finding.suspects))
            drawn.append(path)
        else:
            path.unlink(missing_ok=True)
    return tuple(drawn)


def _sheet(folder: Path, check: str) -> Path:
    return folder / f"{check}.png"


def _tile(suspect: Suspect) -> Tile:
    group = "" if suspect.group is None else f"{suspect.group} · "
    return Tile(suspect.source, truth=f"{group}{suspect.label}: {suspect.why}", error=suspect.error)
