"""Hugging Face: repositories at a commit, and the cache of its own programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from headstart.errors import DownloadError
from headstart.escaping import quoted
from headstart.hub import folders
from headstart.hub.connections import read_address
from headstart.hub.handles import HuggingFaceHandle, pinned
from headstart.hub.listing import Listing, RemoteFile
from headstart.hub.mirrors import HUGGING_FACE, mirrored
from headstart.untrusted.json_text import MAX_BYTES, parse_json
from headstart.untrusted.regular_files import read_bytes

if TYPE_CHECKING:
    from pathlib import Path

_OFFLINE = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")
_MAIN = "main"
_HEXADECIMAL = frozenset("0123456789abcdef")


def kept(handle: HuggingFaceHandle) -> tuple[HuggingFaceHandle, Path] | None:
    """Return the handle with its commit, and the folder of its files in Hugging Face's own cache.

    None if the cache lacks them.
    """
    repository = f"models--{handle.owner}--{handle.repository}"
    folder = folders.hugging_face_cache() / repository
    revision = handle.revision or _MAIN
    if not handle.is_pinned:
        try:
            revision = read_bytes(folder / "refs" / revision, 100).decode("ascii").strip()
        except (OSError, ValueError):
            return None
    try:
        found = pinned(handle, revision)
    except ValueError:
        return None
    snapshot = folder / "snapshots" / revision
    return (found, snapshot) if snapshot.is_dir() else None


def is_partial(folder: Path) -> bool:
    """Tell whether a folder of `kept` may lack files of the repository: there, it may."""
    return folder.is_relative_to(folders.hugging_face_cache())


def forbidden() -> str | None:
    """Return the variable that forbids to ask Hugging Face; None if it may be asked."""
    return next((each for each in _OFFLINE if folders.is_on(each)), None)


def list_files(handle: HuggingFaceHandle) -> Listing:
    """Ask Hugging Face which commit a revision is, and which files it has.

    Raises
    ------
    DownloadError
        If the request fails, or the answer is none of Hugging Face's.
    """
    name = f"{handle.owner}/{handle.repository}"
    revision = quote(handle.revision or _MAIN, safe="")
    url = mirrored(f"{HUGGING_FACE}/api/models/{name}/revision/{revision}?blobs=true")
    content = read_address(url, MAX_BYTES)
    try:
        answer = parse_json(content)
        found = pinned(handle, answer["sha"])
        files = dict(_file(entry, name, found.revision) for entry in answer["siblings"])
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise DownloadError(
            f"The answer about {handle} must be what Hugging Face sends. Received: "
            f"{quoted(error)}. If HF_ENDPOINT or HEADSTART_MIRROR is set, check it."
        ) from error
    return Listing(found, handle.file, files)


def advice(handle: HuggingFaceHandle, status: int | None) -> str:
    """Return what a user can do about a refusal."""
    if status == 401:
        return (
            f"{handle} may not exist, or be private, or be for those who accepted its conditions: "
            f"see {handle.page}. Then set HF_TOKEN to a token of yours that may read it. A token "
            "that is no longer valid is refused as well."
        )
    if status == 403:
        return (
            f"Your token may not read {handle}. Accept the conditions on {handle.page}, or set "
            "HF_TOKEN to a token that may read it."
        )
    if status == 404:
        return f"Check owner, repository, revision and file of {handle} on {handle.page}."
    return ""


def _file(entry: dict[str, Any], name: str, revision: str | None) -> tuple[str, RemoteFile]:
    path = str(entry["rfilename"])
    stored = entry.get("lfs") or {}
    digest = _digest(stored.get("sha256"), 64) or _digest(entry.get("blobId"), 40)
    if stored and _digest(stored.get("sha256"), 64) is None:
        digest = None  # Git's hash is that of the pointer to the file
    size = entry.get("size")
    address = f"{HUGGING_FACE}/{name}/resolve/{revision}/{quote(path)}"
    return path, RemoteFile(address, digest, size if isinstance(size, int) else None)


def _digest(value: object, length: int) -> str | None:
    is_one = isinstance(value, str) and len(value) == length and _HEXADECIMAL.issuperset(value)
    return str(value) if is_one else None
