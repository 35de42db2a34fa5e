"""A sheet of what an augmentation makes of pictures, to look at before training."""

from __future__ import annotations

import itertools
import math
from pathlib import PurePath
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from headstart.data.decoding import decode
from headstart.data.sources import UnreadableImage
from headstart.display.fonts import drawable
from headstart.display.style import INK, MARGIN, MAT, PALE, SMALL_SIZE, TEXT_SIZE
from headstart.display.text import shorten
from headstart.errors import ImageError, UsageError
from headstart.storage import whole_file

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from headstart.augmentation.settings import Augmentation
    from headstart.data.sources import ImageSource

# Pixels. A view is drawn as it is, save that a small one is enlarged and a large one reduced.
LEAST_SIDE, LARGEST_SIDE, GAP = 128, 256, 6
HEAD_HEIGHT, NAME_HEIGHT = 30, 24


def draw_augmented(
    path: Path,
    sources: Sequence[ImageSource],
    augmentation: Augmentation,
    size: int,
    *,
    views: int = 7,
    seed: int = 0,
) -> tuple[UnreadableImage, ...]:
    """Draw pictures, each beside random views of it, into a PNG file.

    Each row is one picture: as it is, then the views as a network would get them, then its file
    name below. A picture that can't be read is a row with the reason.

    Parameters
    ----------
    path : Path
        A ``.png`` file, written whole or not at all.
    sources : sequence of ImageSource
    augmentation : Augmentation
    size : int
        Height and width of the views, in pixels.
    views : int
        How many of each picture.
    seed : int
        The same seed draws the same views.

    Returns
    -------
    tuple of UnreadableImage
        The pictures that can't be read.

    Raises
    ------
    UsageError
        If `path` is not named ``.png``, there is no picture, or a number is below 1.
    StorageError
        If the file can't be written.
    """
    _check(path, sources, size, views)
    side = shown_side(size)
    row_height = side + NAME_HEIGHT
    width = MARGIN + side + MARGIN + views * (side + GAP) - GAP + MARGIN
    sheet = Image.new("RGB", (width, HEAD_HEIGHT + len(sources) * row_height + MARGIN), "white")
    _write_head(sheet, augmentation, size)
    broken = []
    for number, source in enumerate(sources):
        corner = (MARGIN, HEAD_HEIGHT + MARGIN // 2 + number * row_height)
        try:
            picture = decode(source.read(), name=source.name, at_least=(2 * size, 2 * size)).image
        except ImageError as error:
            broken.append(UnreadableImage(source, error))
            _write(sheet, (corner[0], corner[1] + side // 2), str(error), INK)
        else:
            random = np.random.default_rng((seed, number))
            drawn = augmentation.batch([np.asarray(picture)] * views, size, random)
            _draw_row(sheet, corner, picture, drawn)
        name = PurePath(source.name).name or source.name
        _write(sheet, (corner[0], corner[1] + side + 4), name, PALE, SMALL_SIZE)
    with whole_file(path) as temporary:
        sheet.save(temporary, "PNG")
    return tuple(broken)


def shown_side(size: int) -> int:
    """Return how many pixels a side a view of `size` is drawn with."""
    return min(size * math.ceil(LEAST_SIDE / size), LARGEST_SIDE)


def _check(path: Path, sources: Sequence[ImageSource], size: int, views: int) -> None:
    if path.suffix.lower() != ".png":
        raise UsageError(f"A picture's name must end in .png. Received: {path}.")
    if not sources:
        raise UsageError("A sheet needs at least one picture. Received: none.")
    if size < 1 or views < 1:
        raise UsageError(f"size and views must be at least 1. Received: {size} and {views}.")


def _draw_row(
    sheet: Image.Image, corner: tuple[int, int], picture: Image.Image, views: np.ndarray
) -> None:
    left, top = corner
    side = shown_side(views.shape[1])
    ImageDraw.Draw(sheet).rectangle((left, top, left + side - 1, top + side - 1), fill=MAT)
    scale = side / max(picture.size)
    width, height = (max(1, round(length * scale)) for length in picture.size)
    whole = picture.resize((width, height), Image.Resampling.BICUBIC, reducing_gap=2)
    sheet.paste(whole, (left + (side - width) // 2, top + (side - height) // 2))
    left += side + MARGIN
    for view in views:
        sheet.paste(_enlarged(view, side), (left, top))
        left += side + GAP


def _enlarged(view: np.ndarray, side: int) -> Image.Image:
    image = Image.fromarray(view.astype(np.uint8))
    # Enlarged pixels stay squares, so that one sees how few there are.
    how = Image.Resampling.NEAREST if side > image.width else Image.Resampling.BOX
    return image.resize((side, side), how)


def _write_head(sheet: Image.Image, augmentation: Augmentation, size: int) -> None:
    side = shown_side(size)
    _write(sheet, (MARGIN, MARGIN // 2), "the picture", INK, room=side)
    words = f"random views, {size} x {size}: {augmentation.in_words()}"
    _write(sheet, (MARGIN + side + MARGIN, MARGIN // 2), words, INK)


def _write(
    sheet: Image.Image,
    corner: tuple[int, int],
    text: str,
    colour: str,
    size: int = TEXT_SIZE,
    *,
    room: int | None = None,
) -> None:
    """Write one line, its middle cut out where it does not fit into the sheet or its `room`."""
    room = room or sheet.width - MARGIN - corner[0]
    text, file = drawable(text)
    font = ImageFont.truetype(str(file), size)
    shorter = (shorten(text, width) for width in range(min(len(text), room), 0, -1))
    fitting = itertools.dropwhile(lambda line: font.getlength(line) > room, shorter)
    ImageDraw.Draw(sheet).text(corner, next(fitting, ""), fill=colour, font=font)
