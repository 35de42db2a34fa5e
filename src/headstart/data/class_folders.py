"""Datasets in folders that are named after the classes."""

import os
from collections import Counter
from pathlib import Path

from headstart.data.file_names import is_hidden
from headstart.data.folders import read_folder
from headstart.data.labelled_images import SPLIT_NAMES, LabelledImages
from headstart.data.layouts import read_layout
from headstart.data.settings import DatasetSettings
from headstart.errors import DatasetError


def read_class_folders(
    path: Path, settings: DatasetSettings = DatasetSettings()
) -> LabelledImages | None:
    """Read a folder of folders that are named after the classes, perhaps inside splits.

    Returns
    -------
    LabelledImages or None
        None if `path` is not a folder.

    Raises
    ------
    DatasetError
        See `headstart.data.layouts.read_layout`.
    """
    if not path.is_dir():
        return None
    skipped: Counter[str] = Counter()
    return read_layout(read_folder(os.fspath(path), skipped), settings, skipped)


def subfolders(path: Path) -> list[Path]:
    """Return the folders in `path` that are not hidden, sorted by name; none if it is a file."""
    items = path.iterdir() if path.is_dir() else ()
    return sorted(item for item in items if item.is_dir() and not is_hidden(item.name))


def split_folders(path: Path) -> list[tuple[str, Path]]:
    """Return the folders in `path`, each with the split that it is named after.

    Raises
    ------
    DatasetError
        A folder is not named as a split.
    """
    folders = subfolders(path)
    others = [folder.name for folder in folders if folder.name.lower() not in SPLIT_NAMES]
    if others:
        raise DatasetError(
            f"{path} has folders for splits (train, valid, test), so it must have no others. "
            f"Received: {', '.join(others)}. Move them elsewhere."
        )
    return [(SPLIT_NAMES[folder.name.lower()], folder) for folder in folders]
