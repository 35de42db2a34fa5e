"""Find the network that a `NetworkSpec` describes, and convert it if that was not done before."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headstart.backbones import keras_process
from headstart.backbones.choosing import choose_backbone
from headstart.backbones.folders import read_row
from headstart.backbones.resolving import Automatic, NetworkFolder, not_a_backbone, resolve
from headstart.backbones.row import Backbone
from headstart.backbones.weights import (
    WeightsFile,
    check_published,
    check_unchanged,
    find_weights,
)
from headstart.errors import DamagedModel, UsageError
from headstart.foreign.added import AddedBackbone
from headstart.foreign.facts import Facts
from headstart.foreign.files import ForeignFile, recognise_fetched
from headstart.hub.handles import Handle
from headstart.hub.licences import check_licence
from headstart.networks.classes import ClassName, imagenet_classes
from headstart.networks.network import GRAPH, LARGEST_SIDE, Network, cached_network, load_network
from headstart.networks.preprocessing import USUAL
from headstart.networks.variants import mirrored, pooled

if TYPE_CHECKING:
    from headstart.backbones.spec import NetworkSpec
    from headstart.progress import Progress


def find_network(
    spec: NetworkSpec, *, download: bool = True, progress: Progress | None = None
) -> Network:
    """Return the converted network that `spec` describes; convert it if it is not in the cache.

    Parameters
    ----------
    spec : NetworkSpec
    download : bool
        Whether weights may be downloaded.
    progress : Progress, optional
        Shows the download.

    Raises
    ------
    UnknownBackbone, UsageError, WeightsError, ConversionError, StorageError, SavedModelError

    Warns
    -----
    LastResortWarning
        If "auto" had to take ``mini``, and `progress` is not given.
    """
    network = _find_plain(spec, download=download, progress=progress)
    network = pooled(network, spec.pooling)
    return mirrored(network) if spec.mirror else network


def network_key(
    row: Backbone, weights_sha256: str, size: tuple[int, int], layer: str | None = None
) -> str:
    """Return the key of a converted network: a readable name, then a hash."""
    facts: dict[str, Any] = {
        "row": [row.builder, asdict(row.preprocessing), row.feature_layer],
        "prepare": [row.resize, row.crop_fraction, row.interpolation, row.antialias],
        "weights": weights_sha256,
        "size": list(size),
        "format": keras_process.FORMAT,
        "keras": importlib.metadata.version("keras"),
    }
    if layer is not None:
        facts["layer"] = layer
    if row.classes is not None:
        facts["classes"] = row.classes
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
    return f"{row.name}-{digest[:32]}"


def _find_plain(spec: NetworkSpec, *, download: bool, progress: Progress | None) -> Network:
    """Return the network without pooling and mirror images."""
    if isinstance(spec.backbone, Network):
        return _checked(spec.backbone, spec)
    match resolve(spec.backbone):
        case Backbone() as row:
            return _find_converted(row, spec, download=download, progress=progress)
        case Automatic():
            if spec.weights is not None:
                raise UsageError(
                    "Weights belong to a backbone: name the backbone. Received the weights "
                    f"{spec.weights} with the backbone 'auto'."
                )
            row = choose_backbone(download=download, progress=progress)
            return _find_converted(row, spec, download=download, progress=progress)
        case NetworkFolder(path):
            return _checked(load_network(path), spec)
        case ForeignFile() | AddedBackbone() | Handle() as foreign:
            return _find_other(foreign, spec, download=download, progress=progress)
        case model:
            raise not_a_backbone(model)


def _find_converted(
    row: Backbone, spec: NetworkSpec, *, download: bool, progress: Progress | None
) -> Network:
    _refuse_preprocessing(row.name, spec)
    check_licence(row.name, row.license, allow_non_commercial=spec.allow_non_commercial)
    size = checked_size(row, spec.height_and_width)
    given = None if spec.weights is None else Path(spec.weights)
    weights = find_weights(row, given, download=download, progress=progress)
    key = network_key(row, weights.sha256, size, spec.layer)
    return cached_network(key, lambda folder: _convert(row, weights, size, spec.layer, folder))


def _find_other(
    meant: ForeignFile | AddedBackbone | Handle,
    spec: NetworkSpec,
    *,
    download: bool,
    progress: Progress | None,
) -> Network:
    """Return a network of another program."""
    match meant:
        case ForeignFile():
            return _find_foreign(meant, Facts(), spec)
        case AddedBackbone():
            meant.check()
            return _find_foreign(meant.file, meant.facts, spec, name=meant.name)
        case _:
            return _find_fetched(meant, spec, download=download, progress=progress)


def _find_fetched(
    handle: Handle, spec: NetworkSpec, *, download: bool, progress: Progress | None
) -> Network:
    from headstart.hub.fetching import fetch_handle  # late: few networks are fetched

    fetched = fetch_handle(
        handle,
        allow_non_commercial=spec.allow_non_commercial,
        download=download,
        progress=progress,
    )
    file = recognise_fetched(fetched.path, str(handle))
    facts = Facts(license=fetched.license, source=fetched.source)
    usual = None if fetched.preprocessing is None else USUAL[fetched.preprocessing]
    convention = Facts(preprocessing=usual)
    return _find_foreign(
        file, facts, spec, convention, name=str(handle), origin=str(fetched.handle)
    )


def _find_foreign(
    file: ForeignFile,
    known: Facts,
    spec: NetworkSpec,
    convention: Facts | None = None,
    **called: str,
) -> Network:
    """Return a network of another program.

    Parameters
    ----------
    file : ForeignFile
    known : Facts
        What is known from elsewhere; it counts more than what the file says.
    spec : NetworkSpec
        What the user says counts most.
    convention : Facts, optional
        What holds where nobody says anything.
    **called
        ``name`` and ``origin``; see `find_foreign`.
    """
    from headstart.foreign.networks import find_foreign  # late: it needs NumPy

    if spec.weights is not None:
        raise UsageError(
            f"{file.path.name} has its weights inside. Received the weights {spec.weights}. Leave "
            "them out."
        )
    how = None if spec.preprocessing is None else USUAL[spec.preprocessing]
    given = Facts(preprocessing=how).over(known)
    size = spec.height_and_width
    network = find_foreign(file, given, convention, size=size, layer=spec.layer, **called)
    if how not in (None, network.preprocessing):
        raise UsageError(
            f"{network.name} takes pixels as they are: it does its preprocessing inside. Received: "
            f"preprocessing {spec.preprocessing!r}. Leave it out."
        )
    return network


def _checked(network: Network, spec: NetworkSpec) -> Network:
    """Return a network that is converted already, unless `spec` wants another one."""
    _refuse_preprocessing(network.name, spec)
    asked = (
        ("weights", spec.weights, None),
        ("size", spec.height_and_width, network.size),
        ("layer", spec.layer, network.layer),
    )
    for what, wanted, own in asked:
        if wanted not in (None, own):
            known = "" if own is None else f" {own}"
            raise UsageError(
                f"{network.name} is converted already, with its own {what}{known}. "
                f"Received: {what} {wanted}. Give the name of a backbone to "
                "have it converted with that."
            )
    return network


def _refuse_preprocessing(name: str, spec: NetworkSpec) -> None:
    if spec.preprocessing is not None:
        raise UsageError(
            f"{name} is known with its preprocessing. Received: preprocessing "
            f"{spec.preprocessing!r}. Leave it out: it is for networks in files that don't say it."
        )


def checked_size(row: Backbone, size: tuple[int, int] | None) -> tuple[int, int]:
    """Return the height and width that a backbone is wanted for, or else its own.

    Raises
    ------
    UsageError
        If it takes no images of this size.
    """
    height, width = size or row.size
    most = row.max_size or LARGEST_SIDE
    if not row.min_size <= min(height, width) <= max(height, width) <= most:
        raise UsageError(
            f"{row.name} takes images of at least {row.min_size} x {row.min_size} and at most "
            f"{most} x {most} pixels. Received: {height} x {width} (height x width)."
        )
    if height % row.multiple_of or width % row.multiple_of:
        raise UsageError(
            f"{row.name} takes images whose height and width are multiples of {row.multiple_of} "
            f"pixels: it sees them in patches. Received: {height} x {width} (height x width)."
        )
    return height, width


def _convert(
    row: Backbone, weights: WeightsFile, size: tuple[int, int], layer: str | None, folder: Path
) -> Network:
    source = check_published(row, weights)
    answer = keras_process.convert(row, weights.path, size, folder / GRAPH, feature_layer=layer)
    # Under this key, no other network may be kept.
    check_unchanged(weights)
    if row.folder is not None and read_row(row.folder) != row:
        raise DamagedModel(
            f"{row.folder} must stay as it is. Received: it was written to while it was converted. "
            "Try again."
        )
    return Network(
        folder=folder,
        name=row.name,
        size=size,
        outputs={name: tuple(shape) for name, shape in answer["outputs"].items()},
        classes=_classes(row, answer["outputs"]),
        resize=row.resize,
        crop_fraction=row.crop_fraction,
        interpolation=row.interpolation,
        antialias=row.antialias,
        macs=answer["macs"],
        weights_sha256=weights.sha256,
        key=network_key(row, weights.sha256, size, layer),
        layer=layer,
        preprocessing=row.preprocessing,
        license=row.license,
        source=row.source,
        weights_source=source,
    )


def _classes(row: Backbone, outputs: dict[str, Any]) -> tuple[ClassName, ...] | None:
    names = imagenet_classes() if row.classes is None else row.classes
    return names if outputs.get("probabilities") == [len(names)] else None
