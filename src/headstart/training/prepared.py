"""A data set made ready to be gone through many times: decoded once, kept on disk."""

from __future__ import annotations

import contextlib
import statistics
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from headstart.data.decoding import decode
from headstart.data.reader import Loaded, read_images
from headstart.data.sources import UnreadableImage
from headstart.errors import DatasetError, ImageError
from headstart.features.extractor import FeatureExtractor
from headstart.features.settings import FeatureSettings
from headstart.progress import track
from headstart.storage import whole_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from headstart.backbones.network import Network
    from headstart.data.resizing import Resize
    from headstart.data.sources import ImageSource
    from headstart.progress import Progress

_LOOKED_AT = 50
_AT_ONCE = 4096
_ASKING = "asking the teacher"


@dataclass(frozen=True, slots=True, eq=False)
class Pixels:
    """Pictures of one size.

    Attributes
    ----------
    values : ndarray of uint8, shape (n, side, side, 3)
        RGB; a file that is read where it is needed, so any number of pictures fits.
    places : ndarray of int64, shape (n,)
        Which of the sources they are.
    broken : tuple of UnreadableImage
        The others, which can't be read.
    """

    values: NDArray[np.uint8]
    places: NDArray[np.int64]
    broken: tuple[UnreadableImage, ...]


def useful_side(sources: Sequence[ImageSource], size: int) -> int:
    """Return how many pixels a side are worth keeping for training on views of `size`.

    A view is a piece of the picture, so more than `size` is useful where the pictures have more;
    enlarging small ones is not.
    """
    sides = [min(sides) for sides in _sizes(sources)]
    return int(min(max(statistics.median(sides), size), 2 * size)) if sides else size


def usual_side(sources: Sequence[ImageSource]) -> int:
    """Return how long the longer sides of pictures usually are, in pixels."""
    sides = [max(sides) for sides in _sizes(sources)]
    return int(statistics.median(sides)) if sides else 1


def _sizes(sources: Sequence[ImageSource]) -> Iterator[tuple[int, int]]:
    """Yield the sizes of the first pictures that can be read."""
    for source in islice(sources, _LOOKED_AT):
        with contextlib.suppress(ImageError):
            yield decode(source.read(), name=source.name).image.size


def decode_all(
    sources: Sequence[ImageSource],
    resize: Resize,
    file: Path,
    *,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Pixels:
    """Decode pictures into `file`, each brought to one size.

    Raises
    ------
    DatasetError
        If no picture can be read.
    StorageError
        If the file can't be written.
    """
    places: list[int] = []
    broken: list[UnreadableImage] = []
    stream = read_images(sources, resize, workers=workers)
    with whole_file(file) as new, new.open("wb") as rows:
        for item in track(progress, stream, "decoding", len(sources)):
            if item.pixels is None:
                broken.append(UnreadableImage(item.source, _why(item)))
                continue
            rows.write(item.pixels.tobytes())
            places.append(item.index)
        if not places:
            raise DatasetError(f"No picture can be read. The first: {broken[0].error}")
    values = np.memmap(file, np.uint8, "r", shape=(len(places), resize.height, resize.width, 3))
    return Pixels(values, np.array(places), tuple(broken))


def _why(item: Loaded) -> ImageError:
    return item.error or ImageError(f"{item.source.name} has no pixels.")


def teach(
    sources: Sequence[ImageSource],
    network: Network,
    file: Path,
    *,
    workers: int | None = None,
    progress: Progress | None = None,
) -> NDArray[np.float16]:
    """Write what a teacher makes of each picture into `file`.

    The compiled network computes it, and it is kept among the features: once is enough.

    Returns
    -------
    ndarray of float16, shape (n, n_features)
        Directions: features less their mean over the pictures, each row scaled to length 1.

    Raises
    ------
    ImageError
        If a picture can't be read.
    StorageError
        If the file can't be written.
    """
    settings = FeatureSettings(resize="squash", workers=workers)
    stream = FeatureExtractor.open(network, settings, sources).stream(sources)
    total: Any = 0.0
    with whole_file(file) as new:
        # Not through a map of the file: a disk that is full would end the process there and then.
        with new.open("wb") as rows:
            for item in track(progress, stream, "asking the teacher", len(sources)):
                features = item.required()
                total = total + features
                rows.write(features.astype(np.float16).tobytes())
        shape = (len(sources), network.outputs["features"][0])
        values = np.memmap(new, np.float16, "r+", shape=shape)
        _turn_into_directions(values, (total / len(sources)).astype(np.float32))
        values.flush()
        del values  # Windows moves no file that is mapped
    return np.memmap(file, np.float16, "r", shape=shape)


def _turn_into_directions(values: NDArray[np.float16], mean: NDArray[np.float32]) -> None:
    for start in range(0, len(values), _AT_ONCE):
        rows = values[start : start + _AT_ONCE].astype(np.float32) - mean
        rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6)
        values[start : start + _AT_ONCE] = rows
