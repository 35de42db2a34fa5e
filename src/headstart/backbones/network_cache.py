"""The cache of converted networks: each is made once, and is whole or absent."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import filelock

from headstart.backbones.network import load_network, write_description
from headstart.errors import DamagedModel, NotASavedModel
from headstart.storage import cache_dir, whole_folder, writing

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from headstart.backbones.network import Network


def cached_network(key: str, make: Callable[[Path], Network]) -> Network:
    """Return the network with this key from the cache; make and keep it if it is missing.

    Parameters
    ----------
    key : str
        See `Network`.
    make : callable
        Called with an empty folder at most once, even when several processes want the network. It
        writes the graph there and returns the network.

    Raises
    ------
    StorageError
        If the cache can't be written; errors of `make` pass through. Nothing is left behind.
    """
    folder = cache_dir() / "networks" / key
    kept = _kept(folder)
    if kept is not None:
        return kept
    with writing(str(folder)):
        folder.parent.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(f"{folder}.lock"):
            # Another process may have made it while this one waited for the lock.
            return _kept(folder) or _made(folder, make)


def _kept(folder: Path) -> Network | None:
    """Return the network in `folder`; None if it is missing or damaged."""
    try:
        return load_network(folder)
    except (NotASavedModel, DamagedModel):
        return None


def _made(folder: Path, make: Callable[[Path], Network]) -> Network:
    _clear(folder)
    with whole_folder(folder) as new:
        network = replace(make(new), folder=folder)
        write_description(network, new)
    return network


def _clear(folder: Path) -> None:
    """Remove a damaged network, and what killed processes left of their attempts."""
    for remains in (folder, *folder.parent.glob(f".{folder.name}-*")):
        if remains.exists():
            shutil.rmtree(remains)
