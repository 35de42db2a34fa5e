"""A user's own Keras file: ``.keras``, or ``.h5`` with a whole network in it.

What is checked here needs no Keras. `headstart.foreign.keras_models` builds the network.
"""

from __future__ import annotations

import contextlib
import math
import os
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

from headstart.escaping import quoted
from headstart.foreign.keras_config import clean_model
from headstart.storage.whole_folders import temporary_folder
from headstart.untrusted.hashed_files import LARGEST
from headstart.untrusted.hdf5_check import check_heaps, check_objects
from headstart.untrusted.json_text import MAX_BYTES, parse_json
from headstart.untrusted.regular_files import open_regular
from headstart.untrusted.zip_lists import DAMAGED, ZIP, check_list, read_member

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from h5py import File

_CONFIG, _WEIGHTS = "config.json", "model.weights.h5"
_MEMBERS = {_CONFIG, _WEIGHTS, "metadata.json"}
_STEP = 2**20
# Weights hardly get smaller by packing.
_MAX_RATIO = 20


@dataclass(frozen=True, slots=True)
class KerasFile:
    """What is in the file.

    Attributes
    ----------
    config : dict
        The description of the network, as `clean_model` returns it.
    weights : Path
        An HDF5 file that was checked, with the ending by which Keras recognises its format.
    n_numbers : int
        How many numbers it has; those of an optimizer included.
    """

    config: dict[str, Any]
    weights: Path
    n_numbers: int


@contextlib.contextmanager
def opened_keras_file(path: Path, size: tuple[int, int] | None = None) -> Iterator[KerasFile]:
    """Yield what is in a Keras file, once everything in it is checked.

    Parameters
    ----------
    path : Path
    size : tuple of int, optional
        Height and width of the images, where the network takes any.

    Raises
    ------
    ValueError
        If it is no Keras file, damaged, or holds what is refused: see `clean_model` and
        `headstart.untrusted.hdf5_check`; in an archive anything but Keras's three files; weights
        that are compressed.
    StorageError
        If there is no room for a copy of the weights among the temporary files.
    """
    with temporary_folder() as folder, open_regular(path) as file:
        is_archive = file.read(len(ZIP)) == ZIP
        file.seek(0)
        if is_archive:
            text: bytes | str = _unpacked(file, folder)
            weights = folder / _WEIGHTS
            _, n_numbers = _checked(weights)
        else:
            # The same bytes are checked and read, whatever happens to the file meanwhile.
            weights = folder / "model.h5"
            _copy(file, weights, LARGEST)
            text, n_numbers = _checked(weights)
        yield KerasFile(clean_model(parse_json(text), size), weights, n_numbers)


def _unpacked(file: BinaryIO, folder: Path) -> bytes:
    """Write the weights of an archive into `folder`; return the description."""
    size = os.fstat(file.fileno()).st_size
    try:
        check_list(file, size)
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            _check_members(members)
            with archive.open(_WEIGHTS) as weights:
                _copy(weights, folder / _WEIGHTS, _MAX_RATIO * size)
            return read_member(archive, archive.getinfo(_CONFIG), MAX_BYTES)
    except (KeyError, *DAMAGED) as error:
        raise ValueError(f"an archive that can't be read: {error}") from error


def _check_members(members: list[zipfile.ZipInfo]) -> None:
    names = [member.filename for member in members if not _is_empty_folder(member)]
    strange = [name for name in names if name not in _MEMBERS]
    if strange:
        raise ValueError(f"{quoted(strange[0])} in the archive")
    if len(set(names)) < len(names):
        raise ValueError("two files of one name in the archive")
    for member in members:
        plain = member.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
        if member.flag_bits & 1 or not plain:
            raise ValueError(f"{quoted(member.filename)}, encrypted or packed in another way")


def _is_empty_folder(member: zipfile.ZipInfo) -> bool:
    return member.filename == "assets/" and member.file_size == 0


def _copy(source: Any, path: Path, most: int) -> None:
    with path.open("wb") as target:
        while step := source.read(_STEP):
            target.write(step)
            if target.tell() > most:
                raise ValueError(f"weights of more than {most:,} bytes")


def _checked(path: Path) -> tuple[str, int]:
    """Check an HDF5 file; return its description of a network, if it has one, and its numbers."""
    import h5py

    try:
        check_heaps(path)
        with h5py.File(path, "r") as file:
            check_objects(file)
            return _description(file), _count_numbers(file, path.stat().st_size)
    except (AttributeError, KeyError, OSError, RuntimeError, TypeError) as error:
        raise ValueError(f"HDF5 that can't be read: {error}") from error


def _description(file: File) -> str:
    if "model_config" not in file.attrs:
        if file.filename.endswith(_WEIGHTS):
            return ""
        raise ValueError(
            "an HDF5 file without the attribute model_config: weights alone, which belong to a "
            "network of the catalogue (--model NAME --weights FILE) or need the whole network"
        )
    text = file.attrs["model_config"]
    return text.decode("utf-8") if isinstance(text, bytes) else str(text)


def _count_numbers(file: File, size: int) -> int:
    import h5py

    arrays: list[tuple[int, int]] = []

    def visit(_: str, item: object) -> None:
        if isinstance(item, h5py.Dataset):
            arrays.append((math.prod(item.shape or ()), item.dtype.itemsize))

    file.visititems(visit)
    if sum(count * width for count, width in arrays) > size:
        raise ValueError("arrays that are longer than the file")
    return sum(count for count, _ in arrays)
