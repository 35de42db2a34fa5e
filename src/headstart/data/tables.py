"""Datasets that are listed in a CSV, TSV or JSON Lines file."""

import csv
import json
import os
from collections import Counter
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from headstart.data.class_folders import split_folders, subfolders
from headstart.data.columns import (
    LABEL_COLUMNS,
    PATH_COLUMNS,
    SPLIT_COLUMNS,
    find_column,
    required_column,
)
from headstart.data.discovery import image_files
from headstart.data.labelled_images import SPLIT_NAMES, LabelledImages, joined, sorted_classes
from headstart.data.sources import FileSource, ImageSource
from headstart.errors import DatasetError

_METADATA = ("metadata.csv", "metadata.jsonl")
_DELIMITERS = ",;\t"


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table: its line number, and its cells by lower-case column name."""

    line: int
    cells: dict[str, Any]


class TableFile:
    """A CSV, TSV or JSON Lines file with columns for paths, labels and optionally splits.

    The columns have names from `PATH_COLUMNS`, `LABEL_COLUMNS` and `SPLIT_COLUMNS`. Paths are
    relative to the file.
    """

    layout = "a CSV, TSV or JSONL file with columns path and label"

    def fits(self, path: Path) -> bool:
        """Tell whether `path` is a file with one of the suffixes."""
        return path.is_file() and path.suffix.lower() in _READERS

    def read(self, path: Path) -> LabelledImages:
        """Return the images listed in `path`. They need not exist until they are read.

        Raises
        ------
        DatasetError
            The file can't be read or lacks a column, or a cell is empty.
        """
        rows = read_rows(path)
        sources = [_source(path, str(value)) for value in _cells(rows, PATH_COLUMNS, path)]
        labels = _cells(rows, LABEL_COLUMNS, path)
        return LabelledImages(sources, labels, sorted_classes(labels), split=_split(rows, path))


class MetadataFolder:
    """A folder whose images are listed in ``metadata.csv`` or ``metadata.jsonl``.

    This is the ``imagefolder`` of Hugging Face. There may also be one such folder for each split.
    """

    layout = "a folder with metadata.csv or metadata.jsonl, which has columns file_name and label"

    def fits(self, path: Path) -> bool:
        """Tell whether `path`, or a folder in it that is named as a split, has such a file."""
        if not path.is_dir():
            return False
        splits = [folder for folder in subfolders(path) if folder.name.lower() in SPLIT_NAMES]
        return any(_metadata(folder) for folder in (path, *splits))

    def read(self, path: Path) -> LabelledImages:
        """Return the listed images. Images that are not listed are counted as skipped.

        Raises
        ------
        DatasetError
            See `TableFile.read`; or a split has no such file.
        """
        if _metadata(path):
            return _read_metadata(path)
        return joined([(split, _read_metadata(folder)) for split, folder in split_folders(path)])


def read_rows(path: Path) -> list[Row]:
    """Return the rows of a CSV, TSV or JSON Lines file.

    Raises
    ------
    DatasetError
        The file can't be read, is not UTF-8, is not in the format of its suffix, or has no rows.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(_READERS[path.suffix.lower()](file))
    except (OSError, UnicodeDecodeError, csv.Error, ValueError) as error:
        raise DatasetError(
            f"{path} must be a readable {path.suffix[1:].upper()} file in UTF-8: {error}."
        ) from error
    if not rows:
        raise DatasetError(f"{path} must list at least one image. Received: no rows.")
    return rows


def _read_csv(file: TextIO) -> Iterator[Row]:
    header = file.readline()
    delimiter = max(_DELIMITERS, key=header.count)
    names = [name.strip().lower() for name in next(csv.reader([header], delimiter=delimiter), [])]
    reader = csv.reader(file, delimiter=delimiter)
    for cells in reader:
        if any(cell.strip() for cell in cells):
            trimmed = (cell.strip() for cell in cells)
            yield Row(reader.line_num + 1, dict(zip(names, trimmed, strict=False)))


def _read_json_lines(file: TextIO) -> Iterator[Row]:
    for number, line in enumerate(file, start=1):
        if line.strip():
            record = json.loads(line)
            if not isinstance(record, dict):
                raise ValueError(f"line {number} is not an object")
            yield Row(number, {str(name).lower(): value for name, value in record.items()})


_READERS: dict[str, Callable[[TextIO], Iterator[Row]]] = {
    ".csv": _read_csv,
    ".tsv": _read_csv,
    ".jsonl": _read_json_lines,
    ".ndjson": _read_json_lines,
}


def _cells(rows: list[Row], wanted: tuple[str, ...], path: Path) -> list[Hashable]:
    column = required_column(_columns(rows), wanted, path)
    return [_cell(row, column, path) for row in rows]


def _columns(rows: list[Row]) -> dict[str, Any]:
    # Objects in JSON Lines may differ in their columns. A dict keeps the order.
    return {name: None for row in rows for name in row.cells}


def _cell(row: Row, column: str, path: Path) -> Hashable:
    value = row.cells.get(column)
    if value is None or value == "" or isinstance(value, list | dict):
        raise DatasetError(
            f"Every row of {path} must have one {column}. Received: {value!r} in line {row.line}."
        )
    return value


def _split(rows: list[Row], path: Path) -> list[str] | None:
    if find_column(_columns(rows), SPLIT_COLUMNS) is None:
        return None
    names = [str(value) for value in _cells(rows, SPLIT_COLUMNS, path)]
    unknown = {name for name in names if name.lower() not in SPLIT_NAMES}
    if unknown:
        raise DatasetError(
            f"The splits in {path} must be train, valid or test. "
            f"Received: {', '.join(sorted(unknown))}."
        )
    return [SPLIT_NAMES[name.lower()] for name in names]


def _source(table: Path, name: str) -> ImageSource:
    path = table.parent / name
    if "\\" in name and not path.exists():
        # The table was written on Windows.
        path = table.parent / name.replace("\\", "/")
    return FileSource(os.path.normpath(path))


def _metadata(folder: Path) -> Path | None:
    files = (folder / name for name in _METADATA)
    return next((file for file in files if file.is_file()), None)


def _read_metadata(folder: Path) -> LabelledImages:
    table = _metadata(folder)
    if table is None:
        raise DatasetError(
            f"{folder} must hold {' or '.join(_METADATA)}, because another split does."
        )
    images = TableFile().read(table)
    listed = {source.name for source in images.sources}
    skipped: Counter[str] = Counter()
    present = image_files(folder, skipped)
    unlisted = sum(os.path.normpath(source.name) not in listed for source in present)
    # The table itself was counted.
    skipped["not an image"] -= 1
    skipped[f"not in {table.name}"] = unlisted
    images.skipped.update({reason: count for reason, count in skipped.items() if count})
    return images
