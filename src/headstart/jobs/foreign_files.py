"""The file of a network of another program, as users name it: a path, or a handle of a hub."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headstart.foreign.facts import Facts
from headstart.foreign.files import ForeignFile, recognise_fetched
from headstart.foreign.metadata import Source, read_sources
from headstart.hub.fetching import fetch_handle
from headstart.networks.preprocessing import USUAL

if TYPE_CHECKING:
    from headstart.hub.handles import Handle
    from headstart.progress import Progress


def foreign_file(
    meant: ForeignFile | Handle,
    *,
    allow_non_commercial: bool = False,
    progress: Progress | None = None,
) -> tuple[ForeignFile, tuple[Source, ...]]:
    """Return a network's file, and what it, the files beside it and its hub say of it.

    What stands first counts.

    Parameters
    ----------
    meant : ForeignFile or Handle
        The network of a handle is fetched.
    allow_non_commercial, progress
        See `headstart.hub.fetching.fetch_handle`.

    Raises
    ------
    ConversionError
        If what a hub has is no network, or what is said can't be read.
    UsageError, DownloadError, StorageError
    """
    if isinstance(meant, ForeignFile):
        return meant, read_sources(meant)
    fetched = fetch_handle(meant, allow_non_commercial=allow_non_commercial, progress=progress)
    file = recognise_fetched(fetched.path, str(meant))
    # In the order in which they count for the network: see `headstart.backbones.finding`.
    hub, known = str(fetched.handle), Facts(license=fetched.license, source=fetched.source)
    sources = (Source(hub, known), *read_sources(file))
    if fetched.preprocessing is not None:
        sources += (Source(hub, Facts(preprocessing=USUAL[fetched.preprocessing])),)
    return file, sources
