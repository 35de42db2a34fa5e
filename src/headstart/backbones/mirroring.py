"""A network that looks at a picture and at its mirror image: made from another one."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING

from headstart.backbones.networks import GRAPH, keep_network
from headstart.backbones.runtime import load_openvino, write_graph

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

    from openvino import Model, Node, Output

    from headstart.backbones.networks import Network

# Part of what a mirrored network is kept under: raise it whenever the graph comes out differently.
_FORMAT = 1
# Of images and of feature maps: (n, height, width, channels).
_WIDTH = 2
_RANK_OF_MAPS = 4


def mirrored(network: Network, *, wanted: bool = True) -> Network:
    """Return a network that answers with the mean over a picture and its mirror image.

    What a network says of a picture and of its mirror image differs by chance more than by reason;
    the mean of both is sometimes nearer to the truth, at twice the work (docs/benchmarks.md: it was
    with a network fine-tuned on small pictures, not with a frozen one on photos). It is the
    simplest case of test-time augmentation (Krizhevsky et al. 2012, section 4.1). Not for what has
    a left and a right, such as letters. A feature map is the mean of the picture's and of the
    mirror image's, mirrored back.

    It is kept on disk like any converted network, and runs with OpenVINO only.

    Parameters
    ----------
    network : Network
        Returned as it is if it does so already.
    wanted : bool
        False leaves the network as it is.

    Raises
    ------
    StorageError
        If it can't be kept.
    """
    if network.mirrored or not wanted:
        return network
    return keep_network(_key(network), lambda folder: _make(network, folder))


def _key(network: Network) -> str:
    digest = hashlib.sha256(json.dumps([network.key, _FORMAT]).encode()).hexdigest()
    return f"{network.name}-mirrored-{digest[:32]}"


def _make(network: Network, folder: Path) -> Network:
    model = load_openvino().Core().read_model(network.graph)
    write_graph(_with_mirror_images(model, network.name), folder / GRAPH)
    return replace(network, macs=2 * network.macs, key=_key(network), mirrored=True)


def _with_mirror_images(model: Model, name: str) -> Model:
    openvino = load_openvino()
    ops = openvino.opset13
    (images,) = model.get_parameters()
    # Asked for before there are two more.
    readers = images.output(0).get_target_inputs()
    seen = images.output(0)
    both = ops.concat([seen, _mirror(ops, seen)], axis=0)
    for reader in readers:
        reader.replace_source_output(both.output(0))
    results = [_mean(openvino, result) for result in model.get_results()]
    return openvino.Model(results, [images], name)


def _mean(openvino: ModuleType, result: Node) -> Node:
    """Return the mean of the two halves of what was a result, under its name."""
    ops = openvino.opset13
    names = result.output(0).get_tensor().get_names()
    values = result.input_value(0)
    values.get_tensor().set_names(set())
    seen, in_mirror = ops.split(values, ops.constant(0), 2).outputs()
    if len(values.get_partial_shape()) == _RANK_OF_MAPS:
        in_mirror = _mirror(ops, in_mirror)
    mean = ops.multiply(ops.add(seen, in_mirror), ops.constant(0.5, openvino.Type.f32))
    mean.output(0).get_tensor().set_names(names)
    return ops.result(mean)


def _mirror(ops: ModuleType, rows: Output) -> Output:
    """Return images or maps with left and right exchanged."""
    width = rows.get_partial_shape()[_WIDTH].get_length()
    columns = ops.constant(list(range(width))[::-1])
    return ops.gather(rows, columns, ops.constant(_WIDTH)).output(0)
