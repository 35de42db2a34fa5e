"""Occlusion: how much less a model expects a class when a part of the image is covered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from headstart.features.engine import Engine
    from headstart.prediction.predictor import Predictor

#: The map has as many rows and columns.
CELLS = 8
# A cover is so many cells wide and high, and moves by one cell.
_COVER = 2
# Log odds beyond those of this probability are rounding.
_LEAST = 1e-7


def occlusion_map(
    predictor: Predictor, engine: Engine, pixels: NDArray[np.uint8], place: int
) -> NDArray[np.float32]:
    """Return how much the log odds of a class fall when a part of an image is covered.

    A square of the image's mean colour moves over the image (Zeiler and Fergus 2014, "Visualizing
    and understanding convolutional networks"). A cell gets the mean of the squares that cover it.
    Log odds, because a probability near 1 hides what log odds still show.

    Parameters
    ----------
    predictor : Predictor
        Makes probabilities of what the engine computes.
    engine : Engine
        Computes ``predictor.extractor.output``.
    pixels : ndarray of uint8, shape (height, width, 3)
        The image as the network takes it.
    place : int
        The number of the class.

    Returns
    -------
    ndarray of float32, shape (CELLS, CELLS)
        Positive where the image speaks for the class.
    """
    images = [pixels, *_covered(pixels)]
    stream = engine.stream(enumerate(images))
    values = np.stack([found[predictor.extractor.output] for _, found in stream])
    whole, *parts = _log_odds(predictor.probabilities(values)[:, place])
    falls = (whole - np.array(parts, np.float32)).reshape(2 * [CELLS + _COVER - 1])
    # Cell (i, j) lies under the covers from (i, j) to (i + 1, j + 1).
    under = np.lib.stride_tricks.sliding_window_view(falls, (_COVER, _COVER))
    return under.mean(axis=(2, 3))


def _covered(pixels: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
    colour = pixels.mean(axis=(0, 1)).round().astype(np.uint8)
    rows, columns = (_covers(length) for length in pixels.shape[:2])
    for row in rows:
        for column in columns:
            image = pixels.copy()
            image[row, column] = colour
            yield image


def _covers(length: int) -> list[slice]:
    """Return the covers along one side; those at the edges reach beyond it, and cover less."""
    edges = np.linspace(0, length, CELLS + 1).round().astype(int)
    first = range(1 - _COVER, CELLS)
    return [slice(edges[max(0, i)], edges[min(CELLS, i + _COVER)]) for i in first]


def _log_odds(probabilities: NDArray[np.float32]) -> NDArray[np.float32]:
    shares = probabilities.clip(_LEAST, 1 - _LEAST)
    return np.log(shares / (1 - shares))
