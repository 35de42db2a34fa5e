"""Find the images that paths, folders and globs stand for."""

# A million paths are kept as plain strings: a Path takes several times the memory.
# ruff: noqa: PTH110, PTH112, PTH113, PTH116, PTH122, PTH207

import glob
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from headstart.data.parquet import ParquetImages, is_parquet_name
from headstart.data.sources import FileSource, ImageSource, UnreadableSource
from headstart.errors import DatasetError, ImageDamaged, ImageNotFound, ImageUnreadable

_READ = "apng avif bmp dib gif jfif jpe jpeg jpg mpo pbm pgm png ppm pnm tif tiff webp"
# Images of formats that are not supported: they are tried, so that the user hears about them.
_UNSUPPORTED = "arw cr2 cr3 dng heic heif ico jp2 jxl nef orf psd raf raw svg tga"

#: Suffixes, in lower case, of the files in a folder that are taken for images.
IMAGE_SUFFIXES = frozenset(f".{suffix}" for suffix in f"{_READ} {_UNSUPPORTED}".split())

_DIGITS = re.compile(r"(\d+)")


@dataclass(frozen=True, slots=True)
class Found:
    """The images that were found.

    Parameters
    ----------
    sources : list of ImageSource
        The images in the order of the paths, and those of each folder in natural order. A path that
        does not exist is included as a source that is unreadable.
    skipped : Counter of str
        How many entries of folders were skipped, by reason: "hidden", "not an image", "folder seen
        already".
    missing : list of str
        The paths that do not exist, the folders without images and the globs without matches.
    """

    sources: list[ImageSource] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)
    missing: list[str] = field(default_factory=list)


def find_images(paths: Iterable[str | Path]) -> Found:
    """Find the images that `paths` stand for.

    A file is always taken. A folder stands for the images in it and in the folders below: the files
    with one of the `IMAGE_SUFFIXES`. Hidden files and folders are skipped. Links are followed, but
    each folder is read only once. The patterns ``*``, ``?``, ``[...]`` and ``**`` are expanded. A
    ``.parquet`` file stands for the images in its rows.

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
        _find(os.fspath(path), found)
    return found


def is_hidden(name: str) -> bool:
    """Tell whether a file or folder of this name is skipped."""
    return name.startswith(".")


def is_image_name(name: str) -> bool:
    """Tell whether a file of this name is taken for an image."""
    return os.path.splitext(name)[1].lower() in IMAGE_SUFFIXES


def image_files(folder: str | Path, skipped: Counter[str]) -> list[ImageSource]:
    """Return the image files in `folder` and below, in natural order.

    Parameters
    ----------
    folder : str or Path
        The folder.
    skipped : Counter of str
        Is increased for each entry that is skipped, by reason.
    """
    return list(_walk(os.fspath(folder), skipped, is_image_name, set()))


def natural_key(name: str) -> tuple[tuple[tuple[int, int, str], ...], str]:
    """Return a sort key for natural order: ``image 2`` before ``image 10``.

    It compares numbers by value and ignores the case of letters. Names that differ only in case or
    leading zeros are sorted as plain strings.

    Examples
    --------
    >>> sorted(["b10", "B2", "a"], key=natural_key)
    ['a', 'B2', 'b10']
    """
    parts = _DIGITS.split(name.casefold())
    # Every second part is a number.
    key = tuple((1, int(part), "") if i % 2 else (0, 0, part) for i, part in enumerate(parts))
    return key, name


def _find(path: str, found: Found) -> None:
    if os.path.isdir(path):
        images = list(_walk(path, found.skipped, _is_wanted, set()))
        found.sources.extend(images)
        if not images:
            _add_missing(path, "There is no image in the folder", found)
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


def _add_missing(path: str, what: str, found: Found) -> None:
    name = FileSource(path).name
    error = ImageNotFound(f"{what} {name}. Check the spelling and the folder you are in.")
    found.missing.append(name)
    found.sources.append(UnreadableSource(name, error))


def _sources(path: str) -> list[ImageSource]:
    if not is_parquet_name(path) or not os.path.isfile(path):
        return [FileSource(path)]
    try:
        return ParquetImages(path).sources()
    except DatasetError as error:
        return [UnreadableSource(FileSource(path).name, ImageDamaged(str(error)))]


def _is_wanted(name: str) -> bool:
    return is_image_name(name) or is_parquet_name(name)


def _walk(
    folder: str, skipped: Counter[str], wanted: Callable[[str], bool], seen: set[tuple[int, int]]
) -> Iterator[ImageSource]:
    try:
        status = os.stat(folder)
        entries = sorted(os.scandir(folder), key=lambda entry: natural_key(entry.name))
    except OSError as error:
        name = FileSource(folder).name
        reason = f"The folder {name} could not be opened: {error.strerror}. Make it readable."
        yield UnreadableSource(name, ImageUnreadable(reason))
        return
    if (status.st_dev, status.st_ino) in seen:
        skipped["folder seen already"] += 1
        return
    seen.add((status.st_dev, status.st_ino))
    for entry in entries:
        if is_hidden(entry.name):
            skipped["hidden"] += 1
        elif os.path.isdir(entry):
            yield from _walk(entry.path, skipped, wanted, seen)
        elif wanted(entry.name):
            yield from _sources(entry.path)
        else:
            skipped["not an image"] += 1
