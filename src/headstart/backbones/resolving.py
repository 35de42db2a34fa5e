"""Decide what a reference means: a name, a file, a folder, or 'auto'. Nothing else decides that.

A name of the catalogue always means the catalogue's network, whatever lies in the current
directory; ``./mobilenet_v2`` or a `Path` means the folder.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from headstart.backbones import folders
from headstart.backbones.catalogue import get_backbone, look_up
from headstart.backbones.row import Backbone
from headstart.backbones.weights import WeightsFile, find_weights
from headstart.errors import NotASavedModel, UnknownBackbone, UsageError, WeightsMismatch
from headstart.foreign.added import AddedBackbone, look_up_added
from headstart.foreign.files import SAVED_MODEL, ForeignFile, describe_other, recognise
from headstart.hub.handles import Handle, parse_handle
from headstart.networks import network

if TYPE_CHECKING:
    from headstart.networks.network import Network

AUTO = "auto"

# The room of saved models is above this one. A damaged model has at least one of these.
_MODEL_FILES = ("model.json", "SHA256SUMS")


@dataclass(frozen=True, slots=True)
class Automatic:
    """'auto': the best network that is available; see `choose_backbone`."""


@dataclass(frozen=True, slots=True)
class NetworkFolder:
    """The folder of a converted network."""

    path: Path


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """The folder of a saved model."""

    path: Path


#: What a reference can mean. A `Backbone` is a row of the catalogue or of a backbone folder; a
#: `ForeignFile` is a network of another program; a `Handle` names one on a hub; an
#: `AddedBackbone` is one that the user keeps under a name.
Resolved = Automatic | Backbone | NetworkFolder | ModelFolder | ForeignFile | AddedBackbone | Handle


def resolve(named: str | Path) -> Resolved:
    """Return what a reference means.

    Parameters
    ----------
    named : str or Path
        "auto"; the name of a backbone, as headstart or Keras spells it; the folder of a backbone, a
        converted network or a saved model; a network in a file of another program; or the handle or
        address of one on a hub.

    Raises
    ------
    UnknownBackbone
        If there is no such name, file or folder, with the names that come closest; or the file
        holds no network.
    NotASavedModel
        If the folder is something else.
    NewerFormat
        If a newer headstart wrote the backbone's folder.
    ConversionError
        If the file can't be read.
    UsageError
        If it begins as a handle or an address does, and is none that headstart knows.
    """
    if isinstance(named, str):
        if named == AUTO:
            return Automatic()
        row = look_up(named)
        if row is not None:
            return row
        other = parse_handle(named) or look_up_added(named)
        if other is not None:
            return other
    folder = Path(named)
    if folder.is_dir():
        return _in_folder(folder)
    if folder.exists():
        return _in_file(folder)
    if isinstance(named, str) and folder.name == named:
        try:
            return get_backbone(named)  # raises the error that suggests names
        except UnknownBackbone as error:
            raise UnknownBackbone(f"{error} There is no file or folder {named} either.") from None
    raise UnknownBackbone(
        f"The file or folder of a backbone, a converted network or a saved model must exist. "
        f"Received: {folder}."
    )


def find_backbone(named: str | Path) -> Backbone:
    """Return the backbone that a reference means.

    Raises
    ------
    UnknownBackbone, NotASavedModel, NewerFormat
        See `resolve`.
    UsageError
        If the reference means something else.
    """
    meant = resolve(named)
    if isinstance(meant, Backbone):
        return meant
    raise not_a_backbone(meant)


def find_origin(
    network: Network, named: str | Path | Network | None = None, weights: str | Path | None = None
) -> tuple[Backbone, WeightsFile]:
    """Return the row and the weights file that a network was converted from.

    Parameters
    ----------
    network : Network
    named : str, Path or Network, optional
        The reference that the network was found by; needed for a backbone folder.
    weights : str or Path, optional
        The weights file that was given with it.

    Raises
    ------
    UnknownBackbone
        If the network is from no backbone that can be found.
    UsageError
        If it is from a file of another program.
    WeightsError
        If the weights are not on this computer, or have changed since.
    """
    meant = resolve(named) if isinstance(named, str | Path) else None
    if isinstance(meant, ForeignFile | AddedBackbone | Handle):
        raise UsageError(
            "The network must be from a backbone's folder, or from a backbone that `headstart "
            f"models` lists. Received: {named}, a network of another program."
        )
    row = meant if isinstance(meant, Backbone) else look_up(network.name)
    if row is None:
        raise UnknownBackbone(
            "The backbone that a network was converted from must be known. Received: "
            f"{network.name}, which `headstart models` does not list. Give the backbone's folder."
        )
    found = find_weights(row, None if weights is None else Path(weights), download=False)
    if found.sha256 != network.weights_sha256:
        raise WeightsMismatch(
            f"{network.name} was converted from weights with sha256 {network.weights_sha256}. "
            f"Received: {found.path}, with sha256 {found.sha256}. Give the weights that it was "
            "converted from, and the backbone by its name or folder. The weights file of a "
            "fine-tuned network is not kept."
        )
    return row, found


def not_a_backbone(
    meant: Automatic | NetworkFolder | ModelFolder | ForeignFile | AddedBackbone | Handle,
) -> UsageError:
    """Return the error for something else where a backbone is needed."""
    match meant:
        case Automatic():
            received = "'auto'."
        case NetworkFolder(path):
            received = f"{path}, a network that is converted already."
        case ModelFolder(path):
            received = f"{path}, a saved model. `headstart predict` and headstart.load take it."
        case ForeignFile(path):
            received = f"{path}, a network of another program."
        case AddedBackbone(name=name):
            received = f"{name}, a network of another program that was added."
        case Handle():
            received = f"{meant}, a network on a hub."
    return UsageError(f"A backbone is needed here: its name or folder. Received: {received}")


def _in_file(path: Path) -> ForeignFile:
    found = recognise(path)
    if found is None:
        what, way_out = describe_other(path)
        raise UnknownBackbone(
            "A file of a backbone must hold a whole network: ONNX, TensorFlow Lite, OpenVINO's "
            f".xml, or Keras's .keras or .h5. Received: {path}, {what}. {way_out}"
        )
    return found


def _in_folder(folder: Path) -> Resolved:
    if folders.DESCRIPTION.is_in(folder):
        return folders.read_row(folder)
    if network.DESCRIPTION.is_in(folder):
        return NetworkFolder(folder)
    if any((folder / name).is_file() for name in _MODEL_FILES):
        return ModelFolder(folder)
    foreign = recognise(folder)
    if foreign is not None:
        return foreign
    raise NotASavedModel(
        f"The folder must hold {folders.DESCRIPTION.name} (a backbone), "
        f"{network.DESCRIPTION.name} (a converted network), model.json (a saved model) or "
        f"{SAVED_MODEL} (a SavedModel of TensorFlow). "
        f"Received {folder}, which holds {_listed(folder)}."
    )


def _listed(folder: Path) -> str:
    names = sorted(path.name for path in folder.iterdir())
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"{', '.join(names[:3])}{more}" if names else "nothing"
