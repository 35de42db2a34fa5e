"""Where the image files are that a table names."""

# A table may name a million images: to make Paths of them takes several times as long.
# ruff: noqa: PTH110, PTH112, PTH118, PTH208

import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path

from headstart.data.file_names import is_hidden, is_image_name
from headstart.data.folders import subfolders
from headstart.display.text import listed_names
from headstart.errors import DatasetError
from headstart.escaping import printable, quoted
from headstart.images.sources import FileSource

#: The longest path, in characters. No system opens a longer one.
MAX_PATH = 4096
_TRIED = 20
_FOLDERS_TRIED = 100


class NamedImages:
    """Finds image files by the names in a table.

    Parameters
    ----------
    folder : Path
        The folder that the names are relative to.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._stems: dict[str, dict[str, list[str]]] = {}

    def source(self, name: str) -> FileSource:
        """Return the image file of a name, which may lack its ending.

        A file that does not exist is found missing when it is read.

        Raises
        ------
        DatasetError
            The name is longer than `MAX_PATH`; or it lacks its ending, and several images could be
            meant.
        """
        if len(name) > MAX_PATH:
            raise DatasetError(
                f"The path of an image must have at most {MAX_PATH:,} characters. Received: "
                f"{quoted(name)}, which has {len(name):,}."
            )
        path = os.path.join(self.folder, name)
        if "\\" in name and not os.path.exists(path):
            # The table was written on Windows.
            path = os.path.join(self.folder, name.replace("\\", "/"))
        if is_image_name(path) or os.path.exists(path):
            return FileSource(os.path.normpath(path))
        folder, stem = os.path.split(path)
        found = self._files(folder).get(stem, [])
        if len(found) > 1:
            raise DatasetError(
                f"A name without an ending must mean one image. Received: {quoted(name)}, which "
                f"could be {listed_names(found)} in {printable(folder)}. Write the names with "
                "their endings, or move the other images."
            )
        return FileSource(os.path.normpath(os.path.join(folder, found[0]) if found else path))

    def _files(self, folder: str) -> dict[str, list[str]]:
        """Return the images in a folder by their names without endings."""
        if folder not in self._stems:
            stems = self._stems[folder] = defaultdict(list)
            names = os.listdir(folder or ".") if os.path.isdir(folder or ".") else []
            for name in sorted(names):
                if is_image_name(name) and not is_hidden(name):
                    stems[name.rpartition(".")[0]].append(name)
        return self._stems[folder]


def check_places(names: Sequence[str], table: Path, folder: Path) -> None:
    """Refuse names of a table if all of the first ones are missing, but lie in a folder below.

    Raises
    ------
    DatasetError
        That is so; or names without endings are nowhere.
    """
    tried = names[:_TRIED]
    if _any_in(folder, tried):
        return
    option = "--image-folder (in Python, image_folder in DatasetSettings)"
    below = [path for path in islice(_folders(folder), _FOLDERS_TRIED) if _any_in(path, tried)]
    if below:
        raise DatasetError(
            f"The images that {printable(str(table))} lists must be "
            f"{'beside it' if folder == table.parent else f'in {printable(str(folder))}'}. "
            f"Received: {quoted(names[0])}, which is in {listed_names(map(str, below))}. Name "
            f"the folder with {option}."
        )
    if not any(is_image_name(name) for name in tried):
        raise DatasetError(
            f"There is no image called {quoted(names[0])}, with any ending, in "
            f"{printable(str(folder))}, where {printable(str(table))} lists it. If the images are "
            f"elsewhere, name their folder with {option}."
        )


def _any_in(folder: Path, names: Iterable[str]) -> bool:
    images = NamedImages(folder)
    for name in names:
        try:
            if os.path.exists(images.source(name).path):
                return True
        except DatasetError:
            # Several images: they are there.
            return True
    return False


def _folders(folder: Path) -> list[Path]:
    """Return the folders in a folder and one level further down."""
    inside = subfolders(folder)
    return inside + [below for each in inside[:_FOLDERS_TRIED] for below in subfolders(each)]
