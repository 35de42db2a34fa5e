"""A sheet of augmented images, to look at before training."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from headstart.augmentation.settings import Augmentation
from headstart.display.drawing import check_png, framed, save_png, write_line
from headstart.display.style import INK, MARGIN, PALE, SMALL_SIZE
from headstart.errors import ImageError, UsageError
from headstart.images.decoding import decoded_image
from headstart.images.sources import ImageSource, UnreadableImage

# Pixels. Small views are enlarged and large ones are reduced.
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
    """Draw images, each beside random views of it, into a PNG file.

    Each row shows one image: first the image, then the views that a network would be trained on,
    and its path below. The row of an unreadable image shows the reason.

    Parameters
    ----------
    path : Path
        A ``.png`` file, written whole or not at all.
    sources : sequence of ImageSource
    augmentation : Augmentation
    size : int
        Height and width of the views, in pixels.
    views : int
        Number of views of each image.
    seed : int
        The same seed draws the same views.

    Returns
    -------
    tuple of UnreadableImage
        The images that can't be read.

    Raises
    ------
    UsageError
        If `path` is not named ``.png``, there is no image, or a number is below 1.
    StorageError
        If the file can't be written.
    """
    _check(path, sources, size, views)
    side = shown_side(size)
    row_height = side + NAME_HEIGHT
    width = MARGIN + side + MARGIN + views * (side + GAP) - GAP + MARGIN
    sheet = Image.new("RGB", (width, HEAD_HEIGHT + len(sources) * row_height + MARGIN), "white")
    _write_head(sheet, augmentation, size)
    draw, room = ImageDraw.Draw(sheet), width - 2 * MARGIN
    unreadable = []
    for number, source in enumerate(sources):
        corner = (MARGIN, HEAD_HEIGHT + MARGIN // 2 + number * row_height)
        try:
            with decoded_image(source, at_least=(2 * size, 2 * size)) as decoded:
                random = np.random.default_rng((seed, number))
                drawn = augmentation.batch([np.asarray(decoded.image)] * views, size, random)
                _draw_row(sheet, corner, decoded.image, drawn)
        except ImageError as error:
            unreadable.append(UnreadableImage(source, error))
            write_line(draw, (MARGIN, corner[1] + side // 2), str(error), room, INK)
        write_line(draw, (MARGIN, corner[1] + side + 4), source.name, room, PALE, SMALL_SIZE)
    save_png(sheet, path)
    return tuple(unreadable)


def shown_side(size: int) -> int:
    """Return the height and width in pixels that a view of `size` is drawn with."""
    return min(size * math.ceil(LEAST_SIDE / size), LARGEST_SIDE)


def _check(path: Path, sources: Sequence[ImageSource], size: int, views: int) -> None:
    check_png(path)
    if not sources:
        raise UsageError("A sheet needs at least one image. Received: none.")
    if size < 1 or views < 1:
        raise UsageError(f"size and views must be at least 1. Received: {size} and {views}.")


def _draw_row(
    sheet: Image.Image, corner: tuple[int, int], image: Image.Image, views: np.ndarray
) -> None:
    left, top = corner
    side = shown_side(views.shape[1])
    sheet.paste(framed(image, side, side), corner)
    left += side + MARGIN
    for view in views:
        sheet.paste(_enlarged(view, side), (left, top))
        left += side + GAP


def _enlarged(view: np.ndarray, side: int) -> Image.Image:
    image = Image.fromarray(view.astype(np.uint8))
    # Enlarged pixels stay squares, which shows how few there are.
    how = Image.Resampling.NEAREST if side > image.width else Image.Resampling.BOX
    return image.resize((side, side), how)


def _write_head(sheet: Image.Image, augmentation: Augmentation, size: int) -> None:
    draw, side = ImageDraw.Draw(sheet), shown_side(size)
    write_line(draw, (MARGIN, MARGIN // 2), "the image", side, INK)
    words = f"random views, {size} x {size}: {augmentation.in_words()}"
    left = MARGIN + side + MARGIN
    write_line(draw, (left, MARGIN // 2), words, sheet.width - MARGIN - left, INK)
