"""Fetch the network that a handle names, and keep it: whole, with what is known of it.

The cache has a folder for each handle::

    NETWORK            the file, or the folder of the SavedModel
    config.json, ...   small files that say what it expects, as far as there are any
    hub.json           version, licence and the hashes of all other files

Once it is there, nothing is asked of the hub any more: a handle means the same files until the
cache is cleared.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import filelock

from headstart.descriptions import DescriptionFile
from headstart.errors import DamagedModel, DownloadError, NotASavedModel, WeightsNotFound
from headstart.hub import huggingface, kaggle, tensorflow_hub
from headstart.hub.archives import MAX_FILES, unpack
from headstart.hub.contents import CARD, choose, holds_network
from headstart.hub.download import fetch, hash_as
from headstart.hub.handles import (
    Handle,
    HuggingFaceHandle,
    KaggleHandle,
    TensorFlowHubHandle,
    parse_handle,
)
from headstart.hub.licences import check_licence, licence_of_card
from headstart.storage.cache_folder import cache_dir
from headstart.storage.clearing import hold, release
from headstart.storage.disk import check_room, delete, hash_file, writing
from headstart.storage.whole_files import whole_file
from headstart.storage.whole_folders import remove_remains, whole_folder
from headstart.untrusted.hashed_files import LARGEST, hash_open
from headstart.untrusted.json_text import MAX_BYTES
from headstart.untrusted.regular_files import open_regular, read_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from headstart.hub.contents import Choice
    from headstart.hub.listing import Listing, RemoteFile
    from headstart.networks.preprocessing import PreprocessingName
    from headstart.progress import Progress

DESCRIPTION = DescriptionFile("hub.json", "fetched network", newest=1)

_HUBS: dict[type[Handle], Any] = {
    HuggingFaceHandle: huggingface,
    KaggleHandle: kaggle,
    TensorFlowHubHandle: tensorflow_hub,
}
_UNREADABLE = re.compile(r"[^A-Za-z0-9.]+")


@dataclass(frozen=True, slots=True)
class Fetched:
    """A network that was fetched from a hub.

    Attributes
    ----------
    path : Path
        The file, or the folder of the SavedModel. The small files of the repository lie beside it.
    handle : Handle
        What was fetched, with its version: a commit, for a repository of Hugging Face.
    license : str or None
        The licence that the hub or the repository's card states; None if there is none.
    """

    path: Path
    handle: Handle
    license: str | None

    @property
    def source(self) -> str:
        """The address of the page that describes the network."""
        return self.handle.page

    @property
    def preprocessing(self) -> PreprocessingName | None:
        """What the hub's conventions say of the pixels that a network takes; None if nothing.

        Images of TensorFlow Hub's networks have values of 0 to 1
        (https://www.tensorflow.org/hub/common_signatures/images); Kaggle took them over.
        """
        match self.handle:
            case TensorFlowHubHandle(lite=False):
                return "zero-to-one"
            case KaggleHandle(owner="google" | "tensorflow", framework=framework):
                return "zero-to-one" if framework.lower().startswith("tensorflow") else None
        return None


def fetch_handle(
    handle: Handle,
    *,
    allow_non_commercial: bool = False,
    download: bool = True,
    progress: Progress | None = None,
) -> Fetched:
    """Return the network that a handle names; fetch it if it is not in the cache.

    Parameters
    ----------
    handle : Handle
    allow_non_commercial : bool
        Whether a licence that forbids commercial use is accepted.
    download : bool
        Whether it may be downloaded. The caches of the hubs' own programs are read anyway.
    progress : Progress, optional
        Shows the download.

    Raises
    ------
    UsageError
        If the repository holds no network that headstart reads, or several; or its licence is not
        accepted.
    WeightsNotFound
        If it is not on this computer, and must not be downloaded.
    DownloadError, WeightsMismatch
        If the download fails; see `headstart.hub.download.fetch`.
    DamagedModel
        If a file was altered after it was fetched.
    StorageError
        If the cache can't be written.
    """
    folder = cache_dir() / "hub" / _key(handle)
    fetching = _Fetching(
        handle, folder, allowed=allow_non_commercial, download=download, progress=progress
    )
    found = _kept(folder, handle)
    if found is not None:
        fetching.tidy()  # after a process that was killed when the network was in its place
    else:
        with writing(str(folder)):
            folder.parent.mkdir(parents=True, exist_ok=True)
            with filelock.FileLock(f"{folder}.lock"):
                # Another process may have fetched it while this one waited for the lock.
                found = _kept(folder, handle) or fetching.run()
    check_licence(str(handle), found.license, allow_non_commercial=allow_non_commercial)
    return found


def _key(handle: Handle) -> str:
    readable = _UNREADABLE.sub("-", str(handle).removeprefix("https://tfhub.dev/"))[:60]
    return f"{readable}-{hashlib.sha256(str(handle).encode()).hexdigest()[:16]}"


def _kept(folder: Path, handle: Handle) -> Fetched | None:
    """Return what the cache holds; None if it is missing or is being cleared."""
    if not hold(folder / DESCRIPTION.name):
        return None
    with contextlib.suppress(NotASavedModel):
        entries = DESCRIPTION.read(folder)
        with DESCRIPTION.reading(folder):
            fetched = parse_handle(entries["fetched"])
            if entries["handle"] != str(handle) or fetched is None:
                raise ValueError("another handle")
            for name, digest in entries["files"].items():
                _check_unchanged(folder, folder / name, digest)
            return Fetched(folder / entries["place"], fetched, entries["license"])
    return None


def _check_unchanged(folder: Path, path: Path, digest: str) -> None:
    try:
        with open_regular(path) as file:
            found = hash_open(file)
    except OSError as error:
        found = f"none: {error.strerror}"
    if found != digest:
        raise DamagedModel(
            f"{path} must have the sha256 that it had when it was fetched, {digest}. "
            f"Received: {found}. The file was altered. Delete the folder {folder}, and it is "
            "fetched again."
        )


class _Fetching:
    """The fetching of one network."""

    def __init__(
        self,
        handle: Handle,
        folder: Path,
        *,
        allowed: bool,
        download: bool,
        progress: Progress | None,
    ) -> None:
        self._handle, self._folder, self._allowed = handle, folder, allowed
        self._download, self._progress = download, progress
        self._hub = _HUBS[type(handle)]
        # Stays after a failure, so that the next attempt resumes; cleared with the folder.
        self._parts = folder.with_name(f"{folder.name}.part")

    def run(self) -> Fetched:
        release(self._folder / DESCRIPTION.name)
        delete(self._folder)
        forbidden = self._hub.forbidden() if self._download else "this call"
        kept = self._hub.kept(self._handle)
        # What may have changed since is asked for, where that is possible.
        if kept is not None and (forbidden or kept[0] == self._handle):
            with contextlib.suppress(_Lacking):
                return self._from_folder(*kept)
        if forbidden:
            raise WeightsNotFound(
                f"{self._handle} is not on this computer, and {forbidden} forbids to ask "
                f"{self._handle.hub}. Fetch it with `headstart models fetch {self._handle}`, or "
                "download the file elsewhere and give its path."
            )
        fetched = self._from_hub()
        self.tidy()
        if self._progress is not None:
            stated = fetched.license or f"not stated; see {fetched.source}"
            self._progress.say(f"Fetched {fetched.handle}. Licence: {stated}.")
        return fetched

    def tidy(self) -> None:
        """Delete what only a download that is not finished needs."""
        remove_remains(self._folder)
        shutil.rmtree(self._parts, ignore_errors=True)

    def _from_folder(self, handle: Handle, source: Path, licence: str | None = None) -> Fetched:
        """Copy the network out of a folder that holds the repository's files, or some of them."""
        names, file = list(_names(source)), getattr(self._handle, "file", None)
        if self._hub.is_partial(source) and not holds_network(_below(file, names)):
            raise _Lacking
        choice = choose(self._handle, file, names)
        if CARD in choice.small:
            licence = _card(source / choice.small[CARD]) or licence
        self._check(licence)
        with whole_folder(self._folder) as new:
            for place, name in {**choice.files, **choice.small}.items():
                _copy(source / name, new / place)
            self._describe(new, handle, choice, licence)
        return self._made(handle, choice, licence)

    def _from_hub(self) -> Fetched:
        with self._advised():
            listing: Listing = self._hub.list_files(self._handle)
            self._check(listing.licence)
            key = hashlib.sha256(str(listing.handle).encode()).hexdigest()[:16]
            kept = self._hub.kept(listing.handle)
            if listing.archive is None:
                return self._from_files(listing, self._parts / key, kept and kept[1])
            if kept is not None:
                with contextlib.suppress(_Lacking):
                    return self._from_folder(listing.handle, kept[1], listing.licence)
            return self._from_archive(listing, listing.archive, self._parts / key)

    def _from_files(self, listing: Listing, parts: Path, kept: Path | None) -> Fetched:
        choice = choose(self._handle, listing.file, listing.files)
        if kept is not None:
            for place, name in {**choice.files, **choice.small}.items():
                _take(kept / name, parts / place, listing.files[name].digest)
        for place, name in choice.small.items():
            self._fetch(listing.files[name], parts / place, MAX_BYTES)
        licence = _card(parts / CARD) if CARD in choice.small else listing.licence
        self._check(licence)
        wanted = {place: listing.files[name] for place, name in choice.files.items()}
        needed = sum(file.size or 0 for file in wanted.values())
        check_room(self._folder.parent, needed, str(self._handle))
        for place, file in wanted.items():
            self._fetch(file, parts / place, LARGEST)
        with whole_folder(self._folder) as new:
            for place in (*choice.small, *choice.files):
                (new / place).parent.mkdir(parents=True, exist_ok=True)
                (parts / place).replace(new / place)
            self._describe(new, listing.handle, choice, licence)
        return self._made(listing.handle, choice, licence)

    def _from_archive(self, listing: Listing, archive: RemoteFile, parts: Path) -> Fetched:
        path = parts / "archive.tar.gz"
        self._fetch(archive, path, LARGEST)
        unpacked = parts / "unpacked"
        delete(unpacked)
        unpacked.mkdir()
        try:
            unpack(path, unpacked)
        except DownloadError:
            # What the server sent is wrong: to resume it would not help.
            delete(parts)
            raise
        return self._from_folder(listing.handle, unpacked, listing.licence)

    def _fetch(self, file: RemoteFile, target: Path, most: int) -> None:
        fetch(file.url, target, file.digest, progress=self._progress, most=most)

    def _check(self, licence: str | None) -> None:
        # Before it is downloaded, if it is known before.
        check_licence(str(self._handle), licence, allow_non_commercial=self._allowed)

    @contextlib.contextmanager
    def _advised(self) -> Iterator[None]:
        """Add to an error what the user can do."""
        try:
            yield
        except DownloadError as error:
            advice = self._hub.advice(self._handle, error.status) or (
                "Try again; or set HEADSTART_MIRROR to the address of a mirror that has it; or "
                f"download it from {self._handle.page} on another machine, and give its path."
            )
            message = f"{self._handle} could not be fetched. {str(error).strip()}\n{advice}"
            raise DownloadError(message, status=error.status) from error

    def _describe(self, folder: Path, handle: Handle, choice: Choice, licence: str | None) -> None:
        names = sorted({*choice.files, *choice.small})
        entries = {
            "handle": str(self._handle),
            "fetched": str(handle),
            "place": choice.place,
            "license": licence,
            "files": {name: hash_file(folder / name) for name in names},
        }
        DESCRIPTION.write(folder, entries)

    def _made(self, handle: Handle, choice: Choice, licence: str | None) -> Fetched:
        hold(self._folder / DESCRIPTION.name)
        return Fetched(self._folder / choice.place, handle, licence)


class _Lacking(Exception):
    """A cache of another program lacks the network, or has more files than are looked at."""


def _names(folder: Path) -> Iterator[str]:
    """Yield the paths of the files below a folder, with forward slashes."""
    n_files = 0
    for place, _, names in os.walk(folder):
        for name in names:
            n_files += 1
            if n_files > MAX_FILES:
                raise _Lacking
            yield Path(place, name).relative_to(folder).as_posix()


def _below(path: str | None, names: list[str]) -> list[str]:
    return [each for each in names if path is None or f"{each}/".startswith(f"{path}/")]


def _card(path: Path) -> str | None:
    """Return the licence that a card states."""
    with contextlib.suppress(OSError, ValueError):
        return licence_of_card(read_bytes(path, MAX_BYTES).decode("utf-8", "replace"))
    return None


def _take(source: Path, target: Path, digest: str | None) -> None:
    """Copy a file of another program's cache, if it is the one that the hub has."""
    if digest is not None and source.is_file() and not target.exists():
        delete(target.with_name(f"{target.name}.part"))
        if hash_as(digest, source) == digest:
            _copy(source, target)


def _copy(source: Path, target: Path) -> None:
    # In the caches of hubs, files are links to where their contents are.
    target.parent.mkdir(parents=True, exist_ok=True)
    with (
        whole_file(target, sync=False) as new,
        open_regular(source) as read,
        new.open("wb") as written,
    ):
        shutil.copyfileobj(read, written, 2**20)
