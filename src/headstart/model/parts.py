"""The parts of a saved model: a table that saving and loading walk.

A saved model is a folder::

    model.json             labels, network, settings, training data and versions
    graph.xml, graph.bin   an OpenVINO network: pixels in, features and probabilities out
    head.npz               the fitted head, as arrays
    golden.npz             drawn test images and their expected probabilities
    SHA256SUMS             the hash of each of these files

These files are checked when the model is loaded. Everything else in the folder belongs to the user:
the model card (``README.md``), the plots and whatever the user adds may be edited or deleted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from headstart.backbones.runtime import write_graph
from headstart.model import checksums
from headstart.model.arrays import load_arrays, save_arrays
from headstart.model.description import DESCRIPTION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

#: The model card. It is written with the model, but it is no part: users may edit it.
CARD = "README.md"


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a saved model.

    Attributes
    ----------
    name : str
        The key of its value.
    files : tuple of str
        The file that is written and read, then any that are written beside it.
    write : callable
        Takes the value and the path of the first file.
    read : callable
        Takes the path of the first file and returns the value. Raises an error for anything that
        `write` did not write.
    since : int
        The format of a model that is written with this part. A new part that changes the
        predictions takes the next format, which becomes the newest of `DESCRIPTION`: a headstart
        that does not know the part then refuses the model. Any other new part takes the format that
        is the newest already: a headstart that does not know the part ignores its files.
    optional : bool
        Whether a model may lack the part.
    """

    name: str
    files: tuple[str, ...]
    write: Callable[[Any, Path], None]
    read: Callable[[Path], Any]
    since: int
    optional: bool = False


def _write_description(entries: dict[str, Any], path: Path) -> None:
    DESCRIPTION.write(path.parent, entries)


def _read_description(path: Path) -> dict[str, Any]:
    return DESCRIPTION.read(path.parent)


PARTS = (
    # Format 1 had other keys, which are still read.
    Part("description", (DESCRIPTION.name,), _write_description, _read_description, since=2),
    Part("graph", ("graph.xml", "graph.bin"), write_graph, lambda path: path, since=1),
    Part("head", ("head.npz",), save_arrays, load_arrays, since=1),
    Part("golden", ("golden.npz",), save_arrays, load_arrays, since=1),
)

#: The files of all parts, and those that every model has.
FILES = tuple(file for part in PARTS for file in part.files)
REQUIRED = tuple(file for part in PARTS if not part.optional for file in part.files)


def format_of(names: Iterable[str]) -> int:
    """Return the format of a model that consists of the parts with these names."""
    return max(part.since for part in PARTS if part.name in set(names))


def write_parts(values: Mapping[str, Any], folder: Path) -> None:
    """Write the parts that have a value, and the list of their files."""
    written = [part for part in PARTS if part.name in values]
    for part in written:
        part.write(values[part.name], folder / part.files[0])
    checksums.write_checksums(folder, [file for part in written for file in part.files])


def check_parts(folder: Path) -> dict[str, str]:
    """Return the hash of each file of the parts that the model in `folder` has.

    Raises
    ------
    DamagedModel
        If a file is missing or altered, or the list of files is.
    """
    listed = checksums.read_checksums(folder)
    present = [file for file in FILES if file in listed or file in REQUIRED]
    checksums.check_files(folder, listed, present)
    return {file: listed[file] for file in present}


def read_parts(folder: Path, files: Iterable[str]) -> dict[str, Any]:
    """Return the value of each part whose file is among `files`."""
    present = set(files)
    return {
        part.name: part.read(folder / part.files[0]) for part in PARTS if part.files[0] in present
    }
