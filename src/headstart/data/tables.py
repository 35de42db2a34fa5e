"""Datasets that are listed in a CSV, TSV or JSON Lines file."""

import math
import os
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from headstart.data.class_folders import refuse_others, split_folders
from headstart.data.discovery import image_files
from headstart.data.file_names import is_hidden
from headstart.data.fix_columns import kept_rows
from headstart.data.folders import NOT_AN_IMAGE
from headstart.data.image_names import NamedImages, check_places
from headstart.data.labelled_images import (
    LABEL_COLUMNS,
    SPLITS,
    LabelledImages,
    called,
    find_column,
    joined,
    sorted_classes,
)
from headstart.data.labels import resolve_labels
from headstart.data.rows import Row, is_table_name, read_rows
from headstart.data.settings import DatasetSettings
from headstart.data.split_names import split_of
from headstart.display.text import listed_names
from headstart.errors import DatasetError, UsageError
from headstart.escaping import printable, quoted
from headstart.images.sources import FileSource, ImageSource

PATH_COLUMNS = (
    *("path", "file_name", "filename", "file", "image", "image_path", "filepath", "file_path"),
    *("image_name", "image_file", "img_path", "img", "image_id"),
)
SPLIT_COLUMNS = ("split", "part", "subset")

_METADATA = ("metadata.csv", "metadata.jsonl")
_ONE_HOT = frozenset({"0", "1", "0.0", "1.0", "true", "false"})
_TRIED, _ROWS_COMPARED = 20, 200
_HEADER = "; if the first line holds no names, add a line such as path,label"


def read_table(path: Path, settings: DatasetSettings = DatasetSettings()) -> LabelledImages | None:
    """Read a CSV, TSV or JSON Lines file with columns for paths, labels and optionally splits.

    The columns have names from `PATH_COLUMNS`, `LABEL_COLUMNS` and `SPLIT_COLUMNS`, or those that
    the settings name. Paths are relative to the file or to the folder that the settings name, and
    may lack their endings.

    Returns
    -------
    LabelledImages or None
        The listed images, which need not exist until they are read. None if `path` is not a file
        with one of the suffixes.

    Raises
    ------
    DatasetError
        The file can't be read or lacks a column, a cell is empty, a name without an ending means
        several images, or the images are in another folder.
    """
    fits = path.is_file() and is_table_name(path.name)
    return _read_table(path, settings) if fits else None


def read_metadata_folder(
    path: Path, settings: DatasetSettings = DatasetSettings()
) -> LabelledImages | None:
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
        return _read_metadata(path, settings)
    splits = split_folders(path)
    if not any(_metadata(folder) for _, folder in splits):
        return None
    refuse_others(path, splits)
    return joined([(split, _read_metadata(folder, settings)) for split, folder in splits])


def read_folder_with_table(path: Path, settings: DatasetSettings) -> LabelledImages | None:
    """Read a folder with one table that lists images of the folder.

    Returns
    -------
    LabelledImages or None
        The listed images. None if there is no table, or more than one; or if, without settings that
        name its columns, the table does not name images that are there and their labels.

    Raises
    ------
    DatasetError
        See `read_table`.
    """
    tables = tables_in(path)
    if len(tables) != 1:
        return None
    asked = settings.image_column or settings.label_column or settings.image_folder
    if not asked and not _lists_images(tables[0]):
        return None
    return _with_unlisted(_read_table(tables[0], settings), tables[0])


def tables_in(path: Path) -> list[Path]:
    """Return the tables directly in a folder, sorted; none if it is a file."""
    items = path.iterdir() if path.is_dir() else ()
    return sorted(
        item
        for item in items
        if is_table_name(item.name) and not is_hidden(item.name) and item.is_file()
    )


def columns_in_words(table: Path) -> str:
    """Return the names of a table's columns, for messages; "" if it can't be read."""
    try:
        return listed_names(_columns(read_rows(table)))
    except DatasetError:
        return ""


def _lists_images(table: Path) -> bool:
    try:
        images = _read_table(table, DatasetSettings())
    except DatasetError:
        return False
    tried = [Path(each.path) for each in images.sources[:_TRIED] if isinstance(each, FileSource)]
    return any(os.path.exists(path) for path in tried)  # noqa: PTH110 - it never raises


def _read_table(table: Path, settings: DatasetSettings) -> LabelledImages:
    listed = read_rows(table)
    name = printable(str(table))
    rows = kept_rows(listed, name)
    folder = _image_folder(table, settings.image_folder)

    def sources(names: list[Any]) -> list[ImageSource]:
        texts = [str(name) for name in names]
        check_places(texts, table, folder)
        images = NamedImages(folder)
        return [images.source(text) for text in texts]

    where = "" if folder == table.parent else f" in {printable(str(folder))}"
    told = f"The table {printable(table.name)} names the images{where} in its column"
    has_header = table.suffix.lower() in (".csv", ".tsv")
    images = labelled_rows(
        rows,
        settings,
        sources,
        name=name,
        told=told,
        place=lambda n: f"line {rows[n].line}",
        advice=_HEADER if has_header else "",
    )
    if len(rows) < len(listed):
        images.skipped["dropped by the list"] = len(listed) - len(rows)
    return images


