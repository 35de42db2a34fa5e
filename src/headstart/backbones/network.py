"""The `Network`: a converted network on disk, and the cache of such networks.

It is a folder::

    graph.xml, graph.bin   the OpenVINO graph: uint8 pixels in; features, feature map and class
                           probabilities out
    network.json           everything else, and the hashes of the two
"""

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Self

import filelock

from headstart import records
from headstart.backbones.classes import ClassName
from headstart.backbones.pooling import Pooling
from headstart.backbones.preprocessing import Preprocessing
from headstart.descriptions import DescriptionFile
from headstart.errors import DamagedModel, NotASavedModel, SavedModelError
from headstart.images.resize_rules import Interpolation
from headstart.storage import cache_dir, hash_file, whole_folder, writing

DESCRIPTION = DescriptionFile("network.json", "network", newest=2)
GRAPH = "graph.xml"
FILES = (GRAPH, "graph.bin")

# Networks whose files are remembered: many more than a process uses at a time.
_REMEMBERED = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """A frozen network, ready to be compiled.

    Attributes
    ----------
    folder : Path
        Folder of the files.
    name : str
        Name of the backbone.
    size : tuple of int
        Height and width of the input in pixels. The input is uint8 RGB of shape
        ``(n, height, width, 3)``.
    outputs : dict
        Shape of each output without the batch axis: ``features`` ``(n,)``, ``feature_map``
        ``(height, width, channels)`` and, for a network with a classifier, ``probabilities``
        ``(k,)``. All outputs are float32.
    classes : tuple of ClassName or None
        Classes of the probabilities; None without a classifier or with unknown classes.
    resize, crop_fraction, interpolation, antialias
        How an image is brought to `size`; see `headstart.images.resizing.Resize`.
    macs : int
        Multiply-accumulates for one image.
    weights_sha256 : str
        Hash of the weights file.
    key : str
        Identifies everything that changes the outputs: row, weights, size, layer, pooling, mirror,
        the format of the conversion and the version of Keras.
    layer : str or None
        The Keras layer that gives the features; None for the backbone's own choice.
    pooling : {"auto", "avg", "max", "flatten"}
        How the feature map becomes features; see `NetworkSpec`.
    mirror : bool
        Whether the outputs are the mean over each image and its mirror image.
    preprocessing : Preprocessing or None
        What the graph does to the pixels before its first layer; None if unknown.
    license : str or None
        Licence of the backbone's published weights; None if unknown. It holds for weights that were
        trained further as well.
    source : str or None
        Where the backbone was described; None if unknown.
    weights_source : str or None
        Address of the weights file, or its name if it is not an official one; None if unknown.
    """

    folder: Path
    name: str
    size: tuple[int, int]
    outputs: dict[str, tuple[int, ...]]
    classes: tuple[ClassName, ...] | None = field(repr=False)
    resize: str
    crop_fraction: float
    macs: int
    weights_sha256: str
    key: str
    layer: str | None = None
    pooling: Pooling = "auto"
    mirror: bool = False
    interpolation: Interpolation = "bilinear"
    antialias: bool = True
    preprocessing: Preprocessing | None = None
    license: str | None = None
    source: str | None = None
    weights_source: str | None = None

    @property
    def graph(self) -> Path:
        """The OpenVINO graph."""
        return self.folder / GRAPH

    def __deepcopy__(self, _: object) -> Self:
        """Return itself: it never changes."""
        return self

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        """Pickle what is known of the network; its files stay where they are."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return _unpickled, (values,)


def load_network(folder: Path) -> Network:
    """Read a network's folder and check its files.

    Raises
    ------
    NotASavedModel
        If ``network.json`` is missing or is something else.
    NewerFormat
        If a newer headstart wrote the folder.
    DamagedModel
        If a file is missing, cut short or altered.
    """
    entries = DESCRIPTION.read(folder)
    with DESCRIPTION.reading(folder):
        # mirrored: the name in format 1.
        entries.setdefault("mirror", entries.get("mirrored", False))
        network = records.from_json(Network, entries, folder=folder)
        hashes = dict(entries["files"])
    for name in FILES:
        if not (folder / name).is_file() or hash_file(folder / name) != hashes.get(name):
            raise DamagedModel(f"{folder / name} is missing or altered. Convert the network again.")
    remember_files(network)
    return network


def _unpickled(values: dict[str, Any]) -> Network:
    """Return a network that was pickled, if its files are still there.

    Raises
    ------
    DamagedModel
        If they are gone, or belong to another network by now.
    """
    network = Network(**values)
    if not _has_key(network.folder, network.key):
        raise DamagedModel(
            f"{network.folder} must hold the network {network.name!r} with the key {network.key}, "
            "but it is gone or replaced. A pickle (or joblib file) of an estimator names the files "
            "of its network and does not contain them. To keep a classifier or move it to another "
            "machine, use its method save(folder), and headstart.load(folder)."
        )
    remember_files(network)
    return network


def _has_key(folder: Path, key: str) -> bool:
    """Tell whether the files in `folder` are those of the network with this key."""
    try:
        if (folder / DESCRIPTION.name).exists():
            return load_network(folder).key == key
        return graph_key(*(hash_file(folder / name) for name in FILES)) == key
    except (OSError, SavedModelError):
        return False


def graph_key(*hashes: str) -> str:
    """Return the key of the network in a saved model, made of the hashes of `FILES`.

    Features that are cached under this key are those of this graph, whatever the model claims to
    be.
    """
    return f"model-{hashlib.sha256(''.join(hashes).encode()).hexdigest()[:32]}"


# What is known to be the files of a network: by folder and key, the latest last.
_files: dict[tuple[Path, str], list[tuple[int, int, int]]] = {}


def remember_files(network: Network) -> None:
    """Take the files of a network, which were just checked, for its own from now on."""
    stamps = _stamps(network.folder)
    _files.pop((network.folder, network.key), None)
    _files[network.folder, network.key] = stamps
    for forgotten in list(_files)[:-_REMEMBERED]:
        _files.pop(forgotten, None)


def check_unchanged(network: Network) -> None:
    """Check that the files of a network were not replaced since it was loaded.

    They are hashed only if they look different.

    Raises
    ------
    DamagedModel
    """
    stamps = _stamps(network.folder)
    known = _files.get((network.folder, network.key))
    if known == stamps:
        return
    if known is not None and not _has_key(network.folder, network.key):
        raise DamagedModel(
            f"{network.folder} must hold the network {network.name!r} as long as it is used, but "
            "its files were replaced or deleted since it was loaded. Load it again."
        )
    remember_files(network)


def _stamps(folder: Path) -> list[tuple[int, int, int]]:
    """Return what changes when the files of a network are replaced."""
    stats = [(folder / name).stat() for name in FILES if (folder / name).exists()]
    return [(stat.st_ino, stat.st_size, stat.st_mtime_ns) for stat in stats]


def write_description(network: Network, folder: Path) -> None:
    """Write ``network.json`` beside the graph in `folder`."""
    entries = records.to_json(network, without=["folder"])
    entries["files"] = {name: hash_file(folder / name) for name in FILES}
    DESCRIPTION.write(folder, entries)


def cached_network(key: str, make: Callable[[Path], Network]) -> Network:
    """Return the network with this key from the cache; make and keep it if it is missing.

    Parameters
    ----------
    key : str
        See `Network`.
    make : callable
        Called with an empty folder at most once, even when several processes want the network. It
        writes the graph there and returns the network.

    Raises
    ------
    StorageError
        If the cache can't be written; errors of `make` pass through. Nothing is left behind.
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
    """Return the network in `folder`; None if it is missing or damaged."""
    try:
        return load_network(folder)
    except (NotASavedModel, DamagedModel):
        return None


def _made(folder: Path, make: Callable[[Path], Network]) -> Network:
    if folder.exists():  # it is damaged
        shutil.rmtree(folder)
    with whole_folder(folder) as new:
        network = replace(make(new), folder=folder)
        write_description(network, new)
    return network
