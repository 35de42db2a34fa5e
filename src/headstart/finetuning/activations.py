"""Activations at the freeze point, computed once for several views of each image, kept on disk."""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import shutil
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from headstart.augmentation.settings import Augmentation
from headstart.backbones import keras_process
from headstart.backbones.weights import check_unchanged
from headstart.features.compiling import choose_runtime, compile_network
from headstart.images.cores import usable_cores
from headstart.networks.network import DESCRIPTION, GRAPH, Network, hash_files
from headstart.progress import track
from headstart.storage.disk import hash_file
from headstart.storage.whole_files import whole_file
from headstart.training.batches import made_ahead
from headstart.training.views import ViewMaker
from headstart.untrusted.json_text import read_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from headstart.backbones.row import Backbone
    from headstart.backbones.weights import WeightsFile
    from headstart.features.settings import Device
    from headstart.progress import Progress

    Arrays = list[NDArray[Any]]

# The share of the free disk space that activations may take. The rest is the user's.
_SHARE_OF_DISK = 0.5
_BATCH = 32
# Half precision, where the values fit.
_KINDS = (np.float16, np.float32)
# The hash of each file.
_HASHES = "activations.json"
_WHAT = "computing the frozen layers"


@dataclass(frozen=True, slots=True, eq=False)
class Activations:
    """The output of the frozen part of a network for several views of each image.

    Attributes
    ----------
    values : list of ndarray, shape (n_views, n, ...)
        One for each tensor that crosses the freeze point, in half precision where that holds the
        values. Memory maps of files. View 0 is the image as it is.
    """

    values: Arrays

    @property
    def n_views(self) -> int:
        """The number of views of each image."""
        return int(self.values[0].shape[0])

    def read(self, rows: NDArray[np.int64], views: NDArray[np.int64] | int = 0) -> Arrays:
        """Return views of some images: float32 arrays (m, ...)."""
        return [each[views, rows].astype(np.float32) for each in self.values]


