"""Small graphs of OpenVINO as networks, and what OpenVINO computes with them."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.networks.network import Network
from headstart.networks.runtime import load_openvino, load_processor, write_graph


def make_graph(
    folder: Path, function: Callable[[Any, Any], Any], size: tuple[int, int] = (9, 10)
) -> Network:
    """Write ``function(ops, pixels)`` as a network with the output ``features``.

    `pixels` are float32 of shape (n, height, width, 3), between -1 and 1.
    """
    openvino = load_openvino()
    ops = openvino.opset15
    image = ops.parameter([-1, *size, 3], np.uint8, name="image")
    image.output(0).get_tensor().set_names({"image"})
    converted = ops.convert(image, np.float32)
    pixels = ops.divide(ops.subtract(converted, np.float32(127.5)), np.float32(127.5))
    features = function(ops, pixels)
    output = features if isinstance(features, openvino.Output) else features.output(0)
    output.get_tensor().set_names({"features"})
    model = openvino.Model([ops.result(output)], [image], "graph")
    write_graph(model, folder / "graph.xml")
    axes = list(output.get_partial_shape())[1:]
    shape = tuple(axis.get_length() if axis.is_static else 1 for axis in axes)
    return Network(
        folder=folder,
        name="graph",
        size=size,
        outputs={"features": shape or (1,)},
        classes=None,
        resize="crop",
        crop_fraction=1.0,
        macs=1,
        weights_sha256="0" * 64,
        key=f"graph-{folder.name}",
    )


def images(n: int, size: tuple[int, int] = (9, 10), seed: int = 0) -> NDArray[np.uint8]:
    """Return noise as images."""
    return np.random.default_rng(seed).integers(0, 256, (n, *size, 3), np.uint8)


def run_openvino(network: Network, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the features of images, one run for each."""
    core = load_processor()
    model = core.read_model(network.graph)
    model.reshape([1, *network.size, 3])
    compiled = core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return np.concatenate([np.array(compiled(image[None])[0]) for image in pixels])


def difference(expected: NDArray[np.float32], found: NDArray[np.float32]) -> float:
    """Return the largest difference, relative to the largest value."""
    assert found.shape == expected.shape
    assert math.isfinite(float(np.abs(expected).max()))
    return float(np.abs(found - expected).max() / np.abs(expected).max())
