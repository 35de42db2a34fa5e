"""Which files a network of another program consists of, and one hash of them all."""

from __future__ import annotations

import hashlib
import json
import stat
from typing import TYPE_CHECKING

from headstart.errors import ConversionError
from headstart.escaping import quoted
from headstart.foreign.onnx_check import external_files
from headstart.untrusted.hashed_files import hash_open
from headstart.untrusted.regular_files import open_regular

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from headstart.foreign.files import ForeignFile

# Files and folders of a SavedModel.
_MOST_FILES = 10_000


def files_of(file: ForeignFile) -> dict[str, Path]:
    """Return every file that the network consists of, by its place.

    Parameters
    ----------
    file : ForeignFile

    Returns
    -------
    dict of str to Path
        Places are relative to the file's folder; for a SavedModel, to the SavedModel's.

    Raises
    ------
    ConversionError
        If a file is missing, lies elsewhere, is a link or no regular file; or there are too many.
    """
    try:
        found = dict(sorted(_files(file)))
        for place, path in found.items():
            _check_regular(file, place, path)
    except (OSError, ValueError) as error:
        raise refused(file, str(error)) from error
    return found


def hashes_of(file: ForeignFile) -> dict[str, str]:
    """Return the SHA-256, in hexadecimal, of every file of a network, by its place.

    Raises
    ------
    ConversionError
        See `files_of`.
    """
    hashes = {}
    for place, path in files_of(file).items():
        try:
            with open_regular(path) as opened:
                hashes[place] = hash_open(opened)
        except OSError as error:
            raise refused(file, f"{place}: {error.strerror}") from error
    return hashes


def hash_of(file: ForeignFile) -> str:
    """Return one SHA-256, in hexadecimal, of all files of a network and their places.

    That of a single file is the file's own.

    Raises
    ------
    ConversionError
        See `files_of`.
    """
    hashes = hashes_of(file)
    if len(hashes) == 1 and file.format != "saved_model":
        return next(iter(hashes.values()))
    return hashlib.sha256(json.dumps(hashes).encode()).hexdigest()


def refused(file: ForeignFile, why: str) -> ConversionError:
    """Return the error for a file that can't be taken."""
    return ConversionError(
        f"{file.path} must hold a network that headstart can take. Received: {why}."
    )


def _files(file: ForeignFile) -> Iterator[tuple[str, Path]]:
    path = file.path
    if file.format == "saved_model":
        yield from _below(path)
        return
    yield path.name, path
    if file.format == "openvino":
        yield f"{path.stem}.bin", path.with_suffix(".bin")
    if file.format == "onnx":
        for place in external_files(path):
            yield place, path.parent / place


def _below(folder: Path) -> Iterator[tuple[str, Path]]:
    for n_files, path in enumerate(folder.rglob("*")):
        if n_files > _MOST_FILES:
            raise ValueError(f"a folder with more than {_MOST_FILES:,} files")
        if path.is_symlink() or not path.is_dir():
            yield path.relative_to(folder).as_posix(), path


def _check_regular(file: ForeignFile, place: str, path: Path) -> None:
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError as error:
        raise ValueError(f"its file {quoted(place)} is missing") from error
    if path == file.path:
        return  # it may be named by a link
    # What belongs to it leads nowhere else, and neither do the folders that it is in.
    folder = file.path if file.format == "saved_model" else file.path.parent
    if not stat.S_ISREG(mode) or path.resolve() != folder.resolve() / place:
        raise ValueError(f"its file {quoted(place)} is a link or no regular file")
