"""Read the graph of a network: the bytes that OpenVINO gets are those that were hashed."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, BinaryIO

from headstart.backbones.network import FILES
from headstart.backbones.runtime import load_openvino
from headstart.errors import DamagedModel
from headstart.untrusted.hashed_files import known_hash
from headstart.untrusted.regular_files import open_regular

if TYPE_CHECKING:
    from openvino import Core, Model, Tensor

    from headstart.backbones.network import Network


def read_graph(network: Network, core: Core) -> Model:
    """Return the graph of a network.

    The files are read into memory and not mapped, as OpenVINO would do by itself: whoever writes
    into them later changes nothing of a network that runs, and can't make it crash.

    Parameters
    ----------
    network : Network
    core : openvino.Core
        What reads it.

    Raises
    ------
    DamagedModel
        If the files are gone, or have not the hashes of ``network.files``.
    """
    graph, weights = (_read(network, name) for name in FILES)
    try:
        return core.read_model(bytes(graph.data).decode(), weights)
    except (RuntimeError, UnicodeDecodeError) as error:
        # The last line of OpenVINO's message has the reason.
        why = str(error).strip().splitlines()[-1]
        raise DamagedModel(
            f"{network.graph} must be a graph of OpenVINO. Received: {why}"
        ) from error


def _read(network: Network, name: str) -> Tensor:
    """Return the content of a file of the network, in memory that OpenVINO can keep."""
    expected = network.files.get(name)
    try:
        with open_regular(network.folder / name) as file:
            content, known = _content(file), known_hash(file)
    except OSError as error:
        raise _replaced(network) from error
    if expected not in (None, known) and expected != hashlib.sha256(content.data).hexdigest():
        raise _replaced(network)
    return content


def _content(file: BinaryIO) -> Tensor:
    openvino = load_openvino()
    size = os.fstat(file.fileno()).st_size
    content = openvino.Tensor(openvino.Type.u8, [size])
    if file.readinto(content.data) != size:  # type: ignore[attr-defined]
        raise OSError("the file was cut short meanwhile")
    return content


def _replaced(network: Network) -> DamagedModel:
    return DamagedModel(
        f"{network.folder} must hold the network {network.name!r} as long as it is used, but "
        "its files were replaced or deleted since it was loaded. Load it again."
    )
