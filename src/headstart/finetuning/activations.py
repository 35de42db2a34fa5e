"""What crosses the freeze point, computed once for several views of each picture, kept on disk."""

from __future__ import annotations

import contextlib
import math
import os
import shutil
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from headstart.augmentation.settings import Augmentation
from headstart.backbones import convert
from headstart.backbones.network import DESCRIPTION, GRAPH, Network
from headstart.features.compiling import compile_network
from headstart.progress import track
from headstart.storage import whole_file
from headstart.training.batches import made_ahead

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from headstart.backbones.row import Backbone
    from headstart.backbones.weights import WeightsFile
    from headstart.features.engine import Values
    from headstart.progress import Progress

    Arrays = list[NDArray[Any]]

# Of the disk that is free, what the store may take at most: the rest is the user's.
_SHARE_OF_DISK = 0.5
_AT_ONCE = 32
# Half precision, where the numbers fit.
_KINDS = (np.float16, np.float32)
_WHAT = "computing what lies below the freeze point"


@dataclass(frozen=True, slots=True, eq=False)
class Activations:
    """Views of pictures as they come out of the frozen part of a network.

    Attributes
    ----------
    values : list of ndarray, shape (n_views, n, ...)
        One for each tensor that crosses the freeze point: half precision where that holds them,
        read from disk where they are needed. View 0 is the picture as it is.
    """

    values: Arrays

    @property
    def n_views(self) -> int:
        """Views of each picture."""
        return int(self.values[0].shape[0])

    def read(self, places: NDArray[np.int64], views: NDArray[np.int64] | int = 0) -> Arrays:
        """Return views of some pictures: float32 arrays (m, ...)."""
        return [each[views, places].astype(np.float32) for each in self.values]


def affordable_views(
    shapes: Sequence[tuple[int, ...]], n: int, wanted: int, limit: int, folder: Path
) -> int:
    """Return how many views of `n` pictures there is room for, `wanted` at most; maybe none.

    Parameters
    ----------
    shapes : sequence of tuple of int
        Of what is kept of one view.
    n, wanted : int
    limit : int
        Bytes.
    folder : Path
        On the disk whose free space counts.
    """
    room = min(limit, int(shutil.disk_usage(folder).free * _SHARE_OF_DISK))
    return min(wanted, room // bytes_of_view(shapes, n))


def bytes_of_view(shapes: Sequence[tuple[int, ...]], n: int) -> int:
    """Return the bytes that one view of each of `n` pictures takes."""
    return n * sum(math.prod(shape) for shape in shapes) * np.dtype(np.float16).itemsize


def frozen_part(
    row: Backbone,
    weights: WeightsFile,
    size: tuple[int, int],
    layers: Sequence[str],
    folder: Path,
) -> Network:
    """Convert the part of a backbone that leads to some of its layers.

    Returns
    -------
    Network
        Its outputs are called as the layers are. It is no folder that could be loaded again.

    Raises
    ------
    ConversionError, WeightsMismatch, StorageError
    """
    folder.mkdir(exist_ok=True)
    found = convert.convert(row, weights.path, size, folder / GRAPH, layers=layers)
    return Network(
        folder=folder,
        name=row.name,
        size=size,
        outputs={name: tuple(shape) for name, shape in found["outputs"].items()},
        classes=None,
        resize=row.resize,
        crop_fraction=row.crop_fraction,
        macs=found["macs"],
        weights_sha256=weights.sha256,
        key=f"{folder / DESCRIPTION.name}",
    )


def compute(
    network: Network,
    pixels: NDArray[np.uint8],
    *,
    augmentation: Augmentation,
    n_views: int,
    seed: int,
    folder: Path,
    progress: Progress | None = None,
) -> Activations:
    """Run views of pictures through the frozen part of a network, and keep what comes out.

    What was kept before in the same folder is taken as it is.

    Parameters
    ----------
    network : Network
        As `frozen_part` makes it.
    pixels : ndarray of uint8, shape (n, side, side, 3)
    augmentation : Augmentation
        Makes all views but the first.
    n_views : int
    seed : int
        The same views for the same seed.
    folder : Path
    progress : callable, optional

    Raises
    ------
    StorageError
        If there is no room for it.
    """
    for kind in _KINDS:
        if all(file.exists() for file in _files(network, kind, folder).values()):
            return _opened(network, kind, folder, len(pixels), n_views)
    engine = compile_network(network, outputs=tuple(network.outputs))
    for kind in _KINDS:
        views = _views(pixels, network.size[0], augmentation, n_views, seed)
        shown = track(progress, views, _WHAT, n_views * len(pixels))
        rows = (values for _, values in engine.stream((None, view) for view in shown))
        with contextlib.suppress(_TooLarge):
            _write(_files(network, kind, folder), rows, kind)
            break
    return _opened(network, kind, folder, len(pixels), n_views)


class _TooLarge(Exception):
    """A number does not fit half precision."""


def _files(network: Network, kind: type, folder: Path) -> dict[str, Path]:
    ending = np.dtype(kind).name
    return {name: folder / f"{place}.{ending}" for place, name in enumerate(network.outputs)}


def _opened(network: Network, kind: type, folder: Path, n: int, n_views: int) -> Activations:
    return Activations(
        [
            np.memmap(file, kind, "r", shape=(n_views, n, *network.outputs[name]))
            for name, file in _files(network, kind, folder).items()
        ]
    )


def _views(
    pixels: NDArray[np.uint8], size: int, augmentation: Augmentation, n_views: int, seed: int
) -> Iterator[NDArray[np.uint8]]:
    def make(view: int, start: int) -> NDArray[np.uint8]:
        chosen = augmentation if view else Augmentation.none()
        random = np.random.default_rng((seed, view, start))
        images = chosen.batch(list(pixels[start : start + _AT_ONCE]), size, random)
        return np.rint(images).astype(np.uint8)

    makers = (
        partial(make, view, start)
        for view in range(n_views)
        for start in range(0, len(pixels), _AT_ONCE)
    )
    for images in made_ahead(makers, os.cpu_count() or 1):
        yield from images


def _write(files: dict[str, Path], rows: Iterable[Values], kind: type) -> None:
    """Write each output into its file, whole or not at all."""
    with contextlib.ExitStack() as stack:
        # Not through maps of the files: a full disk would end the process there and then.
        opened = {
            name: stack.enter_context(stack.enter_context(whole_file(file)).open("wb"))
            for name, file in files.items()
        }
        for values in rows:
            for name, file in opened.items():
                with np.errstate(over="ignore"):
                    row: NDArray[Any] = values[name].astype(kind)
                if np.isinf(row).any():
                    raise _TooLarge
                file.write(row.tobytes())