def affordable_views(
    shapes: Sequence[tuple[int, ...]], n: int, wanted: int, limit: int, folder: Path
) -> int:
    """Return how many views of each of `n` images there is room for, up to `wanted`.

    Parameters
    ----------
    shapes : sequence of tuple of int
        The shapes of the tensors that are kept of one view.
    n, wanted : int
    limit : int
        The most bytes to take.
    folder : Path
        On the disk whose free space counts.
    """
    room = min(limit, int(shutil.disk_usage(folder).free * _SHARE_OF_DISK))
    return min(wanted, room // bytes_of_view(shapes, n))


def bytes_of_view(shapes: Sequence[tuple[int, ...]], n: int) -> int:
    """Return the bytes that one view of each of `n` images takes."""
    return n * sum(math.prod(shape) for shape in shapes) * np.dtype(np.float16).itemsize


def frozen_part(
    row: Backbone, weights: WeightsFile, size: int, layers: Sequence[str], folder: Path
) -> Network:
    """Convert the part of a backbone that leads to some of its layers.

    Returns
    -------
    Network
        With an output for each layer, called by its name. Its folder can't be loaded again.

    Raises
    ------
    ConversionError, WeightsMismatch, StorageError
    """
    folder.mkdir(exist_ok=True)
    sides = (size, size)
    found = keras_process.convert(row, weights.path, sides, folder / GRAPH, layers=layers)
    check_unchanged(weights)
    return Network(
        folder=folder,
        name=row.name,
        size=sides,
        outputs={name: tuple(shape) for name, shape in found["outputs"].items()},
        classes=None,
        resize=row.resize,
        crop_fraction=row.crop_fraction,
        interpolation=row.interpolation,
        antialias=row.antialias,
        macs=found["macs"],
        weights_sha256=weights.sha256,
        key=f"{folder / DESCRIPTION.name}",
        files=hash_files(folder),
    )


def compute_activations(
    network: Network,
    pixels: NDArray[np.uint8],
    *,
    augmentation: Augmentation,
    n_views: int,
    seed: int,
    folder: Path,
    device: Device = "auto",
    progress: Progress | None = None,
) -> Activations:
    """Run views of images through the frozen part of a network, and write the output into files.

    Files from before in the same folder are used, if they are whole; else they are made anew.

    Parameters
    ----------
    network : Network
        The frozen part, see `frozen_part`.
    pixels : ndarray of uint8, shape (n, side, side, 3)
    augmentation : Augmentation
        Makes all views but the first.
    n_views : int
    seed : int
        The same seed gives the same views.
    folder : Path
    device : {"auto", "cpu", "gpu"}
        What the network runs on.
    progress : Progress, optional

    Raises
    ------
    StorageError
        If there is no room for the files.
    """
    for kind in _KINDS:
        if _are_whole(network, kind, folder, len(pixels), n_views):
            return _opened(network, kind, folder, len(pixels), n_views)
        for file in _files(network, kind, folder).values():  # they would take the room of the new
            file.unlink(missing_ok=True)
    for kind in _KINDS:
        with contextlib.suppress(_TooLarge), _new_files(network, kind, folder) as write:
            views = _views(pixels, network.size[0], augmentation, n_views, seed)
            outputs = tuple(network.outputs)
            runtime = choose_runtime(device, network, n_views * len(pixels), outputs)
            engine = compile_network(network, outputs=outputs, runtime=runtime)
            shown = track(progress, views, _WHAT, n_views * len(pixels))
            for _, values in engine.stream((None, view) for view in shown):
                for name in network.outputs:
                    write(name, _as_bytes(values[name], kind))
            break
    return _opened(network, kind, folder, len(pixels), n_views)


class _TooLarge(Exception):
    """A value does not fit into half precision."""


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
    views = ViewMaker(pixels, usable_cores())

    def make(view: int, start: int) -> NDArray[np.uint8]:
        chosen = augmentation if view else Augmentation.none()
        random = np.random.default_rng((seed, view, start))
        rows = range(start, min(start + _BATCH, len(pixels)))
        return np.rint(views(chosen, rows, size, random)).astype(np.uint8)

    makers = (
        partial(make, view, start)
        for view in range(n_views)
        for start in range(0, len(pixels), _BATCH)
    )
    for images in made_ahead(makers, views.threads):
        yield from images


@contextlib.contextmanager
def _new_files(
    network: Network, kind: type, folder: Path
) -> Iterator[Callable[[str, bytes], None]]:
    """Yield what writes an output into its file, whole or not at all; their hashes follow."""
    files = _files(network, kind, folder)
    hashes = {name: hashlib.sha256() for name in files}
    with contextlib.ExitStack() as stack:
        # Not memory maps: a full disk would end the process without an error.
        opened = {
            name: stack.enter_context(stack.enter_context(whole_file(file)).open("wb"))
            for name, file in files.items()
        }

        def write(name: str, data: bytes) -> None:
            opened[name].write(data)
            hashes[name].update(data)

        yield write
    written = {file.name: hashes[name].hexdigest() for name, file in files.items()}
    with whole_file(folder / _HASHES) as new:
        new.write_text(json.dumps(written), "utf-8")


def _are_whole(network: Network, kind: type, folder: Path, n: int, n_views: int) -> bool:
    """Tell whether the files are as they were written, for as many images and views."""
    files = _files(network, kind, folder)
    size = np.dtype(kind).itemsize * n_views * n
    try:
        fit = all(
            file.stat().st_size == size * math.prod(network.outputs[name])
            for name, file in files.items()
        )
        written = {file.name: hash_file(file) for file in files.values()} if fit else None
        return fit and read_json(folder / _HASHES) == written
    except (OSError, ValueError):
        return False


def _as_bytes(values: NDArray[np.float32], kind: type) -> bytes:
    with np.errstate(over="ignore"):
        row: NDArray[Any] = values.astype(kind)
    if np.isinf(row).any():
        raise _TooLarge
    return row.tobytes()
