"""Networks from files that a user has added as backbones, under names of their own.

Each is a folder::

    added.json     what is known of the network, and the hashes of its files
    files/         the files that it was added from

A name of the catalogue always means the catalogue's network.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headstart import records
from headstart.descriptions import DescriptionFile
from headstart.errors import DamagedModel, SavedModelError, UnknownBackbone, UsageError
from headstart.foreign.facts import Facts  # noqa: TC001 - read by records
from headstart.foreign.files import ForeignFile, Format
from headstart.storage.backbones_folder import backbones_dir
from headstart.storage.device_names import is_device
from headstart.storage.disk import delete, writing
from headstart.storage.whole_folders import whole_folder
from headstart.untrusted.hashed_files import hash_open
from headstart.untrusted.regular_files import open_regular

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DESCRIPTION = DescriptionFile("added.json", "added backbone", newest=1, kind="added backbone")
FILES = "files"

# It becomes the name of a folder, on every system.
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
#: Words that mean something else where a backbone's name may stand.
WORDS = ("auto", "add", "remove", "fetch", "none")


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """How large a network is.

    Attributes
    ----------
    size : tuple of int
        Height and width of its images in pixels.
    n_features : int
    n_classes : int or None
        Number of its classes; None without a classifier.
    parameters, macs : int
        Number of parameters, and multiply-accumulates for one image.
    """

    size: tuple[int, int]
    n_features: int
    n_classes: int | None
    parameters: int
    macs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AddedBackbone:
    """A backbone that the user has added.

    Attributes
    ----------
    name : str
    folder : Path
        Where it is kept.
    place : str
        Its file, or the folder of its SavedModel, below ``files``.
    file_format : {"onnx", "tflite", "saved_model", "openvino", "keras"}
    facts : Facts
        What was known of it when it was added, and what was said or measured then.
    figures : Figures
    measured : dict or None
        How its preprocessing was measured; see `MeasuredPreprocessing.to_dict`. None if it was not.
    files : dict
        The SHA-256 of each of its files, in hexadecimal, by their places beside the network's file
        or in the SavedModel.
    """

    name: str
    folder: Path
    place: str
    file_format: Format
    facts: Facts = field(repr=False)
    figures: Figures
    measured: Any = field(default=None, repr=False)
    files: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def file(self) -> ForeignFile:
        """The network's file; see `check`."""
        return ForeignFile(self.folder / FILES / self.place, self.file_format)

    @property
    def _root(self) -> Path:
        """What the places of the files are relative to."""
        is_folder = self.file_format == "saved_model"
        return self.file.path if is_folder else self.folder / FILES

    def check(self) -> None:
        """Check that the files are those that were added.

        Raises
        ------
        DamagedModel
            If one is missing or altered.
        """
        for place, expected in self.files.items():
            path = self._root / place
            try:
                with open_regular(path) as opened:
                    found = hash_open(opened)
            except OSError as error:
                found = str(error)
            if found != expected:
                raise DamagedModel(
                    f"{path} must be as it was added. Received: it is missing or altered. Remove "
                    f"the backbone and add it again: headstart models remove {self.name}"
                )

    def to_dict(self) -> dict[str, Any]:
        """Return everything in JSON's types, with the number of classes instead of their names."""
        facts = records.to_json(self.facts, without=("classes",))
        return {
            **records.to_json(self, without=("folder", "facts", "figures", "file_format")),
            "format": self.file_format,
            "folder": str(self.folder),
            **facts,
            **records.to_json(self.figures),
        }


def check_name(name: str) -> None:
    """Refuse a name that can't be that of an added backbone.

    Raises
    ------
    UsageError
    """
    if not _NAME.fullmatch(name) or is_device(name) or name.endswith("."):
        raise UsageError(
            "The name of a backbone must have 1 to 64 small letters, digits, '.', '_' and '-', "
            f"begin with a letter or digit, and be no name of a device. Received: {name!r}."
        )
    if name in WORDS:
        raise UsageError(
            f"The name of a backbone must not be {name!r}, which means something else."
        )


def check_free(name: str, files: Mapping[str, str]) -> None:
    """Refuse a name under which other files were added.

    Parameters
    ----------
    name : str
    files : mapping of str to str
        The SHA-256 of each file of the network, by its place.

    Raises
    ------
    UsageError
        If the name is taken.
    SavedModelError
        If its folder is damaged.
    """
    there = look_up_added(name)
    if there is not None and there.files != files:
        raise _taken(there.folder)


