"""The colours of a confusion matrix: blue for right, orange for wrong, darker for a larger share.

Blue and vermilion come from the Okabe-Ito palette: colour-blind people tell them apart.
"""

import numpy as np
import numpy.typing as npt

_RIGHT, _WRONG = np.array([0, 114, 178]) / 255, np.array([213, 94, 0]) / 255


def depths(confusion: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Return how dark each cell is, from 0 to 1. A single mistake stays visible."""
    shares = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    depth = np.where(confusion > 0, 0.12 + 0.88 * np.sqrt(shares), 0)
    np.fill_diagonal(depth, np.diag(shares))
    return depth


def colours(depth: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the colour of each cell, given how dark it is: RGB from 0 to 1, shape (k, k, 3)."""
    full = np.where(np.eye(len(depth), dtype=bool)[..., None], _RIGHT, _WRONG)
    return 1 - depth[..., None] * (1 - full)
