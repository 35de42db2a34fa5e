"""Networks with 8 bits: weights and activations are rounded to whole numbers of 8 bits.

A network with 8 bits is a network of its own in the cache. Images tell how large its activations
become, so that each of them can be rounded to 256 steps (Jacob et al. 2018, arXiv:1712.05877). NNCF
does that, in a short process of its own: it writes to the terminal and changes logging and
warnings of the process that imports it.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import logging
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from headstart import records
from headstart.errors import MissingExtra, StorageError, UsageError
from headstart.escaping import printable
from headstart.networks.network import GRAPH, cached_network
from headstart.processes.asking import ask, inherited_environment

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from headstart.networks.network import Network

# Part of the key of every network with 8 bits: raise it whenever one comes out differently.
_FORMAT = 1
_MODULE = "headstart.networks.nncf_quantising"

#: The errors that the process reports by name.
REPORTED = (StorageError,)

_logger = logging.getLogger("headstart")


def check_nncf() -> None:
    """Raise `MissingExtra` unless the package that quantises networks is installed."""
    _nncf_version()


def quantised(network: Network, images: NDArray[np.uint8]) -> Network:
    """Return the network with weights and activations of 8 bits.

    Parameters
    ----------
    network : Network
        Any network or variant, but not one that has 8 bits already.
    images : ndarray of uint8, shape (n, height, width, 3)
        RGB images as the network will see them, as large as ``network.size``. They tell how large
        activations become; a hundred are plenty.

    Raises
    ------
    UsageError
        If the network has 8 bits already, or the images have another shape or dtype.
    MissingExtra
        If NNCF is not installed.
    ConversionError
        If NNCF fails; with the end of what it wrote to stderr.
    StorageError
        If the cache can't be written.
    """
    if network.quantised:
        raise UsageError(f"A network is quantised once. Received: {network.key}, with 8 bits.")
    if images.dtype != np.uint8 or images.shape[1:] != (*network.size, 3) or not len(images):
        raise UsageError(
            f"{network.name} is quantised with at least one uint8 image of the shape "
            f"{(*network.size, 3)}. Received: {images.dtype}, shape {images.shape}."
        )
    content = np.ascontiguousarray(images).tobytes()
    key = _key(network, content)
    return cached_network(key, lambda folder: _quantise(network, content, key, folder))


def _nncf_version() -> str:
    try:
        return importlib.metadata.version("nncf")
    except importlib.metadata.PackageNotFoundError:
        raise MissingExtra("Quantising a network to 8 bits", "int8") from None


def _key(network: Network, content: bytes) -> str:
    facts = [network.key, "int8", hashlib.sha256(content).hexdigest(), _nncf_version(), _FORMAT]
    digest = hashlib.sha256(json.dumps(facts).encode()).hexdigest()
    return f"{network.name}-int8-{digest[:32]}"


def _quantise(network: Network, content: bytes, key: str, folder: Path) -> Network:
    began = time.perf_counter()
    _ask(network, content, folder / GRAPH)
    _logger.info("quantised %s in %.1f s", printable(network.name), time.perf_counter() - began)
    return replace(network, key=key, quantised=True)


def _ask(network: Network, content: bytes, graph: Path) -> None:
    """Run `headstart.networks.nncf_quantising` in a process of its own."""
    request = {
        "network": records.to_json(network, without=["folder"]),
        "folder": str(network.folder.resolve()),
        "graph": str(graph.resolve()),
    }
    reply = ask(_MODULE, json.dumps(request).encode() + b"\n" + content, inherited_environment())
    if error := reply.reported(REPORTED):
        raise error
    if reply.status or (reply.answer or {}).get("done") is not True:
        raise reply.failure(f"{network.name} could not be quantised", "NNCF")
