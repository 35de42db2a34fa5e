"""Whether two images show the same: their grey thumbnails are laid on each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from numpy.typing import NDArray

    Grey = NDArray[np.uint8]
    Greys = NDArray[np.uint8] | NDArray[np.float32]
    Floats = NDArray[np.float32]

# The share of a side that a crop keeps.
_SCALES = (0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6)
# The least correlation at half the size of what may be a crop.
_LIKE = 0.75
# Pairs that are compared at once.
_BLOCK = 128
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
    return max(
        _best_place(part, whole)
        for whole, cropped in ((one, other), (other, one))
        for part in (cropped, cropped[:, ::-1])
    )


def worth_a_look(
    thumbnails: Sequence[Grey], pairs: Collection[tuple[int, int]]
) -> list[tuple[int, int]]:
    """Return those of many pairs that may be crops, compared at half the size and all at once.

    Parameters
    ----------
    thumbnails : sequence of ndarray of uint8, shape (48, 48)
    pairs : collection of (int, int)
        Places of thumbnails.
    """
    places = sorted({place for pair in pairs for place in pair})
    rank = {place: number for number, place in enumerate(places)}
    wholes = np.array([_halved(thumbnails[place]) for place in places], np.uint8)
    chosen, rest = [], list(pairs)
    while rest:
        block, rest = rest[:_BLOCK], rest[_BLOCK:]
        numbers = np.array([(rank[one], rank[other]) for one, other in block])
        likeness = np.full(len(block), -1.0)
        # Every second scale will do: half a scale aside, a crop still correlates.
        for side in (round(scale * wholes.shape[1]) for scale in _SCALES[::2]):
            small = _shrunk(wholes, side)
            for whole, part in (numbers.T, numbers.T[::-1]):
                windows = _windows(wholes[whole], side)
                for each in (small[part], small[part][:, :, ::-1]):
                    likeness = np.maximum(likeness, _highest_of_many(windows, each))
        chosen += [pair for pair, each in zip(block, likeness, strict=True) if each >= _LIKE]
    return chosen


def _shrunk(images: Greys, side: int) -> Greys:
    """Return images of a smaller side, whose pixels are the means of what they cover."""
    edges = np.linspace(0, images.shape[1], side + 1)
    pixels = np.arange(images.shape[1])
    cover = np.clip(
        np.minimum(pixels + 1, edges[1:, None]) - np.maximum(pixels, edges[:-1, None]), 0, None
    ).astype(np.float32)
    cover /= cover.sum(axis=1, keepdims=True)
    return cover @ images.astype(np.float32) @ cover.T


def _windows(images: Greys, side: int) -> Floats:
    """Return the windows of images, centred and of length 1: (n, n_windows, side * side)."""
    found = np.lib.stride_tricks.sliding_window_view(images, (side, side), axis=(1, 2))
    windows = found.reshape(len(images), -1, side * side).astype(np.float32)
    windows -= windows.mean(axis=2, keepdims=True)
    lengths = np.linalg.norm(windows, axis=2, keepdims=True)
    windows /= np.maximum(lengths, _FLAT * side)
    return windows


def _highest_of_many(windows: Floats, parts: Floats) -> Floats:
    flat = parts.reshape(len(parts), -1)
    flat = flat - flat.mean(axis=1, keepdims=True)
    flat /= np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-6)
    return (windows @ flat[:, :, None])[:, :, 0].max(axis=1)


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
