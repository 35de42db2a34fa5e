"""Fine-tuning of a network that no row of the catalogue builds: its graph becomes a Keras network.

So a network from a file of another program, and any converted network, is trained further. The
weights that were trained are written back into the graph.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from headstart.errors import UsageError
from headstart.networks.keras_graph import NotRebuilt, keras_name, rebuild
from headstart.networks.keras_operations import RULES
from headstart.networks.layout import inverse
from headstart.networks.network import DESCRIPTION, GRAPH, Network, cached_network, hash_files
from headstart.networks.reading import read_graph
from headstart.networks.runtime import count_macs, load_openvino, write_graph

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from types import ModuleType

    from headstart.networks.keras_graph import Rebuilt

# Part of the key of every network that was trained so: raise it whenever one comes out differently.
_FORMAT = 1


def rebuilt_network(keras: ModuleType, network: Network) -> Rebuilt:
    """Return a network from float pixels to features, made of the graph.

    Raises
    ------
    UsageError
        If Keras has not all of its operations, or it has 8 bits.
    """
    if network.quantised:
        raise UsageError(
            "A network is fine-tuned in floats: steps of 8 bits are too large to learn in. "
            f"Received: {network.name}, whose weights have 8 bits. Train a head on it, without "
            "fine-tuning; or fine-tune the network that it was rounded from."
        )
    graph = read_graph(network, load_openvino().Core())
    name = keras_name(network.name)
    try:
        return rebuild(
            keras, graph, ["features"], RULES, pixels="float32", as_layers=True, name=name
        )
    except NotRebuilt as error:
        raise UsageError(
            "A network of another program is fine-tuned if Keras has all of its operations. "
            f"Received: {network.name}, with {error}. Train a head on it, without fine-tuning; or "
            "fine-tune a backbone that `headstart models` lists."
        ) from error


def frozen_graph(
    rebuilt: Rebuilt, network: Network, layers: Sequence[str], folder: Path
) -> Network:
    """Write the part of a graph that leads to some layers of its Keras network.

    Returns
    -------
    Network
        With an output for each layer, called by its name. Its folder can't be loaded again.

    Raises
    ------
    UsageError
        If a layer only pads for the next one.
    StorageError
    """
    openvino = load_openvino()
    ops = openvino.opset13
    results = []
    for name in layers:
        place = rebuilt.places.get(name)
        if place is None:
            raise UsageError(
                "The freeze point must be no layer whose input is padded by a layer of its own. "
                f"Received: the layer after {name!r}. Take a layer before or after it."
            )
        values = ops.transpose(place.value, ops.constant(list(inverse(place.order))))
        values.output(0).get_tensor().set_names({name})
        results.append(ops.result(values))
    folder.mkdir(exist_ok=True)
    graph = openvino.Model(results, rebuilt.graph.get_parameters(), network.name)
    write_graph(graph, folder / GRAPH)
    outputs = {
        name: tuple(axis.get_length() for axis in list(output.get_partial_shape())[1:])
        for name, output in zip(layers, graph.outputs, strict=True)
    }
    return replace(
        network,
        folder=folder,
        outputs=outputs,
        classes=None,
        macs=count_macs(graph),
        key=f"{folder / DESCRIPTION.name}",
        files=hash_files(folder),
    )


def tuned_network(rebuilt: Rebuilt, network: Network) -> Network:
    """Return the network with the weights that its Keras network has now.

    Raises
    ------
    StorageError
        If the cache can't be written.
    """
    digest = hashlib.sha256(f"{network.key} {_FORMAT}".encode())
    for layer in rebuilt.weights:
        for values in rebuilt.model.get_layer(layer).get_weights():
            digest.update(np.ascontiguousarray(values, np.float32).tobytes())
    known = digest.hexdigest()

    def make(folder: Path) -> Network:
        rebuilt.write_back()
        write_graph(rebuilt.graph, folder / GRAPH)
        return replace(network, key=key, weights_sha256=known)

    key = f"{network.key.rpartition('-')[0] or 'network'}-tuned-{known[:32]}"
    return cached_network(key, make)
