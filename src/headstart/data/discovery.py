"""Find the images that paths, folders and globs stand for."""

# A million paths are kept as plain strings: a Path takes several times the memory.
# ruff: noqa: PTH110, PTH112, PTH113, PTH207

import glob
import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from headstart.arguments import check, checked
from headstart.data.file_names import is_image_name, is_parquet_name, natural_key
from headstart.data.folders import Folder, read_folder
from headstart.data.zip_archives import is_archive_name, read_archive
from headstart.errors import DatasetError, ImageDamaged, ImageNotFound, ImageUnreadable
from headstart.images.sources import FileSource, ImageSource, UnreadableSource


@dataclass(frozen=True, slots=True)
class Found:
    """The images that were found.

    Parameters
    ----------
    sources : list of ImageSource
        The images in the order of the paths, and those of each folder in natural order. A path that
        does not exist is included as a source that is unreadable.
    skipped : Counter of str
        How many entries of folders were skipped, by reason; see
        `headstart.data.folders.read_folder`.
    missing : list of str
        The paths that do not exist, the folders without images and the globs without matches.
    """

    sources: list[ImageSource] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)
    missing: list[str] = field(default_factory=list)


@checked
def find_images(paths: Iterable[str | Path]) -> Found:
    """Find the images that `paths` stand for.

    A file is always taken. A folder stands for the images in it and in the folders below: the files
    with one of the `IMAGE_SUFFIXES`. Hidden files and folders are skipped. Links are followed, but
    each folder is read only once. The patterns ``*``, ``?``, ``[...]`` and ``**`` are expanded. A
    ``.parquet`` file stands for the images in its rows, and a ``.zip`` file for those in it.

    Parameters
    ----------
    paths : iterable of str or Path
        Files, folders and globs.

    Returns
    -------
    Found
        No image is read yet.

    Raises
    ------
    MissingExtra
        There is a parquet file, but pyarrow is not installed.
    """
    found = Found()
    for path in paths:
        check("each path", path, str | Path)
        _find(os.fspath(path), found)
    return found


def image_files(folder: str | Path, skipped: Counter[str]) -> list[ImageSource]:
    """Return the image files in `folder` and below, in natural order.

    Parameters
    ----------
    folder : str or Path
        The folder.
    skipped : Counter of str
        Is increased for each entry that is skipped, by reason.
    """
    return read_folder(os.fspath(folder), skipped).images()


def _find(path: str, found: Found) -> None:
    if os.path.isdir(path):
        _add_all(read_folder(path, found.skipped, _wanted), "folder", found)
    elif is_archive_name(path) and os.path.isfile(path):
        try:
            _add_all(read_archive(path, found.skipped), "archive", found)
        except DatasetError as error:
            source = UnreadableSource(FileSource(path).name, ImageUnreadable(str(error)))
            found.sources.append(source)
    elif not os.path.lexists(path) and glob.has_magic(path):
        _find_by_pattern(path, found)
    else:
        if not os.path.exists(path):
            found.missing.append(FileSource(path).name)
        found.sources.extend(_sources(path))


def _find_by_pattern(pattern: str, found: Found) -> None:
    matches = sorted(glob.glob(pattern, recursive=True), key=natural_key)
    if "**" in pattern:
        # The pattern matches folders and everything in them.
        matches = [match for match in matches if not os.path.isdir(match)]
    if not matches:
        _add_missing(pattern, "No file matches", found)
    for match in matches:
        _find(match, found)


def _add_all(folder: Folder, what: str, found: Found) -> None:
    images = folder.images()
    found.sources.extend(images)
    if not images:
        _add_missing(folder.path, f"There is no image in the {what}", found)


def _add_missing(path: str, what: str, found: Found) -> None:
    name = FileSource(path).name
    error = ImageNotFound(f"{what} {name}. Check the spelling and the folder you are in.")
    found.missing.append(name)
    found.sources.append(UnreadableSource(name, error))


def _wanted(name: str, path: str) -> list[ImageSource]:
    return _sources(path) if is_image_name(name) or is_parquet_name(name) else []


def _sources(path: str) -> list[ImageSource]:
    if not is_parquet_name(path) or not os.path.isfile(path):
        return [FileSource(path)]
    # Late: most folders hold none.
    from headstart.data.parquet import ParquetImages

    try:
        return ParquetImages(path).sources()
    except DatasetError as error:
        return [UnreadableSource(FileSource(path).name, ImageDamaged(str(error)))]
