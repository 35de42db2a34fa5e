"""Datasets in folders that are named after the classes."""

import os
from collections import Counter
from pathlib import Path

from headstart.data.file_names import is_hidden
from headstart.data.folders import read_folder
from headstart.data.labelled_images import SPLIT_NAMES, LabelledImages
from headstart.data.layouts import read_layout
from headstart.data.settings import DatasetSettings
from headstart.data.zip_archives import ZipImages, is_zip_name, read_zip, refuse_other_archives
from headstart.errors import DatasetError


def read_class_folders(
    path: Path, settings: DatasetSettings = DatasetSettings()
) -> LabelledImages | None:
    """Read a folder or zip archive of folders that are named after the classes.

    Returns
    -------
    LabelledImages or None
        None if `path` is neither a folder nor a zip archive.

    Raises
    ------
    DatasetError
        See `headstart.data.layouts.read_layout`.
    """
    skipped: Counter[str] = Counter()
    if path.is_dir():
        return read_layout(read_folder(os.fspath(path), skipped), settings, skipped)
    if not is_zip_name(path.name):
        refuse_other_archives(path)
        return None
    tree = read_zip(os.fspath(path), skipped)
    try:
        return read_layout(tree, settings, skipped)
    except DatasetError as error:
        if not ZipImages(path).has_tables():
            raise
        raise DatasetError(f"{error} Tables in an archive are not read: unpack it.") from None


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
