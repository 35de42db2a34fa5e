"""Folders of images as trees of names, which are alike on disk and in an archive."""

# A million paths are kept as plain strings: a Path takes several times the memory.
# ruff: noqa: PTH116, PTH119

import os
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from headstart.data.file_names import is_hidden, is_image_name, natural_key, why_skipped
from headstart.errors import ImageUnreadable
from headstart.images.sources import FileSource, ImageSource, UnreadableSource

#: How the entries that are no images are counted.
NOT_AN_IMAGE, SAVED = "not an image", "saved by headstart"

# The files that tell a folder that headstart saved: its plots and checkpoints are no data. The
# rooms that write them are above this one.
_SAVED_FILES = (
    {"model.json", "SHA256SUMS"},
    {"backbone.json", "backbone.weights.h5"},
    {"network.json", "graph.xml"},
)
# Deeper than anybody sorts images, and not as deep as Python's own calls may go.
MAX_DEPTH = 100

#: Returns the images that a file holds, by its name and its path.
Reader = Callable[[str, str], list[ImageSource]]


@dataclass(slots=True, eq=False)
class Folder:
    """One folder, on disk or in an archive.

    Attributes
    ----------
    name : str
        Its name, without those of the folders above.
    path : str
        Its path, for messages.
    entries : list of (str, ImageSource or Folder)
        The images and folders directly in it, with their names, in natural order.
    n_others : int
        How many files directly in it are no images.
    """

    name: str
    path: str
    entries: list[tuple[str, "ImageSource | Folder"]] = field(default_factory=list)
    n_others: int = 0

    @property
    def folders(self) -> list["Folder"]:
        """The folders directly in it."""
        return [entry for _, entry in self.entries if isinstance(entry, Folder)]

    @property
    def n_direct(self) -> int:
        """How many images lie directly in it."""
        return sum(not isinstance(entry, Folder) for _, entry in self.entries)

    def images(self) -> list[ImageSource]:
        """Return all images in it and below, in natural order."""
        return [source for _, source in self.walk()]

    def walk(self, above: str = "") -> Iterator[tuple[str, ImageSource]]:
        """Yield the path below this folder, with forward slashes, and the source of each image."""
        for name, entry in self.entries:
            path = f"{above}{name}"
            if isinstance(entry, Folder):
                yield from entry.walk(f"{path}/")
            else:
                yield path, entry

    def holds_images(self) -> bool:
        """Tell whether there is an image in it or below."""
        return next(self.walk(), None) is not None

    def others(self) -> int:
        """Return how many files in it and below are no images."""
        return self.n_others + sum(folder.others() for folder in self.folders)


def filled(folders: Iterable[Folder]) -> list[Folder]:
    """Return the folders that hold images."""
    return [folder for folder in folders if folder.holds_images()]


def subfolders(path: Path) -> list[Path]:
    """Return the folders directly in a folder on disk that are not skipped, sorted.

    There are none in a file, or in a folder that can't be opened: whoever reads it says so.
    """
    try:
        return sorted(each for each in path.iterdir() if each.is_dir() and not is_hidden(each.name))
    except OSError:
        return []


def read_folder(path: str, skipped: Counter[str], read: Reader | None = None) -> Folder:
    """Return a folder on disk with everything below it.

    Links are followed, but each folder is read only once.

    Parameters
    ----------
    path : str
        The folder. It is read whatever its own name.
    skipped : Counter of str
        Is increased for each entry that is skipped, by reason: "hidden", "made by the system",
        "not an image", "saved by headstart", "folder seen already".
    read : callable, optional
        Returns the images in a file, none if it is not wanted. The default takes image files.

    Returns
    -------
    Folder
        A folder in it that can't be opened is an image that can't be read.
    """
    folder = Folder(os.path.basename(path), path)
    _Disk(skipped, read or _image_file).fill(folder)
    return folder


class Entry(NamedTuple):
    """One name in a folder."""

    name: str
    path: str
    is_folder: bool


