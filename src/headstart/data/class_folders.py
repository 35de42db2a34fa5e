"""Datasets in folders that are named after the classes."""

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from headstart.data.folders import read_folder, subfolders
from headstart.data.labelled_images import LabelledImages
from headstart.data.layouts import read_layout
from headstart.data.settings import DatasetSettings
from headstart.data.split_names import UNLABELLED, named_splits
from headstart.data.zip_archives import ZipImages, is_archive_name, read_archive
from headstart.display.text import listed_names
from headstart.errors import DatasetError
from headstart.escaping import printable


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
    if not (path.is_file() and is_archive_name(path.name)):
        return None
    tree = read_archive(os.fspath(path), skipped)
    try:
        return read_layout(tree, settings, skipped)
    except DatasetError as error:
        if not ZipImages(path).has_tables():
            raise
        raise DatasetError(f"{error} Tables in an archive are not read: unpack it.") from None


def split_folders(path: Path) -> list[tuple[str, Path]]:
    """Return the folders in `path` that are named as splits, each with its split."""
    folders = subfolders(path)
    splits = named_splits(folder.name for folder in folders)
    return [(splits[folder.name], folder) for folder in folders if folder.name in splits]


def refuse_others(path: Path, splits: Sequence[tuple[str, Path]]) -> None:
    """Refuse folders beside those of the splits.

    Raises
    ------
    DatasetError
    """
    known = [folder.name for split, folder in splits if split != UNLABELLED]
    others = [folder.name for folder in subfolders(path) if folder.name not in known]
    if others:
        raise DatasetError(
            f"{printable(str(path))} has folders for splits ({listed_names(known)}), so it must "
            f"have no others. Received: {listed_names(others)}. Move them elsewhere."
        )