def look_up_added(name: str) -> AddedBackbone | None:
    """Return the backbone that was added under a name; None if there is none.

    Raises
    ------
    SavedModelError
        If its folder is damaged, or was written by a newer headstart.
    """
    if not _NAME.fullmatch(name):
        return None
    folder = backbones_dir() / name
    return read_added(folder) if DESCRIPTION.is_in(folder) else None


def added_backbones() -> Iterator[AddedBackbone | SavedModelError]:
    """Yield the backbones that were added, by name; for a folder that is damaged, the error."""
    folder = backbones_dir()
    for each in sorted(folder.iterdir()) if folder.is_dir() else ():
        if _NAME.fullmatch(each.name) and DESCRIPTION.is_in(each):
            try:
                yield read_added(each)
            except SavedModelError as error:
                yield error


def read_added(folder: Path) -> AddedBackbone:
    """Return the added backbone in a folder; its files are not looked at.

    Raises
    ------
    NotASavedModel, DamagedModel, NewerFormat
    """
    entries = DESCRIPTION.read(folder)
    with DESCRIPTION.reading(folder):
        found = records.from_json(AddedBackbone, entries, folder=folder)
        places = [found.place, *found.files]
        if found.name != folder.name or not all(map(_is_inside, places)):
            raise ValueError(f"the name {found.name!r}, or a file elsewhere")
    return found


def add(
    file: ForeignFile,
    name: str,
    facts: Facts,
    places: Mapping[str, Path],
    figures: Figures,
    measured: dict[str, Any] | None = None,
) -> AddedBackbone:
    """Copy a network's files into the folder of added backbones.

    Parameters
    ----------
    file : ForeignFile
    name : str
    facts : Facts
        All that is known of the network: small files beside it are not copied.
    places : mapping of str to Path
        The files that the network consists of, by their places beside its file, or in the folder of
        a SavedModel.
    figures, measured
        See `AddedBackbone`.

    Raises
    ------
    UsageError
        If the name can't be used, or is that of another backbone, or of this network with other
        facts.
    StorageError
        If a file can't be read or written. Nothing is left behind.
    """
    check_name(name)
    folder = backbones_dir() / name
    with whole_folder(folder) as new:
        root = new / FILES / file.path.name if file.path.is_dir() else new / FILES
        hashes = {place: _copied(path, root / place) for place, path in places.items()}
        made = AddedBackbone(
            name=name,
            folder=folder,
            place=file.path.name,
            file_format=file.format,
            facts=facts,
            figures=figures,
            measured=measured,
            files=hashes,
        )
        DESCRIPTION.write(new, records.to_json(made, without=("folder",)))
    # If the name was taken, what had it is still there. Figures follow from files and facts.
    kept = read_added(folder)
    if (kept.files, kept.facts) != (hashes, facts):
        raise _taken(folder)
    return kept


def remove_backbone(name: str) -> None:
    """Delete a backbone that was added.

    Raises
    ------
    UnknownBackbone
        If there is none of this name.
    StorageError
        If it can't be deleted.
    """
    folder = added_folder(name)
    with writing(str(folder)):
        delete(folder)


def added_folder(name: str) -> Path:
    """Return the folder of a backbone that was added, which may be damaged.

    Raises
    ------
    UnknownBackbone
        If there is none of this name.
    """
    folder = backbones_dir() / name
    if not _NAME.fullmatch(name) or not DESCRIPTION.is_in(folder):
        names = ", ".join(
            each.name for each in added_backbones() if isinstance(each, AddedBackbone)
        )
        raise UnknownBackbone(
            f"Only a backbone that was added can be removed. Received: {name!r}. "
            f"Added are: {names or 'none'}."
        )
    return folder


def _is_inside(place: str) -> bool:
    path = Path(place)
    return not path.is_absolute() and not path.drive and ".." not in path.parts and bool(path.parts)


def _taken(folder: Path) -> UsageError:
    return UsageError(
        f"There is a backbone named {folder.name!r} already, in {folder}. Choose another name, or "
        f"remove it first: headstart models remove {folder.name}"
    )


def _copied(source: Path, target: Path) -> str:
    """Copy one file; return the hash of the copy."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with open_regular(source) as opened, target.open("wb") as new:
        shutil.copyfileobj(opened, new, 2**20)
    with target.open("rb") as copy:
        return hash_open(copy)
