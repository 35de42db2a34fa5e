"""Named arrays in one file: NumPy's own format, uncompressed, without a way to run code."""

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Arrays = dict[str, npt.NDArray[Any]]


def save_arrays(arrays: Arrays, path: Path) -> None:
    """Write `arrays` to `path` (``.npz``)."""
    for name, array in arrays.items():
        if array.dtype.hasobject:
            raise TypeError(f"{name} must be an array of numbers. Received: {array.dtype}")
    np.savez(path, **arrays)  # type: ignore[arg-type]  # NumPy's stub mixes up its own keyword


def load_arrays(path: Path) -> Arrays:
    """Read what `save_arrays` wrote.

    Nothing is unpickled, and nothing takes more memory than its file takes on disk.

    Raises
    ------
    ValueError
        If the file holds anything else.
    """
    try:
        with zipfile.ZipFile(path) as file:
            if any(entry.compress_type != zipfile.ZIP_STORED for entry in file.infolist()):
                raise ValueError(f"{path.name} must not be compressed")
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (zipfile.BadZipFile, EOFError, OSError, KeyError) as error:
        raise ValueError(f"{path.name} can't be read: {error}") from error
