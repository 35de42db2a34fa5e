"""Read labelled images from any of the known dataset formats."""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

from headstart.arguments import Between, checked
from headstart.data.class_folders import read_class_folders
from headstart.data.file_names import WORKBOOKS
from headstart.data.folders import is_saved
from headstart.data.labelled_images import LabelledImages
from headstart.data.parquet_files import read_parquet_files
from headstart.data.questions import suggestion
from headstart.data.settings import TABLE_OPTIONS, DatasetSettings
from headstart.data.tables import (
    columns_in_words,
    read_folder_with_table,
    read_metadata_folder,
    read_table,
    tables_in,
)
from headstart.display.text import listed_names
from headstart.errors import DatasetError
from headstart.escaping import printable


@dataclass(frozen=True, slots=True)
class Format:
    """A format of datasets.

    Parameters
    ----------
    read : callable
        Reads the dataset at a path, with settings; None if it has another format.
    options : tuple of str
        The fields of `DatasetSettings` that mean something for it.
    """

    read: Callable[[Path, DatasetSettings], LabelledImages | None]
    options: tuple[str, ...] = ()


_ONE_CLASS = " To recognise one thing, add a second class: images that do not show it."

#: The known formats, in words for messages. The first reader that does not return None has read the
#: dataset.
FORMATS = {
    "a CSV, TSV or JSONL file with columns path and label": Format(
        read_table, options=TABLE_OPTIONS
    ),
    "parquet files with columns image and label": Format(
        read_parquet_files, options=("image_column", "label_column")
    ),
    "a folder with metadata.csv or metadata.jsonl, which has columns file_name and label": Format(
        read_metadata_folder, options=TABLE_OPTIONS
    ),
    "a folder with one table that lists its images": Format(
        read_folder_with_table, options=TABLE_OPTIONS
    ),
    "a folder or zip archive with one folder for each class (FOLDER/cat/1.jpg, FOLDER/dog/1.jpg), "
    "perhaps inside folders named train, valid and test": Format(
        read_class_folders, options=("class_level", "label_from")
    ),
}


@checked
def read_dataset(
    path: str | Path,
    settings: DatasetSettings = DatasetSettings(),
    *,
    min_classes: Annotated[int, Between(0)] = 2,
) -> LabelledImages:
    """Read a dataset of labelled images.

    Parameters
    ----------
    path : str or Path
        A folder, or a zip archive, of class folders (``FOLDER/cat/1.jpg``), perhaps inside folders
        for the splits, such as train, val and test; a CSV, TSV or JSON Lines file with columns for
        path, label and optionally split; a folder with ``metadata.csv``; a parquet file or a folder
        of parquet files.
    settings : DatasetSettings
        What the dataset itself does not say.
    min_classes : int
        The smallest number of classes that is allowed.

    Returns
    -------
    LabelledImages
        The images are not read yet, and need not exist. `LabelledImages.split` is None unless there
        are at least two splits.

    Raises
    ------
    DatasetError
        `path` does not exist or has no known format, or there are too few classes, or a class has
        no images.
    UsageError
        A setting means nothing for the format of the dataset.
    MissingExtra
        The dataset is parquet, but pyarrow is not installed.
    """
    path = Path(path)
    if not os.path.exists(path):  # noqa: PTH110 - it never raises
        raise DatasetError(
            f"There is nothing at {path}. Check the spelling and the folder you are in."
        )
    try:
        images = _read(path, settings)
        _check(images, path, min_classes)
    except DatasetError as error:
        if path.is_dir() and is_saved({entry.name for entry in path.iterdir()}, str(path)):
            raise DatasetError(
                f"{path} is what headstart has saved, not a dataset. Name the folder of the "
                "images; headstart evaluate takes it after the model."
            ) from None
        if tables := tables_in(path):
            raise DatasetError(f"{error} {_ask_about(tables)}") from None
        raise
    return images if len(set(images.split or ())) > 1 else replace(images, split=None)


def _read(path: Path, settings: DatasetSettings) -> LabelledImages:
    given = settings.given().keys()
    # Whoever names a level of folders means the folders, though there may be a table beside them.
    fitting = [known for known in FORMATS.values() if given <= set(known.options)]
    for known in fitting:
        images = known.read(path, settings)
        if images is not None:
            return images
    for words, known in FORMATS.items():
        if known not in fitting and known.read(path, DatasetSettings()) is not None:
            settings.check_used(known.options, words)
    if path.suffix.lower() in WORKBOOKS:
        raise DatasetError(
            f"{path} is a workbook, which is not read. Save its sheet as CSV (in Excel: Save As, "
            "CSV UTF-8), and name that file."
        )
    raise DatasetError(f"{path} is not a dataset. {_layouts()}")


def _check(images: LabelledImages, path: Path, min_classes: int) -> None:
    if not len(images):
        raise DatasetError(f"{path} holds no image. {_layouts()}")
    if len(images.classes) < min_classes:
        raise DatasetError(
            f"{path} must hold at least {min_classes} classes. "
            f"Received: {len(images.classes)} ({listed_names(map(str, images.classes))})."
            f"{suggestion([source.name for source in images.sources]) if path.is_dir() else ''}"
            f"{_ONE_CLASS if len(images.classes) == 1 else ''}"
        )


def _ask_about(tables: list[Path]) -> str:
    """Return what to do if the tables in a folder, not its folders, say the labels."""
    named = listed_names(
        f"{printable(table.name)} (columns {columns_in_words(table)})" for table in tables
    )
    return (
        f"There is also {named}. If a table lists the images and their labels, name it instead of "
        "the folder, with --image-column, --label-column and --image-folder where its columns "
        "have other names than path and label, or its images are in another folder."
    )


def _layouts() -> str:
    # The last formats are the most common ones.
    *layouts, last = reversed(FORMATS)
    return f"A dataset must be {'; '.join(layouts)}; or {last}."
