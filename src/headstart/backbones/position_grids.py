"""Position embeddings for another grid of patches than the one that they were trained for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Of torch's bicubic kernel.
_SHARPNESS = -0.75


def bicubic(size: int, to: int) -> NDArray[np.float32]:
    """Return the matrix (to, size) that interpolates `size` values to `to` of them.

    It does what ``torch.nn.functional.interpolate(mode="bicubic", align_corners=False)`` does:
    there is no antialiasing, and beyond the ends the last value goes on.
    """
    centres = (np.arange(to) + 0.5) * size / to - 0.5
    first = np.floor(centres).astype(np.intp)
    found = np.zeros((to, size))
    for step in range(-1, 3):
        weights = _kernel(np.abs(first + step - centres))
        np.add.at(found, (np.arange(to), np.clip(first + step, 0, size - 1)), weights)
    return found.astype(np.float32)


def _kernel(distance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return Keys's cubic kernel at distances of up to 2."""
    a = _SHARPNESS
    near = ((a + 2) * distance - (a + 3)) * distance**2 + 1
    far = ((a * distance - 5 * a) * distance + 8 * a) * distance - 4 * a
    return np.where(distance <= 1, near, far)
