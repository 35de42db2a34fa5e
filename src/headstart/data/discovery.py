"""The pictures that a user's paths, folders and globs stand for."""

# A million paths are kept as plain strings: a Path takes several times the memory.
# ruff: noqa: PTH110, PTH112, PTH113, PTH116, PTH122, PTH207

import glob
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from headstart.data.natural import natural_key
from headstart.data.parquet import ParquetImages
from headstart.data.sources import FileSource, ImageSource, RefusedSource
from headstart.errors import DatasetError, ImageDamaged, ImageNotFound, ImageUnreadable

_READ = "apng avif bmp dib gif jfif jpe jpeg jpg mpo pbm pgm png ppm pnm tif tiff webp"
# Pictures too, though of no format that is read: they are tried, and so refused by name.
_REFUSED = "arw cr2 cr3 dng heic heif ico jp2 jxl nef orf psd raf raw svg tga"

#: Endings, lower case, that make a file in a folder a picture. Its content decides what it is.
IMAGE_SUFFIXES = frozenset(f".{suffix}" for suffix in f"{_READ} {_REFUSED}".split())


@dataclass(frozen=True, slots=True)
class Found:
    """What paths stand for.

    Parameters
    ----------
    sources : list of ImageSource
        Everything to be answered, in the order asked for, each folder's content in natural order.
        A path that is not there is among them: reading it says so.
    skipped : dict of str to int
        How many entries of folders were passed over, by reason: "hidden", "not an image",
        "folder seen already".
    missing : list of str
        The paths and globs that stand for nothing.
    """

    sources: list[ImageSource] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)
    missing: list[str] = field(default_factory=list)


def find_images(paths: Iterable[str | Path]) -> Found:
    """Find the pictures that `paths` stand for.

    A file is tried whatever its ending. A folder stands for the pictures in it and in the folders
    below, told by their ending (`IMAGE_SUFFIXES`); hidden files and folders are passed over, and
    links are followed, each folder once. ``*``, ``?``, ``[...]`` and ``**`` are expanded where the
    shell has not done it. A ``.parquet`` file stands for its rows.

    Parameters
    ----------
    paths : iterable of str or Path
        Files, folders and globs.

    Returns
    -------
    Found
        Nothing is read yet, save the outline of parquet files.

    Raises
    ------
    MissingExtra
        There is a parquet file, and pyarrow is not installed.
    """
    found = Found()
    for path in paths:
        _find(os.fspath(path), found)
    return found


def is_hidden(name: str) -> bool:
    """Tell whether a file or folder of this name is passed over."""
    return name.startswith(".")


def is_image_name(name: str) -> bool:
    """Tell whether a file's name ends as a picture's does."""
    return os.path.splitext(name)[1].lower() in IMAGE_SUFFIXES


def walk_files(
    folder: str | Path,
    skipped: Counter[str],
    wanted: Callable[[str], bool] = is_image_name,
) -> Iterator[str | ImageSource]:
    """Yield the wanted files in `folder` and below, in natural order.

    Parameters
    ----------
    folder : str or Path
        Where to begin.
    skipped : Counter
        Counts what is passed over.
    wanted : callable
        Is given a file's name; by default tells pictures.

    Yields
    ------
    str or ImageSource
        A path; or, for a folder that can't be opened, a source that is refused.
    """
    return _walk(os.fspath(folder), skipped, wanted, set())


def image_files(folder: str | Path, skipped: Counter[str]) -> list[ImageSource]:
    """Return the pictures in `folder` and below, in natural order; count the rest."""
    files = walk_files(folder, skipped)
    return [file if isinstance(file, ImageSource) else FileSource(file) for file in files]


def _find(path: str, found: Found) -> None:
    if os.path.isdir(path):
        _find_in_folder(path, found)
    elif not os.path.lexists(path) and glob.has_magic(path):
        _find_by_pattern(path, found)
    else:
        if not os.path.exists(path):
            found.missing.append(FileSource(path).name)
        found.sources.extend(_sources(path))


def _find_in_folder(folder: str, found: Found) -> None:
    before = len(found.sources)
    for file in walk_files(folder, found.skipped, _is_wanted):
        found.sources.extend([file] if isinstance(file, ImageSource) else _sources(file))
    if len(found.sources) == before:
        _miss(folder, "There is no image in the folder", found)


def _find_by_pattern(pattern: str, found: Found) -> None:
    matches = sorted(glob.glob(pattern, recursive=True), key=natural_key)
    if "**" in pattern:
        # It matches folders together with all that is in them.
        matches = [match for match in matches if not os.path.isdir(match)]
    if not matches:
        _miss(pattern, "No file matches", found)
    for match in matches:
        _find(match, found)


def _miss(path: str, what: str, found: Found) -> None:
    name = FileSource(path).name
    error = ImageNotFound(f"{what} {name}. Check the spelling and the folder you are in.")
    found.missing.append(name)
    found.sources.append(RefusedSource(name, error))


def _sources(path: str) -> list[ImageSource]:
    if not _is_parquet_name(path) or not os.path.isfile(path):
        return [FileSource(path)]
    try:
        return ParquetImages(path).sources()
    except DatasetError as error:
        return [RefusedSource(FileSource(path).name, ImageDamaged(str(error)))]


def _is_parquet_name(name: str) -> bool:
    return name.lower().endswith(".parquet")


def _is_wanted(name: str) -> bool:
    return is_image_name(name) or _is_parquet_name(name)


def _walk(
    folder: str,
    skipped: Counter[str],
    wanted: Callable[[str], bool],
    seen: set[tuple[int, int]],
) -> Iterator[str | ImageSource]:
    try:
        status = os.stat(folder)
        entries = sorted(os.scandir(folder), key=lambda entry: natural_key(entry.name))
    except OSError as error:
        yield _unreadable(folder, error)
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
            yield entry.path
        else:
            skipped["not an image"] += 1


def _unreadable(folder: str, error: OSError) -> ImageSource:
    name = FileSource(folder).name
    reason = f"The folder {name} could not be opened: {error.strerror}. Make it readable."
    return RefusedSource(name, ImageUnreadable(reason))
