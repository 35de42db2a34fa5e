"""Datasets that are listed in a CSV, TSV or JSON Lines file."""

import csv
import json
import os
from collections import Counter
from collections.abc import Callable, Hashable, Iterator
from pathlib import Path
from typing import Any, TextIO

from headstart.data.class_folders import split_folders, subfolders
from headstart.data.discovery import image_files
from headstart.data.labelled_images import (
    LABEL_COLUMNS,
    SPLIT_NAMES,
    LabelledImages,
    find_column,
    joined,
    sorted_classes,
)
from headstart.data.labels import settle_labels
from headstart.data.sources import FileSource, ImageSource
from headstart.errors import DatasetError

PATH_COLUMNS = ("path", "file_name", "filename", "file", "image", "image_path", "filepath")
SPLIT_COLUMNS = ("split", "part", "subset")

_METADATA = ("metadata.csv", "metadata.jsonl")
_DELIMITERS = ",;\t"

# A line number, and the cells of the row there by lower-case column name.
Row = tuple[int, dict[str, Any]]


def read_table(path: Path) -> LabelledImages | None:
    """Read a CSV, TSV or JSON Lines file with columns for paths, labels and optionally splits.

    The columns have names from `PATH_COLUMNS`, `LABEL_COLUMNS` and `SPLIT_COLUMNS`. Paths are
    relative to the file.

    Returns
    -------
    LabelledImages or None
        The listed images, which need not exist until they are read. None if `path` is not a file
        with one of the suffixes.

    Raises
    ------
    DatasetError
        The file can't be read or lacks a column, or a cell is empty.
    """
    fits = path.is_file() and path.suffix.lower() in _READERS
    return _read_table(path) if fits else None


def read_metadata_folder(path: Path) -> LabelledImages | None:
    """Read a folder whose images are listed in ``metadata.csv`` or ``metadata.jsonl``.

    This is the ``imagefolder`` of Hugging Face. There may also be one such folder for each split.

    Returns
    -------
    LabelledImages or None
        The listed images. Images that are not listed are counted as skipped. None if there is no
        such file in `path` or in a folder in it that is named as a split.

    Raises
    ------
    DatasetError
        See `read_table`; or a split has no such file.
    """
    if _metadata(path):
        return _read_metadata(path)
    splits = [folder for folder in subfolders(path) if folder.name.lower() in SPLIT_NAMES]
    if not any(map(_metadata, splits)):
        return None
    return joined([(split, _read_metadata(folder)) for split, folder in split_folders(path)])


def _read_table(path: Path) -> LabelledImages:
    rows = read_rows(path)
    # Objects in JSON Lines may differ in their columns. A dict keeps the order.
    columns = {name: None for _, cells in rows for name in cells}

    def column(names: tuple[str, ...]) -> list[str]:
        return _column(rows, find_column(columns, names, path), path)

    sources = [_source(path, name) for name in column(PATH_COLUMNS)]
    labels = _labels(rows, find_column(columns, LABEL_COLUMNS, path), path)
    has_splits = not columns.keys().isdisjoint(SPLIT_COLUMNS)
    split = _splits(column(SPLIT_COLUMNS), path) if has_splits else None
    return LabelledImages(sources, labels, sorted_classes(labels), split)


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
            yield reader.line_num + 1, dict(zip(names, trimmed, strict=False))


def _read_json_lines(file: TextIO) -> Iterator[Row]:
    for number, line in enumerate(file, start=1):
        if line.strip():
            record = json.loads(line)
            if not isinstance(record, dict):
                raise ValueError(f"line {number} is not an object")
            yield number, {str(name).lower(): value for name, value in record.items()}


_READERS: dict[str, Callable[[TextIO], Iterator[Row]]] = {
    ".csv": _read_csv,
    ".tsv": _read_csv,
    ".jsonl": _read_json_lines,
    ".ndjson": _read_json_lines,
}


def _column(rows: list[Row], name: str, path: Path) -> list[str]:
    values = []
    for line, cells in rows:
        value = cells.get(name)
        if value is None or value == "" or isinstance(value, list | dict):
            raise DatasetError(
                f"Every row of {path} must have one {name}. Received: {value!r} in line {line}."
            )
        values.append(str(value))
    return values


def _labels(rows: list[Row], name: str, path: Path) -> list[Hashable]:
    cells = [cells.get(name) for _, cells in rows]
    return settle_labels(cells, lambda n: f"line {rows[n][0]} of {path}", DatasetError)


def _splits(names: list[str], path: Path) -> list[str]:
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
    images = _read_table(table)
    listed = {source.name for source in images.sources}
    # The table itself will be counted.
    skipped = Counter({"not an image": -1})
    present = image_files(folder, skipped)
    unlisted = sum(os.path.normpath(source.name) not in listed for source in present)
    skipped[f"not in {table.name}"] = unlisted
    # The plus drops counts of 0.
    images.skipped.update(+skipped)
    return images
