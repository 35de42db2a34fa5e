"""Kaggle Models: archives of variations of models, and the cache of kagglehub."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING

from headstart.errors import DownloadError
from headstart.escaping import quoted
from headstart.hub import folders
from headstart.hub.connections import read_address
from headstart.hub.listing import Listing, RemoteFile
from headstart.hub.mirrors import KAGGLE, mirrored
from headstart.untrusted.json_text import MAX_BYTES, parse_json

if TYPE_CHECKING:
    from pathlib import Path

    from headstart.hub.handles import KaggleHandle

_LONGEST_LICENCE = 200


def kept(handle: KaggleHandle) -> tuple[KaggleHandle, Path] | None:
    """Return the handle with its version, and the folder of its files in kagglehub's cache.

    None if the cache lacks them. Without a version, it is the latest one there.
    """
    folder = folders.kaggle_cache() / "models" / handle.owner / handle.model
    folder = folder / handle.framework / handle.variation
    versions = [handle.version] if handle.version is not None else _versions(folder)
    for version in versions:
        if (folder / f"{version}.complete").is_file() and (folder / str(version)).is_dir():
            return replace(handle, version=version), folder / str(version)
    return None


def is_partial(_: Path) -> bool:
    """Tell whether a folder of `kept` may lack files: none does."""
    return False


def forbidden() -> str | None:
    """Return the variable that forbids to ask the hub: there is none."""
    return None


def list_files(handle: KaggleHandle) -> Listing:
    """Ask Kaggle for the latest version, unless the handle has one, and for the licence.

    Raises
    ------
    DownloadError
        If the request fails, or the answer is none of Kaggle's.
    """
    path = f"{handle.owner}/{handle.model}/{handle.framework}/{handle.variation}"
    content = read_address(mirrored(f"{KAGGLE}/api/v1/models/{path}/get"), MAX_BYTES)
    try:
        answer = parse_json(content)
        version = handle.version or int(answer["versionNumber"])
        if version < 1:
            raise ValueError(f"version {version}")  # noqa: TRY301 - as any other wrong answer
        licence = answer.get("licenseName")
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise DownloadError(
            f"The answer about {handle} must be what Kaggle sends. Received: {quoted(error)}. If "
            "KAGGLE_API_ENDPOINT or HEADSTART_MIRROR is set, check it."
        ) from error
    found = replace(handle, version=version)
    archive = RemoteFile(f"{KAGGLE}/api/v1/models/{path}/{version}/download")
    stated = licence[:_LONGEST_LICENCE] if isinstance(licence, str) and licence else None
    return Listing(found, handle.file, archive=archive, licence=stated)


def advice(handle: KaggleHandle, status: int | None) -> str:
    """Return what a user can do about a refusal."""
    if status in (401, 403):
        return (
            f"Kaggle gives {handle} to those who are known and accepted its conditions: see "
            f"{handle.page}. Then set KAGGLE_USERNAME and KAGGLE_KEY (or KAGGLE_API_TOKEN) to "
            "those of your account. A key that is no longer valid is refused as well."
        )
    if status == 404:
        return f"Check owner, model, framework, variation and version of {handle} on {handle.page}."
    return ""


def _versions(folder: Path) -> list[int]:
    """Return the versions in kagglehub's cache, the latest first."""
    with contextlib.suppress(OSError):
        names = [path.stem for path in folder.iterdir() if path.suffix == ".complete"]
        return sorted((int(name) for name in names if name.isdecimal()), reverse=True)
    return []
