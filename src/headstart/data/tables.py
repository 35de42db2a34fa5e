"""Labelled pictures listed in a CSV or JSON Lines file, one a row."""

import csv
import json
import os
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from headstart.data.class_folders import split_folders, subfolders
from headstart.data.discovery import image_files
from headstart.data.labelled_images import SPLIT_NAMES, LabelledImages, sorted_classes
from headstart.data.sources import FileSource, ImageSource
from headstart.errors import DatasetError

PATH_COLUMNS = ("path", "file_name", "filename", "file", "image", "image_path", "filepath")
LABEL_COLUMNS = ("label", "class", "category", "class_name", "target")
SPLIT_COLUMNS = ("split", "part", "subset")

_METADATA = ("metadata.csv", "metadata.jsonl")
_DELIMITERS = ",;\t"


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table: the line it stands in, and its cells by lower-case column name."""

    line: int
    cells: dict[str, Any]


class TableFile:
    """A CSV, TSV or JSON Lines file with a column for the path and one for the label.

    Columns are named as in `PATH_COLUMNS`, `LABEL_COLUMNS` and, if the data set is divided,
    `SPLIT_COLUMNS`. Paths are relative to the file.
    """

    def fits(self, path: Path) -> bool:
        """Tell whether `path` is a file whose ending is on the list."""
        return path.is_file() and path.suffix.lower() in _READERS

    def read(self, path: Path) -> LabelledImages:
        """Return the pictures listed in `path`; they need not exist until they are read.

        Raises
        ------
        DatasetError
            The file can't be read, lacks a column, or a cell is empty.
        """
        rows = read_rows(path)
        sources = [_source(path, str(value)) for value in _cells(rows, PATH_COLUMNS, path)]
        labels = _cells(rows, LABEL_COLUMNS, path)
        return LabelledImages(sources, labels, sorted_classes(labels), split=_split(rows, path))


class MetadataFolder:
    """A folder with its pictures listed in ``metadata.csv`` or ``metadata.jsonl``.

    As the ``imagefolder`` of Hugging Face: the file may also lie in folders named train, valid
    and test.
    """

    def fits(self, path: Path) -> bool:
        """Tell whether `path`, or a folder in it that is named as a part, holds such a file."""
        if not path.is_dir():
            return False
        parts = [folder for folder in subfolders(path) if folder.name.lower() in SPLIT_NAMES]
        return any(_metadata(folder) for folder in (path, *parts))

    def read(self, path: Path) -> LabelledImages:
        """Return the pictures listed; those that lie there unlisted are counted.

        Raises
        ------
        DatasetError
            As `TableFile`; or one part has no such file.
        """
        if _metadata(path):
            return _read_metadata(path)
        parts = [(_read_metadata(folder), part) for folder, part in split_folders(path)]
        labels = [label for images, _ in parts for label in images.labels]
        skipped: Counter[str] = Counter()
        for images, _ in parts:
            skipped.update(images.skipped)
        return LabelledImages(
            [source for images, _ in parts for source in images.sources],
            labels,
            sorted_classes(labels),
            split=[part for images, part in parts for _ in images.sources],
            skipped=dict(skipped),
        )


def read_rows(path: Path) -> list[Row]:
    """Return the rows of a CSV, TSV or JSON Lines file.

    Raises
    ------
    DatasetError
        It is not readable, not UTF-8, not of that format, or has no row.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(_READERS[path.suffix.lower()](file))
    except (OSError, UnicodeDecodeError, csv.Error, ValueError) as error:
        raise DatasetError(
            f"{path} must be a readable {path.suffix[1:].upper()} file in UTF-8: {error}."
        ) from error
    if not rows:
        raise DatasetError(f"{path} must list at least one image below its header. It lists none.")
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
    column = _column(rows, wanted)
    if column is None:
        raise DatasetError(
            f"{path} must have a column named {' or '.join(wanted)}. "
            f"Received: {', '.join(rows[0].cells)}."
        )
    return [_cell(row, column, path) for row in rows]


def _column(rows: Iterable[Row], wanted: tuple[str, ...]) -> str | None:
    there = {name for row in rows for name in row.cells}
    return next((column for column in wanted if column in there), None)


def _cell(row: Row, column: str, path: Path) -> Hashable:
    value = row.cells.get(column)
    if value is None or value == "" or isinstance(value, list | dict):
        raise DatasetError(
            f"Every row of {path} must have one {column}. Line {row.line} has {value!r}."
        )
    return value


def _split(rows: list[Row], path: Path) -> list[str] | None:
    if _column(rows, SPLIT_COLUMNS) is None:
        return None
    names = [str(value) for value in _cells(rows, SPLIT_COLUMNS, path)]
    unknown = {name for name in names if name.lower() not in SPLIT_NAMES}
    if unknown:
        raise DatasetError(
            f"The parts in {path} must be called train, valid or test. "
            f"Received: {', '.join(sorted(unknown))}."
        )
    return [SPLIT_NAMES[name.lower()] for name in names]


def _source(table: Path, name: str) -> ImageSource:
    path = table.parent / name
    if "\\" in name and not path.exists():
        # Written on Windows, read elsewhere.
        path = table.parent / name.replace("\\", "/")
    return FileSource(os.path.normpath(path))


def _metadata(folder: Path) -> Path | None:
    files = (folder / name for name in _METADATA)
    return next((file for file in files if file.is_file()), None)


def _read_metadata(folder: Path) -> LabelledImages:
    table = _metadata(folder)
    if table is None:
        raise DatasetError(f"{folder} must hold {' or '.join(_METADATA)}, as its neighbour does.")
    images = TableFile().read(table)
    listed = {source.name for source in images.sources}
    skipped: Counter[str] = Counter()
    there = image_files(folder, skipped)
    unlisted = sum(os.path.normpath(source.name) not in listed for source in there)
    # The list itself is one of the files that are no image.
    skipped["not an image"] -= 1
    skipped[f"not in {table.name}"] = unlisted
    images.skipped.update({reason: count for reason, count in skipped.items() if count})
    return images
