"""The arrays in a weights file, listed without Keras."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from headstart.errors import WeightsMismatch

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from h5py import Dataset, File, Group

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class WeightsLayout:
    """The arrays in a weights file.

    Attributes
    ----------
    format : {'keras 3', 'keras 2'}
        ``.weights.h5`` as Keras 3 writes it, or the older ``.h5`` of the official files.
    shapes : tuple of tuple of int
        Shape of each array, sorted.
    """

    format: Literal["keras 3", "keras 2"]
    shapes: tuple[Shape, ...]


def read_layout(path: Path) -> WeightsLayout:
    """List the arrays of an HDF5 weights file.

    Raises
    ------
    WeightsMismatch
        If the file is not HDF5, is cut short, or holds no Keras weights.
    """
    import h5py

    try:
        with h5py.File(path, "r") as file:
            return _layout(file, path)
    except (AttributeError, KeyError, OSError, RuntimeError, TypeError, ValueError) as error:
        raise WeightsMismatch(
            "A weights file must be HDF5 as Keras writes it (.weights.h5 or .h5). "
            f"Received {path}, which can't be read: {error}. "
            "If a download or copy was cut short, fetch the file again."
        ) from error


def _layout(file: File, path: Path) -> WeightsLayout:
    saved = file.get("model_weights", file)
    if "layer_names" in saved.attrs:
        return WeightsLayout("keras 2", tuple(sorted(_keras_2_shapes(saved))))
    if "layers" in file or "_layer_checkpoint_dependencies" in file:
        return WeightsLayout("keras 3", tuple(sorted(_keras_3_shapes(file))))
    raise WeightsMismatch(
        f"A weights file must hold the weights of a Keras network. Received {path}, an HDF5 file "
        f"with {', '.join(sorted(file)[:5]) or 'nothing'} at its top."
    )


def _keras_2_shapes(saved: Group) -> Iterator[Shape]:
    for layer in _names(saved, "layer_names"):
        for weight in _names(saved[layer], "weight_names"):
            yield tuple(saved[layer][weight].shape)


def _names(group: Group, attribute: str) -> list[str]:
    # Keras splits long lists into attributes named weight_names0, weight_names1, ...
    parts = [key for key in group.attrs if key.rstrip("0123456789") == attribute]
    found = [name for part in sorted(parts, key=_part_number) for name in group.attrs[part]]
    return [name.decode("utf-8") if isinstance(name, bytes) else str(name) for name in found]


def _part_number(attribute: str) -> int:
    digits = attribute[len(attribute.rstrip("0123456789")) :]
    return int(digits or 0)


def _keras_3_shapes(file: File) -> Iterator[Shape]:
    import h5py

    shapes: list[Shape] = []

    def visit(name: str, item: Group | Dataset) -> None:
        # Training also keeps the state of the optimizer and of Dropout.
        of_training = name.startswith("optimizer/") or "/seed_generator/" in name
        if isinstance(item, h5py.Dataset) and not of_training:
            shapes.append(tuple(item.shape))

    file.visititems(visit)
    yield from shapes
