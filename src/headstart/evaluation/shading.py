"""The colours of a confusion matrix: blue for right, orange for wrong, darker for larger shares."""

import numpy as np

from headstart.display.style import RIGHT, WRONG
from headstart.evaluation.metrics import Counts, Floats


def depths(confusion: Counts) -> Floats:
    """Return how dark each cell is, from 0 to 1. A single mistake stays visible."""
    shares = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    depth = np.where(confusion > 0, 0.12 + 0.88 * np.sqrt(shares), 0)
    np.fill_diagonal(depth, np.diag(shares))
    return depth


def colours(depth: Floats) -> Floats:
    """Return the colour of each cell, given how dark it is: RGB from 0 to 1, shape (k, k, 3)."""
    right, wrong = (np.array([*bytes.fromhex(code[1:])]) / 255 for code in (RIGHT, WRONG))
    full = np.where(np.eye(len(depth), dtype=bool)[..., None], right, wrong)
    return 1 - depth[..., None] * (1 - full)
