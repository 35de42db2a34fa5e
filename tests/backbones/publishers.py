"""The network of a row with weights of its publisher's program, beside what that answers."""

import json

import numpy as np

from headstart.networks.runtime import load_processor

TOLERANCE = 1e-4  # of the largest value, as the project promises


def draw_images(size):
    """Blocks of colour under noise, so that images differ in their features too."""
    rng = np.random.default_rng(1)
    blocks = rng.integers(0, 256, (3, 4, 6, 3))
    height, width = size
    blocks = blocks[:, np.arange(height) * 4 // height][:, :, np.arange(width) * 6 // width]
    return np.clip(blocks + rng.integers(-40, 41, blocks.shape), 0, 255).astype(np.uint8)


def assert_answers_equal(row, weights, images, expected, converter):
    """Convert a row with these weights, and compare its outputs for the images by their names.

    Parameters
    ----------
    row : Backbone
    weights : Path
        The publisher's safetensors file.
    images : ndarray of uint8, shape (n, height, width, 3)
    expected : dict of ndarray
        What the publisher's program answers.
    converter : Worker
    """
    size, graph = images.shape[1:3], weights.with_name("graph.xml")
    request = {"backbone": row.name, "weights": str(weights), "size": size, "graph": str(graph)}
    answered = json.loads(converter.ask(task="export", **request))
    if size == row.size:
        assert answered["macs"] == row.macs
    assert answered["outputs"]["features"] == [row.n_features]
    compiled = load_processor().compile_model(graph, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    found = compiled(images)
    differences = {
        name: float(np.abs(found[name] - values).max() / np.abs(values).max())
        for name, values in expected.items()
    }
    print(row.name, size, differences)
    assert max(differences.values()) <= TOLERANCE, differences
