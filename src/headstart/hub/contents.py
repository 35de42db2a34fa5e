"""What a repository holds: which of its files are networks, and what belongs to each."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from headstart.errors import UsageError
from headstart.escaping import quoted
from headstart.hub.archives import portable_parts

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from headstart.hub.handles import Handle

_SAVED_MODEL = "saved_model.pb"
_NETWORKS = (".onnx", ".tflite", ".lite", ".keras")
# Of an HDF5 file the name tells whether it holds a network or only weights.
_HDF5, _HDF5_WEIGHTS = (
    (".h5", ".hdf5"),
    re.compile(r"weights?\.(h5|hdf5)$|_weights_", re.IGNORECASE),
)
PICKLES = (".bin", ".ckpt", ".joblib", ".pickle", ".pkl", ".pt", ".pth", ".safetensors.pkl")
_ARRAYS = ".safetensors"
_OF_SAVED_MODEL = re.compile(
    r"(saved_model\.pb|fingerprint\.pb|keras_metadata\.pb|variables/.+|assets(\.extra)?/.+)"
)
#: Small files that say what a network expects and what its outputs are.
SMALL_FILES = (
    "config.json",
    "preprocessor_config.json",
    "labels.txt",
    "labels.json",
    "classes.txt",
    "imagenet_classes.txt",
)
CARD = "README.md"
_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Choice:
    """A network of a repository, and the files that are fetched with it.

    Attributes
    ----------
    network : str
        The path of the file or the SavedModel's folder; "" is the repository itself.
    files : dict of str to str
        The path in the repository of each file of the network, by its path in the folder that it is
        fetched into.
    small : dict of str to str
        The same for the small files beside it.
    place : str
        The path of the network in the folder that it is fetched into.
    """

    network: str
    files: dict[str, str]
    small: dict[str, str]
    place: str


def choose(handle: Handle, file: str | None, names: Collection[str]) -> Choice:
    """Return the network that a handle means, and what belongs to it.

    Parameters
    ----------
    handle : Handle
        For messages.
    file : str or None
        The file or folder that the handle names.
    names : collection of str
        The paths of all files of the repository.

    Raises
    ------
    UsageError
        If no network that headstart reads has this name, if several could be meant, or if a name
        leads out of the repository.
    """
    networks = sorted(_networks(names))
    if file is not None:
        networks = [each for each in networks if each == file] or [_named(handle, file, names)]
    if not networks:
        raise _without_network(handle, names)
    if len(networks) > 1:
        raise UsageError(
            f"{handle} must name one network. Received: it holds {_listed(networks)}. Add the name "
            f"to the handle: {handle}/{networks[0]}"
        )
    return _with_belongings(handle, networks[0], names)


def holds_network(names: Collection[str]) -> bool:
    """Tell whether any of these files is a network."""
    return any(True for _ in _networks(names))


def _networks(names: Collection[str]) -> Iterator[str]:
    folders = {
        str(PurePosixPath(name).parent)
        for name in names
        if PurePosixPath(name).name == _SAVED_MODEL
    }
    yield from ("" if folder == "." else folder for folder in folders)
    for name in names:
        lower = name.lower()
        if any(str(above) in folders and _is_in(name, str(above)) for above in _above(name)):
            continue
        if (
            lower.endswith(_NETWORKS)
            or (lower.endswith(".xml") and f"{name[:-4]}.bin" in names)
            or (lower.endswith(_HDF5) and not _HDF5_WEIGHTS.search(lower))
        ):
            yield name


def _above(name: str) -> Sequence[PurePosixPath]:
    return PurePosixPath(name).parents


def _is_in(name: str, folder: str) -> bool:
    """Tell whether a file belongs to the SavedModel in a folder."""
    within = name if folder == "." else name.removeprefix(f"{folder}/")
    return (folder == "." or within != name) and _OF_SAVED_MODEL.fullmatch(within) is not None


def _named(handle: Handle, file: str, names: Collection[str]) -> str:
    """Return a network that a handle names though it does not look like one, or refuse it."""
    lower = file.lower()
    if file in names and lower.endswith(_HDF5):
        return file
    if file in names and (lower.endswith(PICKLES) or lower.endswith(_ARRAYS)):
        raise _without_network(handle, [file])
    received = "a file of another kind" if file in names else "no such file"
    holds = sorted(_networks(names)) or sorted(names)
    raise UsageError(
        f"{handle} must name a network: ONNX, TFLite, OpenVINO (.xml), .keras, .h5, or the folder "
        f"of a SavedModel. Received: {received}. There is {_listed(holds)}."
    )


def _without_network(handle: Handle, names: Collection[str]) -> UsageError:
    pickles = [name for name in names if name.lower().endswith(PICKLES)]
    arrays = [name for name in names if name.lower().endswith(_ARRAYS)]
    why = ""
    if pickles:
        why += (
            f" {quoted(pickles[0])} is a pickle, which can run code when it is read, so headstart "
            "reads none."
        )
    if arrays:
        why += (
            f" {quoted(arrays[0])} holds arrays without a network; `headstart models` lists the "
            "backbones that take their weights from such a file."
        )
    return UsageError(
        f"{handle} must hold a network: ONNX, TFLite, OpenVINO (.xml and .bin), .keras, .h5 or a "
        f"SavedModel. Received: {_listed(sorted(names)) if names else 'no file'}.{why} Where you "
        "trust its authors, export it to ONNX with their own program (torch.onnx.export, or "
        "optimum-cli export onnx), and give that file."
    )


def _with_belongings(handle: Handle, network: str, names: Collection[str]) -> Choice:
    is_folder = network not in names
    if is_folder:
        prefix = f"{network}/" if network else ""
        files = {
            f"saved_model/{name.removeprefix(prefix)}": name
            for name in names
            if _is_in(name, network or ".")
        }
        folder, place = prefix, "saved_model"
    else:
        folder = network[: network.rfind("/") + 1]
        files = {name[len(folder) :]: name for name in _with_data(network, names)}
        place = network[len(folder) :]
    small = {}
    for base in (*SMALL_FILES, CARD):
        # The card is that of the whole repository.
        nearest = (base,) if base == CARD else (folder + base, base)
        found = next((name for name in nearest if name in names), None)
        if found is not None and found not in files.values():
            small[base] = found
    _check(handle, [*files, *small])
    return Choice(network, files, small, place)


def _with_data(network: str, names: Collection[str]) -> Iterator[str]:
    """Yield a file and those that hold its weights."""
    yield network
    stem, _, ending = network.rpartition(".")
    if ending.lower() == "xml":
        yield f"{stem}.bin"
    if ending.lower() == "onnx":
        beside = re.compile(rf"{re.escape(stem)}(\.onnx)?[._](data|weights)([._][0-9]+)?")
        yield from sorted(name for name in names if beside.fullmatch(name))


def _check(handle: Handle, places: list[str]) -> None:
    for place in places:
        try:
            portable_parts(place)
        except ValueError as error:
            raise UsageError(
                f"The files of {handle} must have names that every system can write. "
                f"Received: {error}."
            ) from error


def _listed(names: list[str]) -> str:
    shown = [quoted(name) if name else "a SavedModel" for name in names[:_SHOWN]]
    more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    return f"{', '.join(shown)}{more}"