def labelled_rows(
    rows: Sequence[Row],
    settings: DatasetSettings,
    sources: Callable[[list[Any]], list[ImageSource]],
    *,
    name: str,
    told: str,
    place: Callable[[int], str],
    advice: str = "",
) -> LabelledImages:
    """Return the images and labels in the rows of a table.

    Parameters
    ----------
    rows : sequence of Row
    settings : DatasetSettings
        May name the columns.
    sources : callable
        Makes the images of the cells in the image column.
    name : str
        What messages call the table.
    told : str
        How the layout says what the image column holds.
    place : callable
        Tells where in the table the row with a number is.
    advice : str
        What else to do where a column is missing.

    Raises
    ------
    DatasetError
        A column is missing, or a cell is empty or refused.
    """
    columns = _columns(rows)
    image = find_column(columns, PATH_COLUMNS, name, "image_column", settings.image_column, advice)
    label = _label_column(rows, name, settings.label_column, advice)
    images = [row.cells.get(image) for row in rows]
    for n, value in enumerate(images):
        if _is_empty(value):
            raise DatasetError(
                f"Every row of {name} must have one {image}. Received: {quoted(value)} in "
                f"{place(n)}."
            )
    labels = resolve_labels(
        (row.cells.get(label) for row in rows), lambda n: f"{place(n)} of {name}", DatasetError
    )
    split = next(filter(None, (called(columns, each) for each in SPLIT_COLUMNS)), None)
    return LabelledImages(
        sources(images),
        labels,
        sorted_classes(labels),
        _splits([row.cells.get(split) for row in rows], name, split, place) if split else None,
        layout=(
            f"{told} {printable(image)}, and the classes in its column {printable(label)}"
            f"{f', the splits in {split}' if split else ''}."
        ),
        columns={
            column: [row.cells.get(column) for row in rows]
            for column in columns
            if column not in (image, label, split)
        },
    )


def _columns(rows: Sequence[Row]) -> list[str]:
    # Objects in JSON Lines may differ in their columns. A dict keeps the order.
    return list({name: None for row in rows for name in row.cells})


def _label_column(rows: Sequence[Row], table: str, asked: str | None, advice: str) -> str:
    columns = _columns(rows)
    try:
        return find_column(columns, LABEL_COLUMNS, table, "label_column", asked, advice)
    except DatasetError as error:
        classes = [name for name in columns if _is_one_hot(rows, name)]
        if len(classes) < 2:
            raise
        named = quoted(classes, 1000)
        raise DatasetError(
            f"{error} The columns {listed_names(classes)} hold only 0 and 1. If they are one for "
            "each class, write one column with the class of each image; in pandas: "
            f"table['label'] = table[{named}].idxmax(axis=1). headstart learns only one label for "
            "each image."
        ) from None


def _is_one_hot(rows: Sequence[Row], name: str) -> bool:
    return all(str(row.cells.get(name)).lower() in _ONE_HOT for row in rows[:_ROWS_COMPARED])


def _image_folder(table: Path, asked: str | None) -> Path:
    """Return the folder of the images: the one asked for, beside the table or from here."""
    if asked is None:
        return table.parent
    places = (table.parent / asked, Path(asked))
    found = [folder for folder in places if os.path.isdir(folder)]  # noqa: PTH112 - never raises
    if not found:
        raise UsageError(
            f"image_folder must be a folder, beside {printable(str(table))} or from here. "
            f"Received: {asked!r}."
        )
    if not found[0].samefile(found[-1]):
        raise UsageError(
            f"image_folder must mean one folder. Received: {asked!r}, which could be "
            f"{printable(str(found[0]))} or {printable(str(found[1].absolute()))}. Write the whole "
            "path."
        )
    return found[0]


def _splits(
    values: Sequence[Any], name: str, column: str, place: Callable[[int], str]
) -> list[str]:
    for n, value in enumerate(values):
        if _is_empty(value) or isinstance(value, dict):
            raise DatasetError(
                f"Every row of {name} must have one {column}. Received: {quoted(value)} in "
                f"{place(n)}."
            )
    names = [str(value) for value in values]
    splits = {value: split_of(value) for value in dict.fromkeys(names)}
    unknown = [value for value, split in splits.items() if split not in SPLITS]
    if unknown:
        raise DatasetError(
            f"The splits in {name} must be train, valid or test. "
            f"Received: {listed_names(sorted(unknown))}."
        )
    return [str(splits[value]) for value in names]


def _is_empty(value: Any) -> bool:
    is_nothing = value is None or (isinstance(value, float) and math.isnan(value))
    return is_nothing or isinstance(value, list) or (isinstance(value, str | dict) and not value)


def _metadata(folder: Path) -> Path | None:
    files = (folder / name for name in _METADATA)
    return next((file for file in files if file.is_file()), None)


def _read_metadata(folder: Path, settings: DatasetSettings) -> LabelledImages:
    table = _metadata(folder)
    if table is None:
        raise DatasetError(
            f"{folder} must hold {' or '.join(_METADATA)}, because another split does."
        )
    return _with_unlisted(_read_table(table, settings), table)


def _with_unlisted(images: LabelledImages, table: Path) -> LabelledImages:
    """Count the images in the folder of a table that it does not list."""
    listed = {source.name for source in images.sources}
    # The table itself will be counted.
    skipped = Counter({NOT_AN_IMAGE: -1})
    present = image_files(table.parent, skipped)
    unlisted = sum(os.path.normpath(source.name) not in listed for source in present)
    skipped[f"not in {table.name}"] = unlisted
    # The plus drops counts of 0.
    images.skipped.update(+skipped)
    return images
