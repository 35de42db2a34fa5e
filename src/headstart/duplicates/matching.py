"""Whether two images show the same: their grey thumbnails are laid on each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Grey = NDArray[np.uint8]

# The share of a side that a crop keeps.
_SCALES = (0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6)
_WORTH_A_LOOK = 0.75
# Thumbnails with less in them than this, as a standard deviation of grey, say nothing.
_FLAT = 4.0


def orientations(thumbnail: Grey) -> Iterator[Grey]:
    """Yield an image as it is, mirrored, and both turned by 90, 180 and 270 degrees."""
    for mirrored in (thumbnail, thumbnail[:, ::-1]):
        for turns in range(4):
            yield np.rot90(mirrored, turns)


def whole_likeness(one: Grey, other: Grey) -> float:
    """Return the highest correlation of two thumbnails in any of the 8 orientations.

    Parameters
    ----------
    one, other : ndarray of uint8, shape (48, 48)

    Returns
    -------
    float
        From -1 to 1; 0 for images without contrast, which would be like any other.
    """
    if min(float(one.std()), float(other.std())) < _FLAT:
        return 0.0
    return max(_correlation(each, other) for each in orientations(one))


def crop_likeness(one: Grey, other: Grey) -> float:
    """Return the highest correlation of one image with a part of the other one.

    Parameters
    ----------
    one, other : ndarray of uint8, shape (48, 48)

    Returns
    -------
    float
        From -1 to 1. The part keeps 60 to 95 % of each side, has the shape of the whole, lies
        anywhere, and may be mirrored; not turned, which people seldom do when they crop.
    """
    if min(float(one.std()), float(other.std())) < _FLAT:
        return 0.0
    # At half the size it takes a tenth of the time, and tells most pairs apart.
    coarse = _crop_likeness(_halved(one), _halved(other))
    return coarse if coarse < _WORTH_A_LOOK else _crop_likeness(one, other)


def _crop_likeness(one: Grey, other: Grey) -> float:
    return max(
        _best_place(part, whole)
        for whole, cropped in ((one, other), (other, one))
        for part in (cropped, cropped[:, ::-1])
    )


def _halved(thumbnail: Grey) -> Grey:
    side = len(thumbnail) // 2
    return thumbnail.reshape(side, 2, side, 2).mean(axis=(1, 3)).astype(np.uint8)


def _best_place(part: Grey, whole: Grey) -> float:
    image = Image.fromarray(np.ascontiguousarray(part))
    sides = dict.fromkeys(round(scale * len(whole)) for scale in _SCALES)
    smaller = (image.resize((side, side), Image.Resampling.BOX) for side in sides)
    wide = whole.astype(np.float32)
    return max(_highest(np.asarray(small, np.float32), wide) for small in smaller)


def _highest(small: NDArray[np.float32], whole: NDArray[np.float32]) -> float:
    """Return the highest correlation of a small image with a window of a larger one."""
    windows = np.lib.stride_tricks.sliding_window_view(whole, small.shape).reshape(-1, small.size)
    template = small.ravel() - small.mean()
    squares = np.einsum("ij,ij->i", windows, windows) - windows.sum(axis=1) ** 2 / small.size
    # A flat window would be like anything.
    lengths = np.sqrt(np.maximum(squares, _FLAT**2 * small.size))
    return float((windows @ template / (np.linalg.norm(template) * lengths + 1e-6)).max())


def _correlation(one: Grey, other: Grey) -> float:
    a, b = (each.astype(np.float32).ravel() - float(each.mean()) for each in (one, other))
    return float(a @ b / np.sqrt((a @ a) * (b @ b)))
