"""Find the weights of a backbone."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from headstart.backbones import download as downloads
from headstart.errors import WeightsMismatch, WeightsNotFound
from headstart.storage import cache_dir

if TYPE_CHECKING:
    from collections.abc import Iterator

    from headstart.backbones.catalogue import Backbone, OfficialWeights

Origin = Literal["given", "folder", "package", "keras", "download"]


@dataclass(frozen=True, slots=True)
class WeightsFile:
    """A weights file, and where it was found.

    Attributes
    ----------
    path : Path
    sha256 : str
        Of the file's bytes, in hexadecimal.
    origin : {'given', 'folder', 'package', 'keras', 'download'}
        Named by the user; in ``$HEADSTART_WEIGHTS``; part of headstart; in Keras's cache; fetched
        by headstart, now or earlier.
    """

    path: Path
    sha256: str
    origin: Origin


def find_weights(
    backbone: Backbone,
    given: Path | None = None,
    *,
    download: bool = True,
    progress: downloads.Progress | None = None,
) -> WeightsFile:
    """Return the first weights file there is.

    Looked at in this order: `given`; the folder ``$HEADSTART_WEIGHTS``
    (``<backbone>_imagenet.weights.h5``, or the name that Keras gives the file); the package itself;
    Keras's own cache; what was downloaded earlier; the official download, or the same file under
    ``$HEADSTART_MIRROR``.

    Raises
    ------
    WeightsNotFound
        With the file to fetch, from where, and where to put it.
    DownloadError, WeightsMismatch, StorageError
        From the download.
    """
    if given is not None:
        return _given(backbone, Path(given))
    for path, origin in _places(backbone):
        if path.is_file():
            return WeightsFile(path, hash_file(path), origin)
    if not download:
        raise WeightsNotFound(f"No weights for {backbone.name} here.\n{how_to_go_on(backbone)}")
    path = downloads.fetch(
        backbone.weights.url,
        cache_dir() / "weights" / backbone.weights.filename,
        backbone.weights.digest,
        progress=progress,
        instructions=how_to_go_on(backbone),
    )
    return WeightsFile(path, hash_file(path), "download")


def how_to_go_on(backbone: Backbone) -> str:
    """Say how to get the weights of `backbone` by hand."""
    official = backbone.weights
    return (
        "To go on, do one of these:\n"
        f"  - fetch {official.url} on another machine, and copy it to\n"
        f"    {cache_dir() / 'weights' / official.filename}\n"
        "  - have that file in a folder, and name the folder in HEADSTART_WEIGHTS\n"
        "  - give it with --weights FILE\n"
        "  - set HEADSTART_MIRROR to the address of a mirror that has it"
    )


def check_published(backbone: Backbone, weights: WeightsFile) -> None:
    """Hold an official file against the hash that Keras publishes.

    Raises
    ------
    WeightsMismatch
        If they differ. A file by another name, or one without a published hash, is not checked.
    """
    for official in (backbone.weights, backbone.weights_without_top):
        if weights.path.name == official.filename and official.digest is not None:
            _check(weights.path, official)


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


def _given(backbone: Backbone, path: Path) -> WeightsFile:
    if not path.is_file():
        raise WeightsNotFound(
            f"The weights file given for {backbone.name} must exist. Received {path}."
        )
    return WeightsFile(path, hash_file(path), "given")


def _places(backbone: Backbone) -> Iterator[tuple[Path, Origin]]:
    own = f"{backbone.name}_imagenet.weights.h5"
    official = (backbone.weights.filename, backbone.weights_without_top.filename)
    named = os.environ.get("HEADSTART_WEIGHTS")
    if named:
        for name in (own, *official):
            yield Path(named).expanduser() / name, "folder"
    yield Path(str(resources.files(__package__).joinpath(own))), "package"
    yield _keras_cache() / "models" / official[0], "keras"
    yield cache_dir() / "weights" / official[0], "download"


def _keras_cache() -> Path:
    return Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras")
