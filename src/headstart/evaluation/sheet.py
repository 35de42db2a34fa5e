"""A sheet of images with their predictions, to look at."""

import itertools
import math
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from PIL import Image, ImageDraw, ImageFont

from headstart.display.drawing import check_png, font, framed, save_png, text_width, write_line
from headstart.display.fonts import dejavu, drawable, note_on_fonts
from headstart.display.style import (
    BLUE,
    INK,
    LIGHT_BLUE,
    MARGIN,
    MAT,
    PALE,
    SMALL_SIZE,
    TEXT_SIZE,
    VERMILION,
)
from headstart.display.text import percent
from headstart.errors import ImageError, UsageError
from headstart.images.decoding import decoded_image
from headstart.images.sources import ImageSource
from headstart.prediction.answer import Prediction

AT_MOST_TILES = 60
AT_MOST_PREDICTIONS = 5

# Pixels.
WIDTH, IMAGE_HEIGHT, FRAME = 280, 210, 4
NAME_HEIGHT, MARK_HEIGHT, PREDICTION_HEIGHT = 26, 22, 27
FOOT_LINE = 22

GREY = "#DDDDDD"


@dataclass(frozen=True, slots=True)
class Tile:
    """One image of a sheet.

    Attributes
    ----------
    source : ImageSource
        The image. It is read when the sheet is drawn.
    predictions : sequence of Prediction
        The most probable class first. At most five are drawn.
    truth : str, optional
        The true class, where it is known: its label, or the identifier of the class. It marks the
        tile as right or wrong. Without predictions it is the title of the tile.
    error : ImageError, optional
        Why the image can't be read. The reason is drawn in place of the image.
    unsure : str
        Why the model is unsure of the image, in words; empty if it is sure. It is written across
        the foot of the image.
    """

    source: ImageSource
    predictions: Sequence[Prediction] = ()
    truth: str | None = None
    error: ImageError | None = None
    unsure: str = ""


def draw_sheet(
    path: Path, tiles: Iterable[Tile], at_most: int = AT_MOST_TILES, more: int = 0
) -> None:
    """Draw images with their predictions into a PNG file.

    Each tile shows the image upright, its path, and the most probable classes with bars as long as
    their probabilities. A path begins below the folder that all images are in, which is named at
    the foot. Where the true class is known, the tile also says whether the prediction is right. An
    unreadable image is a grey tile with the reason.

    Parameters
    ----------
    path : Path
        A ``.png`` file, written whole or not at all.
    tiles : iterable of Tile
        The first `at_most` are drawn, the rest are counted. The sheet says how many were not drawn.
    at_most : int
        Number of tiles to draw.
    more : int
        Number of further images, which are counted, too.

    Raises
    ------
    UsageError
        If `path` is not named ``.png`` or there is no tile.
    StorageError
        If the file can't be written.
    """
    check_png(path)
    rest = iter(tiles)
    shown = list(itertools.islice(rest, at_most))
    if not shown:
        raise UsageError("A sheet needs at least one image. Received: none.")
    n = len(shown) + more + sum(1 for _ in rest)
    note = f"The first {len(shown):,} of {n:,}." if n > len(shown) else ""
    save_png(draw_tiles(shown, note), path)


def draw_tiles(tiles: Sequence[Tile], note: str = "") -> Image.Image:
    """Draw images with their labels and predictions, and a note below. See `draw_sheet`."""
    across = _across(len(tiles))
    marked = any(tile.truth is not None for tile in tiles)
    n_predictions = min(max(len(tile.predictions) for tile in tiles), AT_MOST_PREDICTIONS)
    height = IMAGE_HEIGHT + NAME_HEIGHT + marked * MARK_HEIGHT + n_predictions * PREDICTION_HEIGHT
    down = math.ceil(len(tiles) / across)
    folder = common_folder([tile.source.name for tile in tiles])
    foot = _foot(tiles, note, folder)
    bottom = MARGIN + down * (height + MARGIN)
    below = len(foot) * FOOT_LINE + MARGIN if foot else 0
    sheet = Image.new("RGB", (MARGIN + across * (WIDTH + MARGIN), bottom + below), "white")
    for number, tile in enumerate(tiles):
        row, column = divmod(number, across)
        corner = (MARGIN + column * (WIDTH + MARGIN), MARGIN + row * (height + MARGIN))
        _draw_tile(sheet, corner, tile, folder)
    draw = ImageDraw.Draw(sheet)
    for number, line in enumerate(foot):
        corner = (MARGIN, bottom + number * FOOT_LINE)
        write_line(draw, corner, line, sheet.width - 2 * MARGIN, PALE)
    return sheet


def common_folder(names: Sequence[str]) -> str:
    """Return the folder that all files are in, or "" if there is none.

    Examples
    --------
    >>> common_folder(["birds/a/1.jpg", "birds/b/2.jpg"])
    'birds'
    """
    try:
        folder = os.path.commonpath([PurePath(name).parent for name in names])
    except ValueError:
        # Absolute and relative names, or several drives.
        return ""
    return "" if folder == os.curdir or folder == PurePath(folder).anchor else folder


