"""The `Network`: a converted network on disk, and the cache of such networks.

It is a folder::

    graph.xml, graph.bin   the OpenVINO graph: uint8 pixels in; features, feature map and class
                           probabilities out
    network.json           everything else, and the hashes of the two
"""

import contextlib
import hashlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Self, get_args

import filelock

from headstart import records
from headstart.descriptions import DescriptionFile
from headstart.errors import DamagedModel, NotASavedModel
from headstart.images.resize_rules import Interpolation, Rule
from headstart.networks.classes import ClassName
from headstart.networks.pooling import Pooling
from headstart.networks.preprocessing import Preprocessing
from headstart.storage.cache_folder import cache_dir
from headstart.storage.clearing import hold, release
from headstart.storage.disk import delete, hash_file, writing
from headstart.storage.whole_folders import remove_remains, whole_folder
from headstart.untrusted.hashed_files import hash_open
from headstart.untrusted.regular_files import open_regular

DESCRIPTION = DescriptionFile("network.json", "network", newest=3)
# Others are still written in a format that older versions read.
_FORMAT, _QUANTISED_FORMAT = 2, 3
GRAPH = "graph.xml"
FILES = (GRAPH, "graph.bin")

#: Of an image, in pixels; a network for more would not fit into memory.
LARGEST_SIDE = 4096
# Of one output for an image: 1 GiB. Less than a hundredth of an image shows nothing.
_MOST_VALUES, _LEAST_CROP = 2**28, 0.01


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
    quantised : bool
        Whether weights and activations have 8 bits; see `headstart.networks.quantising`.
    preprocessing : Preprocessing or None
        What the graph does to the pixels before its first layer; None if unknown.
    license : str or None
        Licence of the backbone's published weights; None if unknown. It holds for weights that were
        trained further as well.
    source : str or None
        Where the backbone was described; None if unknown.
    weights_source : str or None
        Address of the weights file, or its name if it is not an official one; None if unknown.
    files : dict
        The SHA-256 of each of its files, in hexadecimal. The network is never run from files with
        other hashes. Without an entry for a file, any content is taken.
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
    quantised: bool = False
    interpolation: Interpolation = "bilinear"
    antialias: bool = True
    preprocessing: Preprocessing | None = None
    license: str | None = None
    source: str | None = None
    weights_source: str | None = None
    files: dict[str, str] = field(default_factory=dict, compare=False, repr=False)

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
    try:
        return _load(folder)
    except DamagedModel:
        # Another network may have taken its place while it was read.
        return _load(folder)


def _load(folder: Path) -> Network:
    entries = DESCRIPTION.read(folder)
    with DESCRIPTION.reading(folder):
        # mirrored: the name in format 1.
        entries.setdefault("mirror", entries.get("mirrored", False))
        network = records.from_json(Network, entries, folder=folder)
        check_facts(network)
    for name in FILES:
        if _hash(folder / name) != network.files.get(name):
            raise DamagedModel(f"{folder / name} is missing or altered. Convert the network again.")
    return network


def check_facts(network: Network) -> None:
    """Check that the facts of a network can be used, before anything is made of them.

    Whether they are those of the graph is checked when it is read.

    Raises
    ------
    ValueError
        If one can't.
    """
    shapes = list(network.outputs.values())
    n_classes = network.outputs.get("probabilities")
    facts = {
        "size": all(1 <= side <= LARGEST_SIDE for side in network.size),
        "outputs": "features" in network.outputs
        and all(shape and min(shape) > 0 and math.prod(shape) <= _MOST_VALUES for shape in shapes),
        "classes": network.classes is None or n_classes == (len(network.classes),),
        "resize": network.resize in get_args(Rule),
        "crop_fraction": _LEAST_CROP <= network.crop_fraction <= 1,
        "macs": network.macs >= 0,
    }
    for name, fits in facts.items():
        if not fits:
            raise ValueError(f"{name} is {getattr(network, name)!r}")


def _hash(path: Path) -> str | None:
    """Return the hash of a file, or None if it can't be read."""
    with contextlib.suppress(OSError), open_regular(path) as file:
        return hash_open(file)
    return None


def _unpickled(values: dict[str, Any]) -> Network:
    """Return a network that was pickled, if its files are still there.

    Raises
    ------
    DamagedModel
        If they are gone, or belong to another network by now.
    """
    network = Network(**values)
    if {name: _hash(network.folder / name) for name in FILES} != network.files:
        raise DamagedModel(
            f"{network.folder} must hold the network {network.name!r} with the key {network.key}, "
            "but it is gone or replaced. A pickle (or joblib file) of an estimator names the files "
            "of its network and does not contain them. To keep a classifier or move it to another "
            "machine, use its method save(folder), and headstart.load(folder)."
        )
    return network


def hash_files(folder: Path) -> dict[str, str]:
    """Return the hashes of the files of the network in a folder: `Network.files`.

    Raises
    ------
    OSError
        If one is missing.
    """
    return {name: hash_file(folder / name) for name in FILES}


def graph_key(files: Mapping[str, str]) -> str:
    """Return the key of the network in a saved model, made of the hashes of its files.

    Features that are cached under this key are those of this graph, whatever the model claims to
    be.
    """
    hashes = "".join(files[name] for name in FILES)
    return f"model-{hashlib.sha256(hashes.encode()).hexdigest()[:32]}"


def write_description(network: Network, folder: Path) -> None:
    """Write ``network.json`` beside the graph in `folder`."""
    written = replace(network, files=hash_files(folder))
    entries = records.to_json(written, without=["folder"])
    entries["format"] = _QUANTISED_FORMAT if network.quantised else _FORMAT
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
        remove_remains(folder)  # of a process that was killed when the network was in its place
        return kept
    with writing(str(folder)):
        folder.parent.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(f"{folder}.lock"):
            # Another process may have made it while this one waited for the lock.
            return _kept(folder) or _made(folder, make)


def _kept(folder: Path) -> Network | None:
    """Return the network in `folder`; None if it is missing or damaged, or is being cleared."""
    if not hold(folder / GRAPH):
        return None
    try:
        return load_network(folder)
    except (NotASavedModel, DamagedModel):
        return None


def _made(folder: Path, make: Callable[[Path], Network]) -> Network:
    release(folder / GRAPH)
    delete(folder)  # it is damaged, or perhaps a file, a pipe or a link that leads nowhere
    with whole_folder(folder) as new:
        network = replace(make(new), folder=folder, files=hash_files(new))
        write_description(network, new)
    hold(folder / GRAPH)
    return network
