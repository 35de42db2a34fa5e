"""What a hub says that a handle means: the files, and where they are."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from headstart.hub.handles import Handle


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file of a hub.

    Attributes
    ----------
    url : str
        Its address at the hub itself.
    digest : str or None
        The hash that the hub states; see `headstart.hub.download.fetch`.
    size : int or None
        Its bytes, as the hub states them.
    """

    url: str
    digest: str | None = None
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """The files of a repository.

    Attributes
    ----------
    handle : Handle
        The handle with its version: what it names never changes.
    file : str or None
        The file or folder that the handle names.
    files : dict
        The files, by their paths in the repository.
    archive : RemoteFile or None
        The archive that holds the files, for a hub that sends them so; then there are no `files`.
    licence : str or None
        The licence that the hub states; None if it states none, or only on the repository's card.
    """

    handle: Handle
    file: str | None = None
    files: dict[str, RemoteFile] = field(default_factory=dict)
    archive: RemoteFile | None = None
    licence: str | None = None
