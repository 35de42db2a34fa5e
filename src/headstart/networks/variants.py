"""Variants of a converted network: features pooled in another way, or means with mirror images.

A variant is a network of its own in the cache. It runs with OpenVINO only.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import replace
from typing import TYPE_CHECKING

from headstart.errors import UsageError
from headstart.networks.network import GRAPH, cached_network, hash_files
from headstart.networks.pooling import POOLINGS
from headstart.networks.reading import read_graph
from headstart.networks.runtime import count_macs, load_openvino, write_graph

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

    from openvino import Model, Node, Output

    from headstart.networks.network import Network
    from headstart.networks.pooling import Pooling
    from headstart.networks.preprocessing import Preprocessing

# Part of the key of every variant: raise it whenever the graph of one comes out differently.
_FORMAT = 1

# Images and feature maps have the axes (n, height, width, channels).
_HEIGHT_AND_WIDTH = (1, 2)
_WIDTH = 2
_RANK_OF_MAPS = 4


def pooled(network: Network, pooling: Pooling) -> Network:
    """Return the network with features that are pooled from its feature map in this way.

    The result has no classifier: the classifier belongs to the features it was trained with.

    Parameters
    ----------
    network : Network
    pooling : {"auto", "avg", "max", "flatten"}
        "auto" returns the network as it is. "avg" takes the mean of each channel, "max" the maximum
        of each channel, "flatten" all values of the map in the order of Keras's ``Flatten``: row by
        row, pixel by pixel, channel by channel.

    Raises
    ------
    UsageError
        If `pooling` is unknown, or the network has no feature map.
    StorageError
        If the cache can't be written.
    """
    if pooling not in POOLINGS:
        raise UsageError(f"pooling must be one of {', '.join(POOLINGS)}. Received: {pooling!r}.")
    if pooling == "auto":
        return network
    if "feature_map" not in network.outputs:
        raise UsageError(
            f"pooling={pooling!r} needs a network with a feature map. Received: {network.name}, "
            f"with {', '.join(network.outputs)}. Use pooling='auto'."
        )
    key = _key(network, pooling)
    return cached_network(key, lambda folder: _make_pooled(network, pooling, key, folder))


def mirrored(network: Network) -> Network:
    """Return the network with outputs that are the mean over each image and its mirror image.

    The outputs for an image and for its mirror image differ by chance more than by content. Their
    mean is sometimes more accurate and takes twice the time (docs/benchmarks.md: more accurate with
    a network that was fine-tuned on small images, not with a frozen one on large ones). This is the
    simplest case of test-time augmentation (Krizhevsky et al. 2012, section 4.1). The feature map
    of the mirror image is mirrored back before the mean.

    Raises
    ------
    StorageError
        If the cache can't be written.
    """
    if network.mirror:
        return network
    key = _key(network, "mirror")
    return cached_network(key, lambda folder: _make_mirrored(network, key, folder))


def with_preprocessing(network: Network, preprocessing: Preprocessing, folder: Path) -> Network:
    """Return a network whose own preprocessing is none with another one.

    It is made to be tried, and not kept in the cache.

    Parameters
    ----------
    network : Network
        Its preprocessing is `INSIDE`.
    preprocessing : Preprocessing
    folder : Path
        An empty folder, where its graph is written.
    """
    from headstart.networks.graph import insert_preprocessing  # late: it needs NumPy

    model = _read_graph(network)
    insert_preprocessing(model, preprocessing)
    write_graph(model, folder / GRAPH)
    # No two that are tried have the same key.
    key = f"{network.key}-tried-{folder.parent.name}"
    files = hash_files(folder)
    return replace(network, folder=folder, preprocessing=preprocessing, key=key, files=files)


def _key(network: Network, variant: str) -> str:
    digest = hashlib.sha256(json.dumps([network.key, variant, _FORMAT]).encode()).hexdigest()
    return f"{network.name}-{variant}-{digest[:32]}"


def _make_pooled(network: Network, pooling: Pooling, key: str, folder: Path) -> Network:
    model = _with_pooling(_read_graph(network), network, pooling)
    write_graph(model, folder / GRAPH)
    shape = network.outputs["feature_map"]
    length = math.prod(shape) if pooling == "flatten" else shape[-1]
    return replace(
        network,
        outputs={"features": (length,), "feature_map": shape},
        classes=None,
        # The graph counts one image; a mirrored network runs two for each.
        macs=count_macs(model) * (2 if network.mirror else 1),
        key=key,
        pooling=pooling,
    )


def _with_pooling(model: Model, network: Network, pooling: Pooling) -> Model:
    openvino = load_openvino()
    kept = model.output("feature_map").get_node()
    features = _pool(openvino.opset13, kept.input_value(0), pooling, network)
    features.output(0).get_tensor().set_names({"features"})
    results = [openvino.opset13.result(features), kept]
    return openvino.Model(results, model.get_parameters(), network.name)


def _pool(ops: ModuleType, feature_map: Node, pooling: Pooling, network: Network) -> Node:
    if pooling == "flatten":
        # 0 keeps the size of the batch.
        pattern = [0, math.prod(network.outputs["feature_map"])]
        return ops.reshape(feature_map, ops.constant(pattern), special_zero=True)
    reduce = {"avg": ops.reduce_mean, "max": ops.reduce_max}[pooling]
    return reduce(feature_map, ops.constant(list(_HEIGHT_AND_WIDTH)), keep_dims=False)


def _make_mirrored(network: Network, key: str, folder: Path) -> Network:
    write_graph(_with_mirror_images(_read_graph(network), network.name), folder / GRAPH)
    return replace(network, macs=2 * network.macs, key=key, mirror=True)


def _with_mirror_images(model: Model, name: str) -> Model:
    openvino = load_openvino()
    ops = openvino.opset13
    (images,) = model.get_parameters()
    # Listed now, because the operations below will read the images as well.
    readers = images.output(0).get_target_inputs()
    both = ops.concat([images.output(0), _mirror(ops, images.output(0))], axis=0)
    for reader in readers:
        reader.replace_source_output(both.output(0))
    results = [_mean(openvino, result) for result in model.get_results()]
    return openvino.Model(results, [images], name)


def _mean(openvino: ModuleType, result: Node) -> Node:
    """Return a result that is the mean of the two halves of `result`, with its name."""
    ops = openvino.opset13
    names = result.output(0).get_tensor().get_names()
    values = result.input_value(0)
    values.get_tensor().set_names(set())
    of_images, of_mirror_images = ops.split(values, ops.constant(0), 2).outputs()
    if len(values.get_partial_shape()) == _RANK_OF_MAPS:
        of_mirror_images = _mirror(ops, of_mirror_images)
    total = ops.add(of_images, of_mirror_images)
    mean = ops.multiply(total, ops.constant(0.5, openvino.Type.f32))
    mean.output(0).get_tensor().set_names(names)
    return ops.result(mean)


def _mirror(ops: ModuleType, images: Output) -> Output:
    """Return images or feature maps with left and right exchanged."""
    width = images.get_partial_shape()[_WIDTH].get_length()
    columns = ops.constant(list(range(width))[::-1])
    return ops.gather(images, columns, ops.constant(_WIDTH)).output(0)


def _read_graph(network: Network) -> Model:
    return read_graph(network, load_openvino().Core())
