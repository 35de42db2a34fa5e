"""Checkpoints: all that a training needs to continue, in one file."""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from headstart.errors import DamagedModel
from headstart.storage import whole_file
from headstart.untrusted.json_text import parse_json

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

_FACTS = "facts"


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
    facts = np.frombuffer(json.dumps(checkpoint.facts).encode(), np.uint8)
    with whole_file(path) as new, new.open("wb") as file:
        np.savez(file, **{_FACTS: facts}, **flat)  # type: ignore[arg-type]


def load_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint.

    Raises
    ------
    DamagedModel
        If the file is damaged, or no checkpoint.
    """
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            facts = parse_json(file[_FACTS].tobytes(), finite=False)
            names = [name for name in file.files if name != _FACTS]
            found = {name: file[name] for name in names}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise DamagedModel(
            f"{path} must be a checkpoint of headstart. Received: {error}. "
            "Delete its folder to start anew."
        ) from error
    return Checkpoint(_grouped(found), facts)


def _grouped(flat: dict[str, NDArray[Any]]) -> dict[str, list[NDArray[Any]]]:
    groups: dict[str, dict[int, NDArray[Any]]] = {}
    for name, array in flat.items():
        group, _, index = name.rpartition("/")
        groups.setdefault(group, {})[int(index)] = array
    return {group: [arrays[i] for i in sorted(arrays)] for group, arrays in groups.items()}
