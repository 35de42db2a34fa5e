"""Find the weights of a backbone."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from headstart.backbones import download as downloads
from headstart.errors import DamagedModel, WeightsMismatch, WeightsNotFound
from headstart.storage import cache_dir

if TYPE_CHECKING:
    from collections.abc import Iterator

    from headstart.backbones.row import Backbone, OfficialWeights
    from headstart.progress import Progress

Origin = Literal["given", "beside", "folder", "package", "keras", "download"]

#: What the weights in a backbone folder are called.
FOLDER_WEIGHTS = "backbone.weights.h5"


@dataclass(frozen=True, slots=True)
class WeightsFile:
    """A weights file, and where it was found.

    Attributes
    ----------
    path : Path
    sha256 : str
        Of the file's bytes, in hexadecimal.
    origin : {'given', 'beside', 'folder', 'package', 'keras', 'download'}
        Named by the user; in the backbone's own folder; in ``$HEADSTART_WEIGHTS``; part of
        headstart; in Keras's cache; fetched by headstart, now or earlier.
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
    """Return the first weights file there is.

    A backbone with a folder of its own has them there. For others these places are looked at in
    this order: the folder ``$HEADSTART_WEIGHTS`` (``<backbone>_imagenet.weights.h5``, or the name
    that Keras gives the file); the package itself; Keras's own cache; what was downloaded earlier;
    the official download, or the same file under ``$HEADSTART_MIRROR``. Before all of them comes
    `given`.

    Raises
    ------
    DamagedModel
        If those in the backbone's own folder are missing, cut short or altered.
    WeightsNotFound
        With the file to fetch, from where, and where to put it.
    DownloadError, WeightsMismatch, StorageError
        From the download.
    """
    if given is not None:
        return _given(backbone, Path(given))
    if backbone.folder is not None:
        return _beside(backbone, backbone.folder)
    there = at_hand(backbone)
    if there is not None:
        path, origin = there
        return WeightsFile(path, hash_file(path), origin)
    if not download:
        raise WeightsNotFound(f"No weights for {backbone.name} here.\n{how_to_go_on(backbone)}")
    official = published(backbone)
    path = downloads.fetch(
        official.url,
        cache_dir() / "weights" / official.filename,
        official.digest,
        progress=progress,
        instructions=how_to_go_on(backbone),
    )
    return WeightsFile(path, hash_file(path), "download")


def at_hand(backbone: Backbone) -> tuple[Path, Origin] | None:
    """Return the published weights that `find_weights` would find without a download, if any."""
    return next((place for place in _places(backbone) if place[0].is_file()), None)


def how_to_go_on(backbone: Backbone, purpose: str = "To go on") -> str:
    """Say how to get the weights of `backbone` by hand."""
    official = published(backbone)
    return (
        f"{purpose}, do one of these:\n"
        f"  - fetch {official.url} on another machine, and copy it to\n"
        f"    {cache_dir() / 'weights' / official.filename}\n"
        "  - have that file in a folder, and name the folder in HEADSTART_WEIGHTS\n"
        f"  - give it with --model {backbone.name} --weights FILE\n"
        "  - set HEADSTART_MIRROR to the address of a mirror that has it"
    )


def published(backbone: Backbone) -> OfficialWeights:
    """Return the weights file that Keras publishes for a backbone without a folder of its own."""
    if backbone.weights is None:
        raise AssertionError(f"{backbone.name} has neither a folder nor published weights")
    return backbone.weights


def check_published(backbone: Backbone, weights: WeightsFile) -> None:
    """Hold an official file against the hash that Keras publishes.

    Raises
    ------
    WeightsMismatch
        If they differ. A file by another name, or one without a published hash, is not checked.
    """
    for official in (backbone.weights, backbone.weights_without_top):
        if official is None or official.digest is None:
            continue
        if weights.path.name == official.filename:
            _check(weights.path, official)


def published_address(backbone: Backbone, weights: WeightsFile) -> str:
    """Return where an official file is published; for another file, its name."""
    for official in (backbone.weights, backbone.weights_without_top):
        if official is not None and official.filename == weights.path.name:
            return official.url
    return weights.path.name


def hash_file(path: Path, algorithm: str = "sha256") -> str:
    """Return the hash of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def _check(path: Path, official: OfficialWeights) -> None:
    digest = official.digest or ""
    found = hash_file(path, downloads.algorithm(digest))
    if found != digest:
        raise WeightsMismatch(
            f"{path} must have the published hash {digest}. Received {found}: it is cut short or "
            "altered. Delete it and run this again."
        )


def _beside(backbone: Backbone, folder: Path) -> WeightsFile:
    path = folder / FOLDER_WEIGHTS
    found = hash_file(path) if path.is_file() else "no such file"
    if found != backbone.weights_sha256:
        raise DamagedModel(
            f"{path} must have the sha256 that the file beside it tells, "
            f"{backbone.weights_sha256}. Received: {found}. It is missing, cut short or altered: "
            "get the folder anew from where it comes from."
        )
    return WeightsFile(path, found, "package" if _is_packaged(folder) else "beside")


def _is_packaged(folder: Path) -> bool:
    return folder.parent == Path(str(resources.files(__package__)))


def _given(backbone: Backbone, path: Path) -> WeightsFile:
    if not path.is_file():
        raise WeightsNotFound(
            f"The weights file given for {backbone.name} must exist. Received {path}."
        )
    return WeightsFile(path, hash_file(path), "given")


def _places(backbone: Backbone) -> Iterator[tuple[Path, Origin]]:
    own = f"{backbone.name}_imagenet.weights.h5"
    files = (backbone.weights, backbone.weights_without_top)
    official = [file.filename for file in files if file is not None]
    named = os.environ.get("HEADSTART_WEIGHTS")
    if named:
        for name in (own, *official):
            yield Path(named).expanduser() / name, "folder"
    yield Path(str(resources.files(__package__).joinpath(own))), "package"
    yield _keras_cache() / "models" / official[0], "keras"
    yield cache_dir() / "weights" / official[0], "download"


def _keras_cache() -> Path:
    return Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras")
