"""Backbone folders: a user's own network in two files.

::

    backbone.json          the facts of a row of the catalogue, the classes, and a hash
    backbone.weights.h5    Keras's weights, with kernels in half precision

A backbone folder can be given wherever the name of a backbone can. ``mini`` is one that is part of
the package.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from headstart import records
from headstart.backbones.architectures import ARCHITECTURES
from headstart.backbones.row import Backbone
from headstart.backbones.rows import ROWS
from headstart.backbones.weights import FOLDER_WEIGHTS, find_weights
from headstart.descriptions import DescriptionFile
from headstart.errors import DamagedModel
from headstart.networks.network import LARGEST_SIDE
from headstart.networks.preprocessing import KERAS_MODES
from headstart.storage.disk import hash_file

if TYPE_CHECKING:
    from pathlib import Path

    from h5py import Dataset, Group
    from numpy.typing import NDArray

DESCRIPTION = DescriptionFile("backbone.json", "backbone", newest=2)

# What is not written: where the weights are is given by the folder, and the classes stand apart.
_NOT_WRITTEN = ("weights", "weights_without_top", "folder", "weights_sha256", "classes")

_BUILDERS = {*ARCHITECTURES, *(row.builder for row in ROWS)}


def write_backbone(folder: Path, backbone: Backbone, weights: Path) -> None:
    """Write a backbone into an empty folder.

    Parameters
    ----------
    folder : Path
        Must exist. To have it whole or absent, call this inside
        `headstart.storage.whole_folders.whole_folder`.
    backbone : Backbone
        Its `folder` and weights are ignored.
    weights : Path
        Keras's ``.weights.h5`` of the network with its classifier. Kernels are kept in half
        precision; biases and statistics are few and less forgiving, and stay as they are.

    Raises
    ------
    ValueError
        If `read_backbone` would refuse a field of `backbone`.
    """
    pack_weights(weights, folder / FOLDER_WEIGHTS)
    entries = {
        "backbone": records.to_json(backbone, without=_NOT_WRITTEN),
        "classes": backbone.classes,
        "files": {FOLDER_WEIGHTS: hash_file(folder / FOLDER_WEIGHTS)},
    }
    _row(DESCRIPTION.parse(DESCRIPTION.text(entries).encode(), folder), folder)
    DESCRIPTION.write(folder, entries)


def read_backbone(folder: Path) -> Backbone:
    """Read a backbone's folder and check its weights.

    Raises
    ------
    NotASavedModel
        If ``backbone.json`` is missing or is something else.
    NewerFormat
        If a newer headstart wrote the folder.
    DamagedModel
        If the weights are missing, cut short or altered.
    """
    try:
        return _checked(folder)
    except DamagedModel:
        # Another backbone may have taken its place while it was read.
        return _checked(folder)


def _checked(folder: Path) -> Backbone:
    row = read_row(folder)
    find_weights(row)
    return row


def read_row(folder: Path) -> Backbone:
    """Read a backbone's folder without its weights.

    Raises
    ------
    NotASavedModel, NewerFormat
        See `read_backbone`.
    """
    entries = DESCRIPTION.read(folder)
    with DESCRIPTION.reading(folder):
        return _row(entries, folder)


def pack_weights(source: Path, target: Path) -> None:
    """Copy a Keras weights file, with its kernels in half precision.

    The same numbers always give the same bytes. What an optimizer keeps beside is not copied.
    """
    import h5py

    with h5py.File(source, "r") as old, h5py.File(target, "w") as new:
        _copy(old, new)


def _copy(old: Group, new: Group) -> None:
    for key in sorted(old.attrs):
        new.attrs[key] = old.attrs[key]
    for name in sorted(old):
        item = old[name]
        if hasattr(item, "keys"):
            if name != "optimizer":
                _copy(item, new.create_group(name))
        else:
            new.create_dataset(name, data=_packed(item), track_times=False)


def _packed(array: Dataset) -> NDArray[Any]:
    import numpy as np

    values = np.asarray(array)
    if values.dtype.kind != "f":
        return values
    with np.errstate(over="ignore"):
        half = values.astype(np.float16)
    fits = values.ndim >= 2 and bool(np.isfinite(half).all())
    return half if fits else values.astype(np.float32)


def _row(entries: dict[str, Any], folder: Path) -> Backbone:
    """Return the row that ``backbone.json`` describes.

    Raises
    ------
    ValueError, and others if entries are of other types
        If a value is not one that this headstart knows how to use.
    """
    fields = {**entries["backbone"], "classes": entries["classes"]}
    fields["weights_sha256"] = entries["files"][FOLDER_WEIGHTS]
    if isinstance(fields["preprocessing"], str):  # in format 1
        fields["preprocessing"] = records.to_json(KERAS_MODES[fields["preprocessing"]])
    row = records.from_json(Backbone, fields, folder=folder, weights=None, weights_without_top=None)
    for name, fits in _checks(row).items():
        if not fits:
            raise ValueError(f"{name} is {getattr(row, name)!r}")
    return row


def _checks(row: Backbone) -> dict[str, bool]:
    """Return for each field whether its value can be used; the types are right already."""
    most = row.max_size or LARGEST_SIDE
    return {
        # It becomes part of the names of files.
        "name": bool(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", row.name)),
        "builder": row.builder in _BUILDERS,
        "size": 1 <= row.min_size <= min(row.size) <= max(row.size) <= most <= LARGEST_SIDE,
        "preprocessing": row.preprocessing.scale > 0 and min(row.preprocessing.std) > 0,
        "n_features": row.n_features > 0,
        "crop_fraction": 0 < row.crop_fraction <= 1,
        "parameters": row.parameters > 0,
        "macs": row.macs > 0,
        "classes": all(isinstance(name.label, str) for name in row.classes or ()),
        "top1": row.top1 is None or 0 <= row.top1 <= 1,
        "top5": row.top5 is None or 0 <= row.top5 <= 1,
    }
