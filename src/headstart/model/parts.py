"""The parts of a saved model: a table that saving and loading walk.

A saved model is a folder::

    model.json             labels, network, settings, training data and versions
    graph.xml, graph.bin   an OpenVINO network: pixels in, features and probabilities out
    head.npz               the fitted head, as arrays
    golden.npz             drawn test images and their expected probabilities
    examples.npz           training images: features, labels, names, small copies; only if asked for
    decision.npz           when the model is unsure of an image (a model may lack it)
    hashes.npz             hashes of the training images, to recognise them (a model may lack it)
    SHA256SUMS             the hash of each of these files

``SHA256SUMS`` has the format of ``sha256sum``: anyone can check a model with ``sha256sum -c
SHA256SUMS``. The files in it are checked when the model is loaded. Everything else in the folder
belongs to the user: the model card (``README.md``), the plots and whatever the user adds may be
edited or deleted.
"""

import contextlib
import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from headstart.errors import DamagedModel
from headstart.model.description import DESCRIPTION
from headstart.networks.runtime import write_graph
from headstart.prediction.scoring import Arrays
from headstart.prediction.training_hashes import MOST
from headstart.storage.disk import hash_file
from headstart.untrusted.array_files import read_arrays
from headstart.untrusted.hashed_files import LARGEST, hash_open
from headstart.untrusted.json_text import MAX_BYTES
from headstart.untrusted.regular_files import open_regular, read_bytes

#: The model card. It is written with the model, but it is no part: users may edit it.
CARD = "README.md"
CHECKSUMS = "SHA256SUMS"

# Plain names only: no folders, nothing hidden, so that no line can point out of the folder.
PLAIN_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,100}")
_LINE = re.compile(rf"([0-9a-f]{{64}})  ({PLAIN_NAME.pattern})")
_MAX_BYTES = 2**20  # of the checksums
# Of the hashes of training images: each one, and all that stands around them.
_BYTES_OF_HASH, _AROUND = 8, 10_000


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
    read : callable or None
        Takes the first file, open, and returns the value. Raises an error for anything that `write`
        did not write. None for the graph, which is read when it is compiled, and for the training
        images, which only `read_part` reads.
    since : int
        The format of a model that is written with this part. A new part that changes the
        predictions takes the next format, which becomes the newest of `DESCRIPTION`: a headstart
        that does not know the part then refuses the model. Any other new part takes a format that
        is there already: a headstart that does not know the part ignores its files.
    optional : bool
        Whether a model may lack the part.
    """

    name: str
    files: tuple[str, ...]
    write: Callable[[Any, Path], None]
    read: Callable[[BinaryIO], Any] | None
    since: int
    optional: bool = False


def save_arrays(arrays: Arrays, path: Path) -> None:
    """Write `arrays` to `path`, in NumPy's own format (``.npz``), uncompressed."""
    for name, array in arrays.items():
        if array.dtype.hasobject:
            raise TypeError(f"{name} must be an array of numbers. Received: {array.dtype}")
    np.savez(path, **arrays)  # type: ignore[arg-type]  # NumPy's stub mixes up its own keyword


def load_arrays(file: BinaryIO) -> Arrays:
    """Read what `save_arrays` wrote, from an open file.

    Raises
    ------
    ValueError
        If the file holds anything else, or a number that is not finite; see
        `headstart.untrusted.array_files`.
    """
    try:
        arrays = read_arrays(file)
    except ValueError as error:
        raise ValueError(f"{Path(file.name).name} can't be read: {error}") from error
    for name, array in arrays.items():
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise ValueError(f"{name} must be finite. Received: NaN or infinity")
    return arrays


def _write_description(entries: dict[str, Any], path: Path) -> None:
    DESCRIPTION.write(path.parent, entries)


def _read_description(file: BinaryIO) -> dict[str, Any]:
    return DESCRIPTION.parse(file.read(MAX_BYTES + 1), Path(file.name).parent)


def _read_hashes(file: BinaryIO) -> Arrays:
    # Before memory is taken for them.
    if os.fstat(file.fileno()).st_size > MOST * _BYTES_OF_HASH + _AROUND:
        raise ValueError(f"{Path(file.name).name} must have at most {MOST:,} hashes")
    return load_arrays(file)


PARTS = (
    # Format 1 had other keys, which are still read.
    Part("description", (DESCRIPTION.name,), _write_description, _read_description, since=2),
    Part("graph", ("graph.xml", "graph.bin"), write_graph, None, since=1),
    Part("head", ("head.npz",), save_arrays, load_arrays, since=1),
    Part("golden", ("golden.npz",), save_arrays, load_arrays, since=1),
    Part("examples", ("examples.npz",), save_arrays, None, since=2, optional=True),
    Part("decision", ("decision.npz",), save_arrays, load_arrays, since=2, optional=True),
    Part("hashes", ("hashes.npz",), save_arrays, _read_hashes, since=2, optional=True),
)

#: The files of all parts, and those that every model has.
FILES = tuple(file for part in PARTS for file in part.files)
REQUIRED = tuple(file for part in PARTS if not part.optional for file in part.files)


