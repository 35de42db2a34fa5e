"""TensorFlow Hub: addresses of tfhub.dev, and the cache of tensorflow_hub.

The site leads to Kaggle by now, which keeps its networks: who asks for the compressed form of an
address is led to the archive.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from headstart.hub import folders
from headstart.hub.listing import Listing, RemoteFile
from headstart.hub.mirrors import TENSORFLOW_HUB

if TYPE_CHECKING:
    from pathlib import Path

    from headstart.hub.handles import TensorFlowHubHandle


def kept(handle: TensorFlowHubHandle) -> tuple[TensorFlowHubHandle, Path] | None:
    """Return the handle, and the folder of its files in tensorflow_hub's cache; None without."""
    cache = folders.tensorflow_hub_cache()
    if cache is None or handle.lite:
        return None
    name = hashlib.sha1(handle.page.encode(), usedforsecurity=False).hexdigest()
    return (handle, cache / name) if (cache / name).is_dir() else None


def is_partial(_: Path) -> bool:
    """Tell whether a folder of `kept` may lack files: none does."""
    return False


def forbidden() -> str | None:
    """Return the variable that forbids to ask the hub: there is none."""
    return None


def list_files(handle: TensorFlowHubHandle) -> Listing:
    """Return where the files are; nothing is asked for that."""
    address = f"{TENSORFLOW_HUB}/{handle.path}"
    if handle.lite:
        file = RemoteFile(f"{address}?lite-format=tflite")
        return Listing(handle, files={"model.tflite": file})
    return Listing(handle, archive=RemoteFile(f"{address}?tf-hub-format=compressed"))


def advice(handle: TensorFlowHubHandle, status: int | None) -> str:
    """Return what a user can do about a refusal."""
    if status is None:
        return ""
    return (
        f"Open {handle.page} in a browser: it leads to the network's page at Kaggle. The handle is "
        "there, owner/model/framework/variation/version: write kaggle: before it."
    )
