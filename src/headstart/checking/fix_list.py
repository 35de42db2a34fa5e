"""The list of a dataset after a check: what to keep, drop and relabel, with reasons."""

from __future__ import annotations

import csv
import os
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from headstart.data.fix_columns import ACTION, ACTIONS, ORIGINAL_LABEL
from headstart.data.output_places import refuse_among_images
from headstart.display.drawing import check_suffix
from headstart.display.text import no_formula
from headstart.errors import UsageError
from headstart.images.sources import FileSource
from headstart.storage.whole_files import whole_file

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence

    from headstart.checking.finding import Finding, Suspect
    from headstart.data.labelled_images import LabelledImages
    from headstart.images.sources import ImageSource

_BETWEEN_REASONS = " | "


def check_fix_path(path: Path, folder: Path | None) -> None:
    """Refuse a place for a list.

    Raises
    ------
    UsageError
        If the file exists, does not end in ``.csv``, or lies in `folder`, where it would change how
        the dataset is read.
    """
    check_suffix(path, (".csv",))
    refuse_among_images(path, [folder], "The list")
    if os.path.lexists(path):
        raise UsageError(
            f"The list must be a new file: an older one may hold your changes. Received: {path}."
        )


def check_files(path: Path, dataset: LabelledImages) -> None:
    """Refuse images that a list at `path` can't name.

    Raises
    ------
    UsageError
        If images are no files, or have paths that a table can't hold.
    """
    others = [source.name for source in dataset.sources if not isinstance(source, FileSource)]
    if others:
        raise UsageError(
            "A list names image files, so all images must be files. Received: "
            f"{others[0]}. Unpack the archive, or give the images as files."
        )
    relative = (_relative(source, path) for source in dataset.sources)
    lost = next((name for name in relative if name.strip() != name or not _is_text(name)), None)
    if lost is not None:
        raise UsageError(
            "A list can only name files whose paths are UTF-8 and do not end in a space. Received: "
            f"{lost!a}. Rename this file."
        )


def write_fix_list(
    dataset: LabelledImages, findings: Iterable[Finding], path: Path, *, relabel: bool = False
) -> dict[str, int]:
    """Write a new list of a dataset into a CSV file; return how many images each action has.

    Its columns are path (relative to the list), label, split where there are splits, action,
    original_label, suggested_label and reason.

    Parameters
    ----------
    dataset : LabelledImages
    findings : iterable of Finding
    path : Path
        See `check_fix_path`.
    relabel : bool
        Whether labels that are probably wrong are changed where the head is sure. Otherwise they
        are kept, and the list suggests another one.

    Raises
    ------
    StorageError
        If the file can't be written.
    """
    found: dict[str, list[tuple[str, Suspect]]] = defaultdict(list)
    for finding in findings:
        for suspect in finding.suspects:
            found[suspect.source.name].append((finding.check, suspect))
    actions: Counter[str] = Counter()
    with (
        whole_file(path) as temporary,
        temporary.open("w", encoding="utf-8", newline="") as file,
    ):
        has_splits = dataset.split is not None
        columns = ["path", "label", *(["split"] if has_splits else [])]
        writer = csv.DictWriter(
            file, [*columns, ACTION, ORIGINAL_LABEL, "suggested_label", "reason"]
        )
        writer.writeheader()
        for number, source in enumerate(dataset.sources):
            row = _row(dataset.labels[number], found.get(source.name, ()), relabel=relabel)
            row["path"] = _relative(source, path)
            if dataset.split is not None:
                row["split"] = dataset.split[number]
            writer.writerow(row)
            actions[row[ACTION]] += 1
    return {action: actions[action] for action in ACTIONS}


def _row(label: Hashable, found: Sequence[tuple[str, Suspect]], *, relabel: bool) -> dict[str, str]:
    strongest = max((suspect for _, suspect in found), key=_strength, default=None)
    action = "keep" if strongest is None else strongest.action
    if action == "relabel" and not relabel:
        action = "keep"
    suggested = next((each.suggested for _, each in found if each.suggested is not None), None)
    new = suggested if action == "relabel" else label
    reasons = (f"{check}: {suspect.why}" for check, suspect in found)
    return {
        "label": str(new),
        ACTION: action,
        ORIGINAL_LABEL: str(label),
        "suggested_label": "" if suggested is None else str(suggested),
        "reason": no_formula(_BETWEEN_REASONS.join(reasons)),
    }


# Where findings differ, the last action counts: a dropped image needs no other label.
def _strength(suspect: Suspect) -> int:
    return ACTIONS.index(suspect.action)


def _relative(source: ImageSource, table: Path) -> str:
    """Return the path of an image from the folder of a table, in forward slashes where it can be.

    It begins with a dot, so that no spreadsheet takes it for a formula.
    """
    assert isinstance(source, FileSource)  # noqa: S101 - `check_files` has refused others
    folder = table.resolve().parent
    try:
        # The folder is resolved and the name is not: a link to an image stays what it is.
        above, name = os.path.split(source.path)
        path = str(Path(os.path.relpath(os.path.realpath(above), folder), name))
    except ValueError:  # another drive
        return str(Path(source.path).absolute())
    path = path.replace(os.sep, "/")
    return path if path.startswith("../") else f"./{path}"


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
