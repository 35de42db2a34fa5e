"""Images decoded once into a file, for a training that reads them many times."""

from __future__ import annotations

import contextlib
import hashlib
import statistics
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from headstart.errors import DatasetError, ImageError
from headstart.images.decoding import decoded_image
from headstart.images.notes import NoteCounter
from headstart.images.reader import Loaded, read_images
from headstart.images.sources import UnreadableImage
from headstart.progress import track
from headstart.storage.whole_files import whole_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from headstart.images.notes import NoteCount
    from headstart.images.resizing import Resize
    from headstart.images.sources import ImageSource
    from headstart.progress import Progress

# Images whose sizes stand for those of all.
_SAMPLE = 50


@dataclass(frozen=True, slots=True, eq=False)
class Pixels:
    """Images of one size.

    Attributes
    ----------
    values : ndarray of uint8, shape (n, side, side, 3)
        RGB. A memory map of the file, so the images need not fit into memory.
    places : ndarray of int64, shape (n,)
        The positions of these images among the sources, counted from 0.
    unreadable : tuple of UnreadableImage
        The other sources.
    notes : tuple of NoteCount
        How many images were read by a rule that may surprise, for each rule.
    digest : str
        The hash of the values.
    """

    values: NDArray[np.uint8]
    places: NDArray[np.int64]
    unreadable: tuple[UnreadableImage, ...]
    notes: tuple[NoteCount, ...] = ()
    digest: str = ""


def decode_images(
    sources: Sequence[ImageSource],
    resize: Resize,
    file: Path,
    *,
    enlarge: bool = True,
    accept_truncated: bool = False,
    progress: Progress | None = None,
) -> Pixels:
    """Decode and resize images into a file.

    Parameters
    ----------
    sources : sequence of ImageSource
    resize : Resize
        To a square.
    file : Path
        Written whole or not at all.
    enlarge : bool
        Whether to resize even if the longer sides of the images are usually shorter than the
        square. Otherwise the square is that much smaller.
    accept_truncated : bool
        See `decode`.
    progress : Progress, optional
        Shows how far it is.

    Raises
    ------
    DatasetError
        If no image can be read.
    StorageError
        If the file can't be written.
    """
    if not enlarge:
        longer = [max(size) for size in _sizes(sources)]
        resize = resize.to(min(resize.height, int(statistics.median(longer or [1]))))
    places: list[int] = []
    unreadable: list[UnreadableImage] = []
    notes, digest = NoteCounter(), hashlib.blake2b(digest_size=16)
    stream = read_images(sources, resize, accept_truncated=accept_truncated)
    with whole_file(file) as new, new.open("wb") as rows:
        for item in track(progress, stream, "decoding", len(sources)):
            if item.pixels is None:
                unreadable.append(UnreadableImage(item.source, _reason(item)))
                continue
            row = item.pixels.tobytes()
            digest.update(row)
            rows.write(row)
            places.append(item.index)
            notes.add(item.source.name, item.notes)
        if not places:
            raise DatasetError(
                f"At least one image must be readable. The first error: {unreadable[0].error}"
            )
    values = np.memmap(file, np.uint8, "r", shape=(len(places), resize.height, resize.width, 3))
    return Pixels(values, np.array(places), tuple(unreadable), notes.counts(), digest.hexdigest())


def side_for_views(sources: Sequence[ImageSource], size: int) -> int:
    """Return the height and width of the images that views of `size` are cut out of.

    A view is a piece of an image, so up to twice its size is useful where the images are that
    large.
    """
    shorter = [min(sides) for sides in _sizes(sources)]
    return int(min(max(statistics.median(shorter or [size]), size), 2 * size))


def _sizes(sources: Sequence[ImageSource]) -> Iterator[tuple[int, int]]:
    """Yield the sizes of the first images, leaving out what can't be read."""
    for source in islice(sources, _SAMPLE):
        with contextlib.suppress(ImageError):
            with decoded_image(source) as decoded:
                size = decoded.image.size
            yield size


def _reason(item: Loaded) -> ImageError:
    return item.error or ImageError(f"{item.source.name} has no pixels.")
