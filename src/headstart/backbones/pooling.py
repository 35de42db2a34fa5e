"""What of a feature map becomes the features: a network made from another one."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import replace
from typing import TYPE_CHECKING

from headstart.backbones.cost import count_macs
from headstart.backbones.networks import GRAPH, keep_network
from headstart.backbones.runtime import load_openvino, write_graph
from headstart.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

    from openvino import Model, Node

    from headstart.backbones.networks import Network

POOLINGS = ("auto", "avg", "max", "flatten")

# Part of what a pooled network is kept under: raise it whenever the graph comes out differently.
_FORMAT = 1


def pooled(network: Network, how: str) -> Network:
    """Return a network whose features are made from the feature map in another way.

    It has no classifier: that of `network` belongs to the features it was trained with. It is kept
    on disk like any converted network, and runs with OpenVINO only.

    Parameters
    ----------
    network : Network
    how : {"auto", "avg", "max", "flatten"}
        'auto' leaves the network's own features as they are: the mean of each channel, which
        ConvNeXt then normalises. 'avg' takes those means, 'max' the largest value of each channel,
        'flatten' all numbers of the map in the order of Keras's ``Flatten``: row by row, pixel by
        pixel, channel by channel.

    Raises
    ------
    UsageError
        If there is no such pooling, or the network has no feature map.
    StorageError
        If it can't be kept.
    """
    if how not in POOLINGS:
        raise UsageError(f"pooling must be one of {', '.join(POOLINGS)}. Received: {how!r}.")
    if how == "auto":
        return network
    if "feature_map" not in network.outputs:
        raise UsageError(
            f"pooling={how!r} needs a network with a feature map. Received: {network.name}, with "
            f"{', '.join(network.outputs)}. Use pooling='auto'."
        )
    return keep_network(_key(network, how), lambda folder: _make(network, how, folder))


def _key(network: Network, how: str) -> str:
    digest = hashlib.sha256(json.dumps([network.key, how, _FORMAT]).encode()).hexdigest()
    return f"{network.name}-{how}-{digest[:32]}"


def _make(network: Network, how: str, folder: Path) -> Network:
    model = _repooled(load_openvino().Core().read_model(network.graph), network, how)
    write_graph(model, folder / GRAPH)
    shape = network.outputs["feature_map"]
    length = math.prod(shape) if how == "flatten" else shape[-1]
    return replace(
        network,
        outputs={"features": (length,), "feature_map": shape},
        classes=None,
        # Those of one image; a mirrored network runs two for each.
        macs=count_macs(model) * (2 if network.mirrored else 1),
        key=_key(network, how),
        pooling=how,
    )


def _repooled(model: Model, network: Network, how: str) -> Model:
    openvino = load_openvino()
    kept = model.output("feature_map").get_node()
    features = _pool(openvino.opset13, kept.input_value(0), how, network)
    features.output(0).get_tensor().set_names({"features"})
    results = [openvino.opset13.result(features), kept]
    return openvino.Model(results, model.get_parameters(), network.name)


def _pool(ops: ModuleType, feature_map: Node, how: str, network: Network) -> Node:
    if how == "flatten":
        # 0: as many images as come in.
        pattern = [0, math.prod(network.outputs["feature_map"])]
        return ops.reshape(feature_map, ops.constant(pattern), special_zero=True)
    reduce = {"avg": ops.reduce_mean, "max": ops.reduce_max}[how]
    height_and_width = ops.constant([1, 2])
    return reduce(feature_map, height_and_width, keep_dims=False)
