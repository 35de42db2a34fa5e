"""Read the graph of a network: the bytes that OpenVINO gets are those that were hashed."""

from __future__ import annotations

import contextlib
import hashlib
import os
from typing import TYPE_CHECKING, BinaryIO

from headstart.errors import DamagedModel
from headstart.networks.graph_check import MAX_BYTES, check_graph, check_model
from headstart.networks.network import FILES
from headstart.networks.runtime import load_openvino
from headstart.untrusted.hashed_files import LARGEST, known_hash
from headstart.untrusted.regular_files import open_regular

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openvino import Core, Model, Tensor

    from headstart.networks.network import Network


# Bytes of the graph, and of its weights.
_MOST = (MAX_BYTES, LARGEST)
# Letters of OpenVINO's message in an error.
_SHOWN = 300


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
        If the files are gone, have not the hashes of ``network.files``, or are not a graph as
        headstart writes it; see `headstart.networks.graph_check`.
    """
    with using_graph(network):
        graph, weights = (_read(network, *file) for file in zip(FILES, _MOST, strict=True))
        text = bytes(graph.data)
        check_graph(text, weights.data)
        model = core.read_model(text.decode(), weights)
        check_model(model, network)
    return model


@contextlib.contextmanager
def using_graph(network: Network) -> Iterator[None]:
    """Turn what OpenVINO says of a graph into `DamagedModel`."""
    try:
        yield
    except (RuntimeError, ValueError) as error:
        # The last line of OpenVINO's message has the reason.
        why = " ".join(str(error).strip().splitlines()[-1:])[:_SHOWN]
        raise DamagedModel(
            f"{network.graph} must be a graph as headstart writes it. Received: {why}. Convert the "
            "network again, or get its folder again from its source."
        ) from error


def _read(network: Network, name: str, most: int) -> Tensor:
    """Return the content of a file of the network, in memory that OpenVINO can keep."""
    expected = network.files.get(name)
    try:
        with open_regular(network.folder / name) as file:
            content, known = _content(file, most), known_hash(file)
    except OSError as error:
        raise _replaced(network) from error
    if expected not in (None, known) and expected != hashlib.sha256(content.data).hexdigest():
        raise _replaced(network)
    return content


def _content(file: BinaryIO, most: int) -> Tensor:
    openvino = load_openvino()
    size = os.fstat(file.fileno()).st_size
    if size > most:
        raise ValueError(f"more than {most:,} bytes")
    content = openvino.Tensor(openvino.Type.u8, [size])
    if file.readinto(content.data) != size:  # type: ignore[attr-defined]
        raise OSError("the file was cut short meanwhile")
    return content


def _replaced(network: Network) -> DamagedModel:
    return DamagedModel(
        f"{network.folder} must hold the network {network.name!r} as long as it is used, but "
        "its files were replaced or deleted since it was loaded. Load it again."
    )
