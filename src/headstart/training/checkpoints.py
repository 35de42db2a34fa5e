"""Checkpoints: all that a training needs to continue, in one file."""

from __future__ import annotations

import contextlib
import hashlib
import json
import tokenize
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from headstart.errors import DamagedModel
from headstart.storage.whole_files import whole_file
from headstart.untrusted.array_files import read_arrays
from headstart.untrusted.json_text import parse_json
from headstart.untrusted.regular_files import open_regular

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

_FACTS, _DIGEST = "facts", "digest"
# What NumPy raises for files that it did not write.
_UNREADABLE = (
    *(ArithmeticError, AttributeError, EOFError, LookupError, MemoryError, OSError, TypeError),
    *(ValueError, zipfile.BadZipFile, tokenize.TokenError, NotImplementedError, RuntimeError),
)
# The most characters of an error that a message quotes.
_SHOWN = 500


@dataclass(frozen=True, slots=True, eq=False)
class Checkpoint:
    """The state of a training.

    Attributes
    ----------
    arrays : dict of str to list of ndarray
        Groups of arrays, such as the weights and the state of the optimizer.
    facts : dict
        Everything else, in JSON's types.
    """

    arrays: dict[str, list[NDArray[Any]]]
    facts: dict[str, Any]


def save_checkpoint(checkpoint: Checkpoint, path: Path) -> None:
    """Write a checkpoint, whole or not at all.

    Raises
    ------
    StorageError
        If it can't be written. The checkpoint from before stays.
    """
    flat = {
        f"{group}/{index}": array
        for group, arrays in checkpoint.arrays.items()
        for index, array in enumerate(arrays)
    }
    flat[_FACTS] = np.frombuffer(json.dumps(checkpoint.facts).encode(), np.uint8)
    flat[_DIGEST] = _digest(flat)
    with whole_file(path) as new, new.open("wb") as file:
        np.savez(file, **flat)  # type: ignore[arg-type]


def load_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint.

    Raises
    ------
    DamagedModel
        If the file is damaged, or no checkpoint.
    """
    with reading(path), open_regular(path) as file:
        flat = read_arrays(file)
        written = flat.pop(_DIGEST, None)  # headstart 0.1 wrote none
        if written is not None and not np.array_equal(written, _digest(flat)):
            raise ValueError("its digest is not that of its arrays")
        facts = parse_json(flat.pop(_FACTS).tobytes(), finite=False)
        return Checkpoint(_grouped(flat), facts)


@contextlib.contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn what a checkpoint raises that is none, or that of another training, into `DamagedModel`.

    To be open as well while a training takes the arrays and facts for its own.
    """
    try:
        yield
    except _UNREADABLE as error:
        raise DamagedModel(
            f"{path} must be a checkpoint of this training. Received: {str(error)[:_SHOWN]}. "
            "Start anew (--restart)."
        ) from error


def _digest(flat: dict[str, NDArray[Any]]) -> NDArray[np.uint8]:
    """Return the hash of the names, types, shapes and values of arrays."""
    digest = hashlib.sha256()
    for name, array in sorted(flat.items()):
        digest.update(f"{name} {array.dtype} {array.shape}\n".encode())
        digest.update(array.tobytes())
    return np.frombuffer(digest.digest(), np.uint8)


def _grouped(flat: dict[str, NDArray[Any]]) -> dict[str, list[NDArray[Any]]]:
    groups: dict[str, dict[int, NDArray[Any]]] = {}
    for name, array in flat.items():
        group, _, index = name.rpartition("/")
        groups.setdefault(group, {})[int(index)] = array
    return {group: [arrays[i] for i in sorted(arrays)] for group, arrays in groups.items()}
