"""Find the weights file of a backbone."""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from headstart.errors import DamagedModel, WeightsMismatch, WeightsNotFound
from headstart.hub import download as downloads
from headstart.networks.keras_settings import keras_folder
from headstart.storage.cache_folder import cache_dir
from headstart.storage.clearing import hold
from headstart.untrusted.hashed_files import hash_open
from headstart.untrusted.regular_files import open_regular

if TYPE_CHECKING:
    from collections.abc import Iterator

    from headstart.backbones.row import Backbone, OfficialWeights
    from headstart.progress import Progress

Origin = Literal["given", "beside", "folder", "package", "keras", "download"]

#: Name of the weights in a backbone folder.
FOLDER_WEIGHTS = "backbone.weights.h5"


@dataclass(frozen=True, slots=True)
class WeightsFile:
    """A weights file, and where it was found.

    Attributes
    ----------
    path : Path
    sha256 : str
        Hash of the file, in hexadecimal.
    origin : {'given', 'beside', 'folder', 'package', 'keras', 'download'}
        Given by the user; in the backbone's folder; in ``$HEADSTART_WEIGHTS``; part of headstart;
        in Keras's cache; downloaded by headstart, now or earlier.
    """

    path: Path
    sha256: str
    origin: Origin


def find_weights(
    backbone: Backbone,
    given: Path | None = None,
    *,
    download: bool = True,
    progress: Progress | None = None,
) -> WeightsFile:
    """Return the first weights file that exists.

    `given` comes first. Then a backbone folder has its own weights. For other backbones the order
    is: the folder ``$HEADSTART_WEIGHTS`` (``<backbone>_imagenet.weights.h5``, or the file's name in
    the catalogue); the package itself; Keras's own cache; an earlier download; the official
    download, or the same file under ``$HEADSTART_MIRROR``.

    Raises
    ------
    DamagedModel
        If the weights in the backbone's folder are missing, cut short or altered.
    WeightsNotFound
        If there is no file. The message says which file to fetch and where to put it.
    DownloadError, WeightsMismatch, StorageError
        If the download fails.
    """
    if given is not None:
        if not given.is_file():
            raise WeightsNotFound(
                f"The weights file given for {backbone.name} must exist. Received {given}."
            )
        return _found(given, "given")
    if backbone.folder is not None:
        return _beside(backbone, backbone.folder)
    there = at_hand(backbone)
    # What is being cleared from the cache is downloaded again.
    if there is not None and (there[1] != "download" or hold(there[0])):
        return _found(*there)
    if not download:
        raise WeightsNotFound(
            f"This computer has no weights for {backbone.name}.\n{instructions(backbone)}"
        )
    official = published(backbone)
    path = downloads.fetch(
        official.url,
        cache_dir() / "weights" / official.filename,
        official.digest,
        progress=progress,
        instructions=instructions(backbone),
    )
    hold(path)
    return _found(path, "download")


def check_unchanged(weights: WeightsFile) -> None:
    """Check, once a weights file was read, that it is still the file that was found.

    Raises
    ------
    WeightsMismatch
        If it was replaced or written to.
    """
    found = _hash(weights.path)
    if found != weights.sha256:
        raise WeightsMismatch(
            f"{weights.path} must stay as it is while it is read: its sha256 was {weights.sha256}. "
            f"Received: {found}. Try again."
        )


def _found(path: Path, origin: Origin) -> WeightsFile:
    try:
        with open_regular(path) as file:
            return WeightsFile(path, hash_open(file), origin)
    except OSError as error:
        raise WeightsNotFound(
            f"The weights file {path} must be readable. Received: {error.strerror}."
        ) from error


def _hash(path: Path) -> str:
    """Return the hash of a file, or why there is none, for a message."""
    try:
        return _found(path, "given").sha256
    except WeightsNotFound:
        return "no such file"


def at_hand(backbone: Backbone) -> tuple[Path, Origin] | None:
    """Return the published weights that `find_weights` finds without a download, or None."""
    return next((place for place in _places(backbone) if place[0].is_file()), None)


def instructions(backbone: Backbone, purpose: str = "To continue") -> str:
    """Return instructions to get the weights of `backbone` by hand."""
    official = published(backbone)
    return (
        f"{purpose}, do one of these:\n"
        f"  - fetch {official.url} on another machine, and copy it to\n"
        f"    {cache_dir() / 'weights' / official.filename}\n"
        f"  - put that file as {official.filename} into a folder, and name the folder in\n"
        "    HEADSTART_WEIGHTS\n"
        f"  - give it with --model {backbone.name} --weights FILE\n"
        "  - set HEADSTART_MIRROR to the address of a mirror that has it"
    )


def published(backbone: Backbone) -> OfficialWeights:
    """Return the published weights file of a backbone that has no folder."""
    if backbone.weights is None:
        raise AssertionError(f"{backbone.name} has neither a folder nor published weights")
    return backbone.weights


def package_folder() -> Path:
    """Return the folder with what is part of headstart: backbone folders, and weights if any."""
    return Path(str(resources.files(__package__)))


def check_published(backbone: Backbone, weights: WeightsFile) -> str:
    """Check an official file by the hash that is published, and return its address.

    A file with another name is not checked, and its name is returned. A file without a published
    hash is not checked.

    Raises
    ------
    WeightsMismatch
        If the hash differs.
    """
    for official in (backbone.weights, backbone.weights_without_top):
        if official is not None and official.filename == weights.path.name:
            digest = official.digest
            found = None if digest is None else downloads.hash_as(digest, weights.path)
            if found != digest:
                raise WeightsMismatch(
                    f"{weights.path} must have the published hash {digest}. Received {found}: the "
                    "file is cut short or altered. Delete it and try again."
                )
            return official.url
    return weights.path.name


def _beside(backbone: Backbone, folder: Path) -> WeightsFile:
    path = folder / FOLDER_WEIGHTS
    found = _hash(path)
    if found != backbone.weights_sha256:
        raise DamagedModel(
            f"{path} must have the sha256 that the folder's description states, "
            f"{backbone.weights_sha256}. Received: {found}. The file is missing, cut short or "
            "altered: get the folder again from its source."
        )
    return WeightsFile(path, found, "package" if folder.parent == package_folder() else "beside")


def _places(backbone: Backbone) -> Iterator[tuple[Path, Origin]]:
    own = f"{backbone.name}_imagenet.weights.h5"
    files = (backbone.weights, backbone.weights_without_top)
    official = [file.filename for file in files if file is not None]
    named = os.environ.get("HEADSTART_WEIGHTS")
    if named:
        for name in (own, *official):
            folder = os.path.expanduser(named)  # noqa: PTH111 - Path's fails without such a user
            yield Path(folder, name), "folder"
    yield package_folder() / own, "package"
    yield keras_folder() / "models" / official[0], "keras"
    yield cache_dir() / "weights" / official[0], "download"