class TreeReader(ABC):
    """Builds trees of folders; a subclass says what is in each folder.

    Parameters
    ----------
    skipped : Counter of str
        Is increased for each entry that is skipped, by reason.
    """

    def __init__(self, skipped: Counter[str]) -> None:
        self._skipped = skipped

    @abstractmethod
    def entries(self, path: str) -> list[Entry] | None:
        """Return what is in a folder; None if the folder was read already.

        Raises
        ------
        OSError
            It can't be read.
        """

    @abstractmethod
    def sources(self, name: str, path: str) -> list[ImageSource]:
        """Return the images in a file; none if it is no image."""

    def fill(self, folder: Folder, depth: int = 0) -> str | None:
        """Fill a folder. If it is to be skipped instead, return the reason."""
        if depth > MAX_DEPTH:
            too_deep = f"it lies more than {MAX_DEPTH} folders deep"
            folder.entries.append(("", _unopened(folder.path, too_deep)))
            return None
        try:
            entries = self.entries(folder.path)
        except OSError as error:
            folder.entries.append(("", _unopened(folder.path, str(error.strerror))))
            return None
        if entries is None:
            return "folder seen already"
        names = {entry.name for entry in entries}
        if depth and is_saved(names, folder.path):
            return SAVED
        drawn = drawn_by_headstart(names)
        for entry in sorted(entries, key=lambda entry: natural_key(entry.name)):
            reason = SAVED if entry.name in drawn else self._add(folder, entry, depth)
            if reason is not None:
                self._skipped[reason] += 1
        return None

    def _add(self, folder: Folder, entry: Entry, depth: int) -> str | None:
        """Add an entry to its folder, or return the reason why it is skipped."""
        reason = why_skipped(entry.name)
        if reason is not None:
            return reason
        if entry.is_folder:
            inner = Folder(entry.name, entry.path)
            reason = self.fill(inner, depth + 1)
            if reason is None:
                folder.entries.append((entry.name, inner))
            return reason
        sources = self.sources(entry.name, entry.path)
        folder.entries += [(entry.name, source) for source in sources]
        folder.n_others += not sources
        return None if sources else NOT_AN_IMAGE


class _Disk(TreeReader):
    """Reads folders from a disk."""

    def __init__(self, skipped: Counter[str], read_file: Reader) -> None:
        super().__init__(skipped)
        self._read_file = read_file
        self._seen: set[tuple[int, int]] = set()

    def entries(self, path: str) -> list[Entry] | None:
        status = os.stat(path)
        if (status.st_dev, status.st_ino) in self._seen:
            return None
        self._seen.add((status.st_dev, status.st_ino))
        with os.scandir(path) as items:
            return [Entry(item.name, item.path, _is_folder(item)) for item in items]

    def sources(self, name: str, path: str) -> list[ImageSource]:
        return self._read_file(name, path)


def is_saved(names: set[str], path: str) -> bool:
    """Tell whether a folder with these entries is a saved model or backbone, or an unfinished one.

    Parameters
    ----------
    names : set of str
        The names in the folder.
    path : str
        The folder itself. That of an unfinished training ends in ".training".
    """
    unfinished = path.endswith(".training") and "settings.json" in names
    return unfinished or any(files <= names for files in _SAVED_FILES)


def drawn_by_headstart(names: set[str]) -> set[str]:
    """Return which of the names in a folder are images that headstart drew beside its models."""
    ending = ".mistakes.png"
    drawn = (name for name in names if name.endswith(ending))
    return {name for name in drawn if name.removesuffix(ending) in names}


def _image_file(name: str, path: str) -> list[ImageSource]:
    return [FileSource(path)] if is_image_name(name) else []


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _unopened(path: str, reason: str) -> ImageSource:
    name = FileSource(path).name
    message = f"The folder {name} could not be opened: {reason}. Make it readable."
    return UnreadableSource(name, ImageUnreadable(message))