def _foot(tiles: Sequence[Tile], note: str, folder: str) -> list[str]:
    lines = [note] if note else []
    lines += [f"The files are in {folder}{os.sep}"] if folder else []
    predictions = (each.label for tile in tiles for each in tile.predictions[:AT_MOST_PREDICTIONS])
    names = [*map(str, predictions), *(tile.source.name for tile in tiles)]
    names += [tile.truth for tile in tiles if tile.truth is not None]
    return lines + note_on_fonts(map(drawable, names))


def _across(n_tiles: int) -> int:
    return n_tiles if n_tiles <= 4 else min(6, math.ceil(math.sqrt(1.3 * n_tiles)))


def _draw_tile(sheet: Image.Image, corner: tuple[int, int], tile: Tile, folder: str) -> None:
    draw = ImageDraw.Draw(sheet)
    left, top = corner
    try:
        sheet.paste(_thumbnail(tile), corner)
    except ImageError as error:
        _write_reason(draw, corner, str(error))
    top += IMAGE_HEIGHT
    if tile.unsure:
        box = (left, top - MARK_HEIGHT, left + WIDTH - 1, top - 1)
        draw.rectangle(box, fill=MAT)
        write_line(draw, (left + 4, top - MARK_HEIGHT), f"? {tile.unsure}", WIDTH - 8, VERMILION)
    name = str(PurePath(tile.source.name).relative_to(folder)) if folder else tile.source.name
    write_line(draw, (left, top + 5), name, WIDTH, PALE, SMALL_SIZE)
    top += NAME_HEIGHT
    if tile.truth is not None:
        _mark(draw, corner, top, tile)
        top += MARK_HEIGHT
    for rank, prediction in enumerate(tile.predictions[:AT_MOST_PREDICTIONS]):
        colour = LIGHT_BLUE if rank else BLUE
        _write_prediction(draw, (left, top + rank * PREDICTION_HEIGHT), prediction, colour)


def _thumbnail(tile: Tile) -> Image.Image:
    if tile.error is not None:
        raise tile.error
    size = (IMAGE_HEIGHT, WIDTH)
    # Where a cut image was not accepted, there is an error.
    with decoded_image(tile.source, at_least=size, accept_truncated=True) as decoded:
        return framed(decoded.image, WIDTH, IMAGE_HEIGHT)


def _mark(draw: ImageDraw.ImageDraw, corner: tuple[int, int], top: int, tile: Tile) -> None:
    left, image_top = corner
    if not tile.predictions:
        write_line(draw, (left, top - 2), str(tile.truth), WIDTH, INK)
        return
    best = tile.predictions[0]
    right = tile.truth in (str(best.label), best.id)
    colour = BLUE if right else VERMILION
    # Right and wrong differ in sign and words, not only in colour.
    words = "✓ right" if right else _mistake(str(tile.truth), str(tile.predictions[0].label))
    write_line(draw, (left, top - 2), words, WIDTH, colour)
    if not right:
        box = (left, image_top, left + WIDTH - 1, image_top + IMAGE_HEIGHT - 1)
        draw.rectangle(box, outline=colour, width=FRAME)


def _mistake(truth: str, predicted: str) -> str:
    """Return what is wrong, on one line of a tile. The predicted class is also named below.

    A label is what somebody wrote. The image may show something else.
    """
    words = f"✗ labelled {truth}, predicted {predicted}"
    fits = text_width(drawable(words)) * TEXT_SIZE <= WIDTH
    return words if fits else f"✗ labelled {truth}"


def _write_prediction(
    draw: ImageDraw.ImageDraw, corner: tuple[int, int], prediction: Prediction, colour: str
) -> None:
    left, top = corner
    share = percent(prediction.probability)
    digits = font(dejavu())
    room = math.ceil(digits.getlength("100.0 %"))
    draw.text((left + WIDTH - digits.getlength(share), top), share, fill=INK, font=digits)
    write_line(draw, corner, str(prediction.label), WIDTH - room - 8, INK)
    bar = (left, top + 19, left + WIDTH - 1, top + 22)
    draw.rectangle(bar, fill=GREY)
    if filled := round(prediction.probability * WIDTH):
        draw.rectangle((left, bar[1], left + filled - 1, bar[3]), fill=colour)


def _write_reason(draw: ImageDraw.ImageDraw, corner: tuple[int, int], reason: str) -> None:
    left, top = corner
    draw.rectangle((left, top, left + WIDTH - 1, top + IMAGE_HEIGHT - 1), fill=MAT)
    text, file, _ = drawable(reason)
    small, bold = font(file, SMALL_SIZE), font(dejavu(bold=True))
    lines = itertools.islice(_wrapped(text, small, WIDTH - 2 * MARGIN), 8)
    draw.text((left + MARGIN, top + MARGIN), "Unreadable", INK, bold)
    draw.multiline_text(
        (left + MARGIN, top + MARGIN + 26), "\n".join(lines), PALE, small, spacing=5
    )


def _wrapped(text: str, font: ImageFont.FreeTypeFont, width: int) -> Iterator[str]:
    line = ""
    for letter in text:
        if font.getlength(line + letter) > width:
            head, space, tail = line.rpartition(" ")
            # A path without spaces is broken where the line ends.
            yield head if space else line
            line = tail if space else ""
        line += letter
    yield line
