"""Converted networks, kept on disk.

A network is a folder::

    graph.xml, graph.bin   the OpenVINO graph: uint8 pixels in; features, feature map and class
                           probabilities out
    network.json           everything else, and the hashes of the two

It is whole or absent: it is built beside its place and moved there in one step.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import shutil
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import filelock

from headstart.backbones import convert
from headstart.backbones.catalogue import backbones
from headstart.backbones.classes import ClassName, imagenet_classes
from headstart.backbones.folders import find_backbone, is_backbone_folder
from headstart.backbones.weights import WeightsFile, check_published, find_weights, hash_file
from headstart.errors import DamagedModel, NewerFormat, NotASavedModel, UsageError
from headstart.storage import cache_dir, whole_folder, writing

if TYPE_CHECKING:
    from collections.abc import Callable

    from headstart.backbones.catalogue import Backbone
    from headstart.progress import Progress

DESCRIPTION = "network.json"
GRAPH = "graph.xml"
FILES = (GRAPH, "graph.bin")


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """A frozen network, ready to be compiled.

    Attributes
    ----------
    folder : Path
        Where its files are.
    name : str
        The backbone's.
    size : tuple of int
        Height and width of the images it takes, in pixels: uint8, RGB, ``(n, height, width, 3)``.
    outputs : dict
        Shapes without the batch axis: ``features`` ``(n,)``, ``feature_map``
        ``(height, width, channels)`` and, if it has a classifier, ``probabilities`` ``(k,)``. All
        are float32.
    classes : tuple of ClassName or None
        Names of the probabilities; None if it has none, or nobody knows what they stand for.
    resize, crop_fraction
        How a photo is brought to `size`, as on the backbone's row.
    macs : int
        Multiply-accumulates for one image.
    weights_sha256 : str
        Hash of the weights file it was made from.
    key : str
        Identifies everything that changes what comes out: row, weights, size, the format of the
        conversion, the version of Keras, `layer`, `pooling` and `mirrored`.
    layer : str or None
        The Keras layer that the features come from; None: the network's own.
    pooling : str
        What the features are: 'auto', the network's own; else see
        `headstart.backbones.pooling.pooled`.
    mirrored : bool
        Whether what comes out is the mean over the picture and its mirror image; see
        `headstart.backbones.mirroring.mirrored`.
    """

    folder: Path
    name: str
    size: tuple[int, int]
    outputs: dict[str, tuple[int, ...]]
    classes: tuple[ClassName, ...] | None
    resize: str
    crop_fraction: float
    macs: int
    weights_sha256: str
    key: str
    layer: str | None = None
    pooling: str = "auto"
    mirrored: bool = False

    @property
    def graph(self) -> Path:
        """The OpenVINO graph."""
        return self.folder / GRAPH


def find_network(
    model: str | Path | Network,
    *,
    weights: Path | None = None,
    size: tuple[int, int] | None = None,
    layer: str | None = None,
    download: bool = True,
    progress: Progress | None = None,
) -> Network:
    """Return a converted network, converting it now if that was not done before.

    Parameters
    ----------
    model : str, Path or Network
        A backbone's name, a backbone's folder, or a folder that holds a converted network.
    weights : Path, optional
        A Keras weights file for the backbone; else they are looked for as `find_weights` does.
    size : tuple of int, optional
        Height and width in pixels, instead of what the backbone was trained on.
    layer : str, optional
        The Keras layer whose output is the features, or the means of it if it is a map, instead of
        the backbone's own.
    download : bool
        Whether weights may be fetched from the network.
    progress : Progress, optional
        Shows how far it is.

    Raises
    ------
    UnknownBackbone, UsageError, WeightsError, ConversionError, StorageError, SavedModelError
    """
    if isinstance(model, Network):
        return _as_asked(size, layer, model)
    if (Path(model) / DESCRIPTION).is_file() or _must_be_network(model):
        return _as_asked(size, layer, load_network(Path(model)))
    row = find_backbone(model)
    chosen = _checked_size(row, size)
    found = find_weights(row, weights, download=download, progress=progress)
    key = network_key(row, found.sha256, chosen, layer)
    return keep_network(key, lambda folder: _convert(row, found, chosen, layer, folder))


def _as_asked(size: tuple[int, int] | None, layer: str | None, network: Network) -> Network:
    if size is not None and tuple(size) != network.size:
        known, asked = (" x ".join(map(str, sides)) for sides in (network.size, size))
        raise UsageError(
            f"{network.name} is converted already, for images of {known} pixels. Received size "
            f"{asked} (height x width). Name a backbone to have it converted for that."
        )
    if layer not in (None, network.layer):
        raise UsageError(
            f"{network.name} is converted already, with the features of "
            f"{network.layer or 'its own choice'}. Received layer {layer!r}. Name a backbone to "
            "have it converted for that."
        )
    return network


def _must_be_network(model: str | Path) -> bool:
    return isinstance(model, Path) and not is_backbone_folder(model)


def is_catalogued(network: Network) -> bool:
    """Tell whether a network was made, as it would be now, from the catalogue's row of its name.

    One from a user's own backbone folder, or pooled, or mirrored, or made by another version, was
    not.
    """
    rows = {row.name: row for row in backbones()}
    row = rows.get(network.name)
    return row is not None and network.key == network_key(row, network.weights_sha256, network.size)


def load_network(folder: Path) -> Network:
    """Read a network's folder and check that its files are whole.

    Raises
    ------
    NotASavedModel
        If there is no ``network.json``, or it is something else.
    NewerFormat
        If a newer headstart wrote it.
    DamagedModel
        If a file is missing, cut short or altered.
    """
    text = _description(folder)
    try:
        described = json.loads(text)
        version, hashes = int(described["format"]), dict(described["files"])
    except (ValueError, KeyError, OverflowError, RecursionError, TypeError) as error:
        raise _foreign(folder, error) from error
    if version > convert.FORMAT:
        raise NewerFormat(
            f"{folder} was written by a newer headstart (network format {version}; this one knows "
            f"up to {convert.FORMAT}). Update headstart."
        )
    for name in FILES:
        if not (folder / name).is_file() or hash_file(folder / name) != hashes.get(name):
            raise DamagedModel(f"{folder / name} is missing or altered. Convert the network again.")
    return _from_json(folder, described)


def save_network(network: Network, folder: Path) -> Network:
    """Copy a network into a folder of its own, which must be new or empty.

    Raises
    ------
    StorageError
        If the folder can't be written.
    """
    with whole_folder(folder) as new:
        for name in (*FILES, DESCRIPTION):
            shutil.copyfile(network.folder / name, new / name)
    return replace(network, folder=folder)


def _description(folder: Path) -> bytes:
    try:
        return (folder / DESCRIPTION).read_bytes()
    except OSError as error:
        raise NotASavedModel(
            f"A network's folder must hold {DESCRIPTION}. Received {folder}: {error.strerror}"
        ) from error


def _checked_size(row: Backbone, size: tuple[int, int] | None) -> tuple[int, int]:
    chosen = size or row.size
    if min(chosen) < row.min_size:
        raise UsageError(
            f"{row.name} takes images of at least {row.min_size} x {row.min_size} pixels. "
            f"Received {chosen[0]} x {chosen[1]} (height x width)."
        )
    if row.max_size is not None and max(chosen) > row.max_size:
        raise UsageError(
            f"{row.name} takes images of at most {row.max_size} x {row.max_size} pixels. "
            f"Received {chosen[0]} x {chosen[1]} (height x width)."
        )
    return chosen


def keep_network(key: str, make: Callable[[Path], Network]) -> Network:
    """Return the network that is kept under `key`; if there is none, make it and keep it.

    Parameters
    ----------
    key : str
        See `Network`.
    make : callable
        Called with an empty folder, once, whatever other processes do. It writes the graph there
        and returns the network; in whichever folder that says it is, it will be in the cache.

    Raises
    ------
    StorageError
        If it can't be kept, and whatever `make` raises; nothing is left behind then.
    """
    folder = cache_dir() / "networks" / key
    kept = _kept(folder)
    if kept is not None:
        return kept
    with writing(str(folder)):
        folder.parent.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(f"{folder}.lock"):
            # Another process may have made it while this one waited for the lock.
            return _kept(folder) or _made(folder, make)


def _kept(folder: Path) -> Network | None:
    """Return the network in `folder`; None if it is not there or not whole."""
    try:
        return load_network(folder)
    except (NotASavedModel, DamagedModel):
        return None


def _made(folder: Path, make: Callable[[Path], Network]) -> Network:
    _clear(folder)
    with whole_folder(folder) as new:
        network = replace(make(new), folder=folder)
        (new / DESCRIPTION).write_text(_to_json(network, new), "utf-8")
    return network


def _convert(
    row: Backbone, weights: WeightsFile, size: tuple[int, int], layer: str | None, folder: Path
) -> Network:
    check_published(row, weights)
    answer = convert.convert(row, weights.path, size, folder / GRAPH, feature_layer=layer)
    return Network(
        folder=folder,
        name=row.name,
        size=size,
        outputs={name: tuple(shape) for name, shape in answer["outputs"].items()},
        classes=_classes(row, answer["outputs"]),
        resize=row.resize,
        crop_fraction=row.crop_fraction,
        macs=answer["macs"],
        weights_sha256=weights.sha256,
        key=network_key(row, weights.sha256, size, layer),
        layer=layer,
    )


def _clear(folder: Path) -> None:
    """Remove a damaged network, and what processes left that were killed at this very point."""
    for remains in (folder, *folder.parent.glob(f".{folder.name}-*")):
        if remains.exists():
            shutil.rmtree(remains)


def _classes(row: Backbone, outputs: dict[str, Any]) -> tuple[ClassName, ...] | None:
    names = imagenet_classes() if row.classes is None else row.classes
    return names if outputs.get("probabilities") == [len(names)] else None


def network_key(
    row: Backbone, weights_sha256: str, size: tuple[int, int], layer: str | None = None
) -> str:
    """Return what a converted network is kept under: readable name first, then a hash."""
    what: dict[str, Any] = {
        "row": [row.builder, row.preprocessing, row.feature_layer],
        "prepare": [row.resize, row.crop_fraction],
        "weights": weights_sha256,
        "size": list(size),
        "format": convert.FORMAT,
        "keras": importlib.metadata.version("keras"),
    }
    if layer is not None:
        what["layer"] = layer
    if row.classes is not None:
        what["classes"] = row.classes
    digest = hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()
    return f"{row.name}-{digest[:32]}"


def _to_json(network: Network, folder: Path) -> str:
    described = asdict(network)
    del described["folder"]
    files = {name: hash_file(folder / name) for name in FILES}
    return json.dumps({"format": convert.FORMAT, **described, "files": files}, indent=1)


def _from_json(folder: Path, described: dict[str, Any]) -> Network:
    try:
        classes = described["classes"]
        return Network(
            folder=folder,
            name=described["name"],
            size=tuple(described["size"]),
            outputs={name: tuple(shape) for name, shape in described["outputs"].items()},
            classes=None if classes is None else tuple(ClassName(*pair) for pair in classes),
            resize=described["resize"],
            crop_fraction=described["crop_fraction"],
            macs=described["macs"],
            weights_sha256=described["weights_sha256"],
            key=described["key"],
            layer=described.get("layer"),
            pooling=described.get("pooling", "auto"),
            mirrored=described.get("mirrored", False),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise _foreign(folder, error) from error


def _foreign(folder: Path, error: Exception) -> NotASavedModel:
    return NotASavedModel(f"{folder / DESCRIPTION} must be what headstart writes: {error!r}")
