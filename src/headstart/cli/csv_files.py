"""Tables of predictions as CSV files: a row for each image, or for each class of each image."""

from __future__ import annotations

import contextlib
import csv
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TextIO

from headstart.cli.flags import Flags
from headstart.display.text import no_formula
from headstart.storage.whole_files import whole_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from headstart.prediction.answer import Answer

_MARK = "\ufeff"
# A note or a label may contain a semicolon.
_BETWEEN_NOTES = " | "


@dataclass(frozen=True, slots=True)
class CsvSettings:
    """How a table of predictions is written.

    Parameters
    ----------
    format : {"wide", "long"}
        The layout of the table. "wide" has a row for each image. "long" has a row for each class of
        each image, and all paths as they were found.
    bom : bool
        Begin the file with the mark by which Excel knows that it is UTF-8.
    raw : bool
        Write text that begins with =, +, -, @, a tab or a line break as it is; otherwise an
        apostrophe goes before it, because a spreadsheet would take it for a formula.
    """

    format: Literal["wide", "long"] = "wide"
    bom: bool = False
    raw: bool = False

    def cell(self, text: str) -> str:
        """Return text from outside, such as a path or a label, as a cell."""
        return text if self.raw else no_formula(text)


CSV = Flags(CsvSettings(), prefix="csv-")


class WideTable:
    """A row for each image: its two most probable classes, and what its file says of it."""

    COLUMNS = (
        "path",
        "label",
        "probability",
        "second_label",
        "second_probability",
        "unsure",
        "error",
        "notes",
        "date_taken",
        "camera",
        "unlike",
        "prediction_set",
        "parent",
    )

    def __init__(
        self, file: TextIO, settings: CsvSettings, named: Callable[[str], str] = str
    ) -> None:
        self._writer = csv.DictWriter(file, self.COLUMNS, restval="")
        self._writer.writeheader()
        self._settings, self._named = settings, named

    def add(self, answer: Answer) -> None:
        """Write the row of one image."""
        cell = self._settings.cell
        row = {
            "path": cell(self._named(answer.path)),
            "notes": cell(_BETWEEN_NOTES.join(answer.notes)),
        }
        if answer.error is not None:
            self._writer.writerow({**row, "error": cell(str(answer.error))})
            return
        from headstart.images.exif import read_exif

        for place, found in zip(("", "second_"), answer.predictions(2), strict=False):
            row[f"{place}label"] = cell(str(found.label))
            row[f"{place}probability"] = f"{found.probability:.6f}"
        exif = read_exif(answer.source)
        row["unsure"] = "yes" if answer.unsure else ""
        row["unlike"] = "yes" if answer.unlike else ""
        labels = map(str, answer.prediction_set or ())
        row["prediction_set"] = cell(_BETWEEN_NOTES.join(labels))
        row["parent"] = cell(answer.parent or "")
        row["date_taken"] = "" if exif.date_taken is None else str(exif.date_taken)
        row["camera"] = cell(exif.camera)
        self._writer.writerow(row)


class LongTable:
    """A row for each of the `top` classes of each image, one row for an unreadable image."""

    COLUMNS = ("path", "rank", "id", "label", "probability", "error", "message")

    def __init__(self, file: TextIO, settings: CsvSettings, top: int) -> None:
        self._writer = csv.writer(file)
        self._writer.writerow(self.COLUMNS)
        self._cell, self._top = settings.cell, top

    def add(self, answer: Answer) -> None:
        """Write the rows of one image."""
        path = self._cell(answer.path)
        if answer.error is not None:
            error = type(answer.error).__name__, self._cell(str(answer.error))
            self._writer.writerow([path, "", "", "", "", *error])
        for rank, found in enumerate(answer.predictions(self._top), start=1):
            names = self._cell(found.id), self._cell(str(found.label))
            self._writer.writerow([path, rank, *names, f"{found.probability:.6f}", "", ""])


@contextlib.contextmanager
def csv_file(
    path: Path, settings: CsvSettings, *, top: int, inputs: Sequence[str]
) -> Iterator[WideTable | LongTable]:
    """Open a table of predictions, which is whole at the end or not there.

    Parameters
    ----------
    path : Path
        The CSV file.
    settings : CsvSettings
    top : int
        How many classes of an image the long table has.
    inputs : sequence of str
        The paths that the user named. If it is one folder, the paths in the wide table are
        relative to it.

    Raises
    ------
    StorageError
        The file can't be written.
    """
    with (
        whole_file(path) as temporary,
        temporary.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file,
    ):
        if settings.bom:
            file.write(_MARK)
        if settings.format == "long":
            yield LongTable(file, settings, top)
        else:
            yield WideTable(file, settings, relative_to(inputs))


def relative_to(inputs: Sequence[str]) -> Callable[[str], str]:
    """Return what makes names of images relative to the folder or archive, if `inputs` is one."""
    if len(inputs) != 1:
        return str
    from headstart.images.sources import FileSource

    named = FileSource(inputs[0]).name.rstrip("/" + os.sep)
    below = tuple(named + separator for separator in {"/", os.sep})
    return lambda name: name[len(named) + 1 :] if name.startswith(below) else name