#: The first format whose graph may have 8 bits.
QUANTISED_SINCE = 3


def format_of(names: Iterable[str], *, quantised: bool = False) -> int:
    """Return the format of a model of the parts with these names, and of a graph with 8 bits."""
    formats = [part.since for part in PARTS if part.name in set(names)]
    return max([*formats, QUANTISED_SINCE] if quantised else formats)


def write_parts(values: Mapping[str, Any], folder: Path) -> None:
    """Write the parts that have a value, and the list of their files."""
    written = [part for part in PARTS if part.name in values]
    for part in written:
        part.write(values[part.name], folder / part.files[0])
    write_checksums(folder, [file for part in written for file in part.files])


def check_parts(folder: Path) -> dict[str, str]:
    """Return the hash of each file of the parts that the model in `folder` has.

    Raises
    ------
    DamagedModel
        If a file is missing or altered, or the list of files is.
    """
    return _check_parts(folder, read_checksums(folder))


def read_parts(folder: Path) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the value of each part that is read here, and the hash of each file.

    Each value was read from the very bytes that have the hash which is listed.

    Raises
    ------
    DamagedModel
        See `check_parts`.
    One of `headstart.model.description.UNSUITABLE`
        If a part is not what headstart writes.
    """
    listed = read_checksums(folder)
    hashes = _check_parts(folder, listed)
    values = {}
    for part in PARTS:
        if part.read is not None and part.files[0] in hashes:
            with _opened(folder, part.files[0]) as file:
                values[part.name] = part.read(file)
                # It was checked already, but may have been replaced or written to since then.
                _compare(folder, file, hashes)
    return values, hashes


def read_part(folder: Path, name: str) -> Arrays | None:
    """Return the arrays of a part that loading leaves out; None if the model has no such part.

    Raises
    ------
    DamagedModel
        If the list of files was altered, or the file is missing or altered.
    ValueError
        If the file is no archive of arrays.
    """
    (file,) = (part.files[0] for part in PARTS if part.name == name)
    listed = read_checksums(folder)
    if file not in listed:
        return None
    with _opened(folder, file) as opened:
        _compare(folder, opened, listed)
        arrays = load_arrays(opened)
        _compare(folder, opened, listed)
    return arrays


def _check_parts(folder: Path, listed: Mapping[str, str]) -> dict[str, str]:
    present = [file for file in FILES if file in listed or file in REQUIRED]
    check_files(folder, listed, present)
    return {file: listed[file] for file in present}


def write_checksums(folder: Path, names: Iterable[str]) -> None:
    """List the named files of `folder`."""
    (folder / CHECKSUMS).write_bytes(_text({name: hash_file(folder / name) for name in names}))


def check_files(folder: Path, listed: Mapping[str, str], names: Iterable[str]) -> None:
    """Check that each named file is listed, is there, and has the hash that is listed.

    Raises
    ------
    DamagedModel
    """
    for name in names:
        if name not in listed:
            raise _damaged(folder, f"{CHECKSUMS} does not list {name}")
        with _opened(folder, name) as file:
            _compare(folder, file, listed)


def read_checksums(folder: Path) -> dict[str, str]:
    """Return name and hash of each file that is listed.

    Raises
    ------
    DamagedModel
        If the list is missing, or not as `write_checksums` writes it.
    """
    content = checksums(folder)
    if content is None:
        raise _damaged(folder, f"{CHECKSUMS} is missing or far too long")
    found = [_LINE.fullmatch(line) for line in content.decode("ascii", "replace").splitlines()]
    listed = {match[2]: match[1] for match in found if match}
    if _text(listed) != content:
        raise _damaged(folder, f"{CHECKSUMS} was altered")
    return listed


def checksums(folder: Path) -> bytes | None:
    """Return the list of the files as it is at this moment; None if there is none.

    It tells whether another model took the place of the one that was being read.
    """
    with contextlib.suppress(OSError, ValueError):
        return read_bytes(folder / CHECKSUMS, _MAX_BYTES)
    return None


def _opened(folder: Path, name: str) -> BinaryIO:
    try:
        return open_regular(folder / name)
    except OSError as error:
        raise _damaged(folder, f"{name} is missing or can't be read") from error


def _compare(folder: Path, file: BinaryIO, listed: Mapping[str, str]) -> None:
    """Check that an open file has the hash that is listed."""
    name = Path(file.name).name
    try:
        found = hash_open(file, MAX_BYTES if name == DESCRIPTION.name else LARGEST)
    except OSError as error:
        raise _damaged(folder, f"{name} can't be read ({error.strerror})") from error
    if found != listed[name]:
        raise _damaged(folder, f"{name} was altered")


def _text(listed: Mapping[str, str]) -> bytes:
    return "".join(f"{listed[name]}  {name}\n" for name in sorted(listed)).encode()


def _damaged(folder: Path, why: str) -> DamagedModel:
    return DamagedModel(
        f"The saved model in {folder} is damaged: {why}. Copy it again, or train it again."
    )
