"""Quantise a network with NNCF and write its graph; runs as a process.

NNCF sets up logging and draws progress bars when it is imported and used. So the rest of headstart
never imports this module: `headstart.networks.quantising` runs it with a line of JSON and then the
pixels of the images on standard input.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from headstart import records
from headstart.networks.batch_norms import fold_batch_norms
from headstart.networks.network import Network
from headstart.networks.quantising import REPORTED
from headstart.networks.reading import read_graph
from headstart.networks.runtime import load_openvino, write_graph
from headstart.processes.asking import report, say
from headstart.processes.parent import end_with_parent
from headstart.untrusted.json_text import parse_json

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from openvino import Model


def quantise(model: Model, images: NDArray[np.uint8]) -> Model:
    """Return a graph whose weights and activations have 8 bits.

    Parameters
    ----------
    model : openvino.Model
        As headstart writes it. It is changed.
    images : ndarray of uint8, shape (n, height, width, 3)
    """
    import nncf

    fold_batch_norms(model)
    return nncf.quantize(
        model,
        nncf.Dataset([image[None] for image in images]),
        # Signed or not, every range has 0 in its middle or at its end: the fastest on processors.
        preset=nncf.QuantizationPreset.PERFORMANCE,
        subset_size=len(images),
    )


def answer(request: dict[str, Any], pixels: bytes) -> dict[str, Any]:
    """Write the graph that `request` asks for; an error of storage is an answer as well.

    Parameters
    ----------
    request : dict
        ``network`` (a description), ``folder`` (where that network is), ``graph`` (the path to
        write, ending in ``.xml``).
    pixels : bytes
        The images, one after another.
    """
    network = records.from_json(Network, request["network"], folder=Path(request["folder"]))
    images = np.frombuffer(pixels, np.uint8).reshape(-1, *network.size, 3)
    model = read_graph(network, load_openvino().Core())
    try:
        write_graph(quantise(model, images), Path(request["graph"]))
    except REPORTED as error:
        return report(error, REPORTED)
    return {"done": True}


def main() -> None:
    """Answer the request on standard input with a line of JSON on standard output."""
    end_with_parent()
    request = parse_json(sys.stdin.buffer.readline())
    found = answer(request, sys.stdin.buffer.read())
    say(found)


if __name__ == "__main__":
    main()
