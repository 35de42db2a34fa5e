"""Backbone folders: a network of one's own as two files.

::

    backbone.json          what it is, as the catalogue's rows say it; its classes; a hash
    backbone.weights.h5    Keras's weights; kernels in half precision

``mini`` is one that is part of the package. What is written here is read back as a `Backbone`, and
is as good as a name wherever one is asked for.
"""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any

from headstart.backbones.architectures import ARCHITECTURES
from headstart.backbones.classes import ClassName
from headstart.backbones.row import Backbone
from headstart.backbones.rows import ROWS
from headstart.backbones.weights import FOLDER_WEIGHTS, find_weights, hash_file
from headstart.descriptions import DescriptionFile

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from h5py import Dataset, Group
    from numpy.typing import NDArray

DESCRIPTION = DescriptionFile("backbone.json", "backbone", newest=1)

_LARGEST_SIDE = 4096  # of an image; a network for more would not fit into memory


def write_backbone(folder: Path, backbone: Backbone, weights: Path) -> None:
    """Write a backbone into an empty folder.

    Parameters
    ----------
    folder : Path
        Must exist. To have it whole or absent, call this inside `headstart.storage.whole_folder`.
    backbone : Backbone
        Its `folder` and weights are not looked at.
    weights : Path
        Keras's ``.weights.h5`` of the network with its classifier. Kernels are kept in half
        precision; so are no biases and no statistics, which are few and less forgiving.

    Raises
    ------
    ValueError
        If a field of `backbone` is none that `read_backbone` would take.
    """
    pack_weights(weights, folder / FOLDER_WEIGHTS)
    entries = {
        "backbone": {name: getattr(backbone, name) for name in _FIELDS},
        "classes": backbone.classes,
        "files": {FOLDER_WEIGHTS: hash_file(folder / FOLDER_WEIGHTS)},
    }
    _row(json.loads(DESCRIPTION.text(entries)), folder)
    DESCRIPTION.write(folder, entries)


def read_backbone(folder: Path) -> Backbone:
    """Read a backbone's folder and check that its weights are whole.

    Raises
    ------
    NotASavedModel
        If there is no ``backbone.json``, or it is something else.
    NewerFormat
        If a newer headstart wrote it.
    DamagedModel
        If the weights are missing, cut short or altered.
    """
    row = read_row(folder)
    find_weights(row)
    return row


def read_row(folder: Path) -> Backbone:
    """Read what a backbone is, without a look at its weights.

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

    The same numbers always give the same bytes. What an optimizer keeps beside is left out.
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


def _row(described: dict[str, Any], folder: Path) -> Backbone:
    """Return the row that ``backbone.json`` describes; refuse what is not of its kind."""
    fields = {name: described["backbone"][name] for name in _FIELDS}
    for name, fits in _FIELDS.items():
        if not fits(fields[name]):
            raise ValueError(f"{name} is {fields[name]!r}")
    row = Backbone(
        **{**fields, "size": tuple(fields["size"])},
        folder=folder,
        weights_sha256=_text(described["files"][FOLDER_WEIGHTS]),
        classes=_classes(described["classes"]),
    )
    if not row.min_size <= min(row.size) <= max(row.size) <= (row.max_size or math.inf):
        raise ValueError(f"size is {row.size}")
    return row


def _classes(names: Any) -> tuple[ClassName, ...] | None:  # noqa: ANN401 - anything JSON can hold
    if names is None:
        return None
    return tuple(ClassName(_text(identity), _text(label)) for identity, label in names)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_file_name(value: object) -> bool:
    # It becomes part of the names of files.
    return isinstance(value, str) and bool(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", value))


def _is_builder(value: object) -> bool:
    return value in {*ARCHITECTURES, *(row.builder for row in ROWS)}


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _is_share(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


def _or_none(fits: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: value is None or fits(value)


def _one_of(*known: str) -> Callable[[object], bool]:
    return lambda value: value in known


def _is_size(value: object) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(map(_is_side, value))


def _is_side(value: object) -> bool:
    return _is_count(value) and value <= _LARGEST_SIDE  # type: ignore[operator]


_FIELDS: dict[str, Callable[[object], bool]] = {
    "name": _is_file_name,
    "family": _is_text,
    "builder": _is_builder,
    "size": _is_size,
    "min_size": _is_side,
    "max_size": _or_none(_is_side),
    "preprocessing": _one_of("caffe", "tf", "torch", "inside"),
    "feature_layer": _or_none(_is_text),
    "n_features": _is_count,
    "resize": _one_of("crop", "squash", "pad", "keras"),
    "crop_fraction": lambda value: _is_share(value) and bool(value),
    "trained_on": _is_text,
    "license": _is_text,
    "parameters": _is_count,
    "macs": _is_count,
    "top1": _or_none(_is_share),
    "top5": _or_none(_is_share),
    "source": _is_text,
}
