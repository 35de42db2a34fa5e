"""A picture sheet: images with what was predicted for them, to look at."""

import functools
import itertools
import math
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Protocol

from PIL import Image, ImageDraw, ImageFont

from headstart.data.decoding import decode
from headstart.data.sources import ImageSource
from headstart.display.fonts import dejavu, drawable
from headstart.display.style import INK, MARGIN, MAT, PALE, SMALL_SIZE, TEXT_SIZE
from headstart.display.text import percent, shorten
from headstart.errors import ImageError, UsageError
from headstart.storage import whole_file

AT_MOST_TILES = 60
AT_MOST_ANSWERS = 5

# Pixels.
WIDTH, PHOTO_HEIGHT, FRAME = 280, 210, 4
NAME_HEIGHT, MARK_HEIGHT, ANSWER_HEIGHT, FOOT_HEIGHT = 26, 22, 27, 34

GREY = "#DDDDDD"
RIGHT, WRONG, SECOND = "#0072B2", "#D55E00", "#8EC5E8"


class Answer(Protocol):
    """One of the classes an image may show, as `headstart.predict` returns them."""

    @property
    def label(self) -> Hashable:
        """The class's name, or whatever stands for it."""

    @property
    def probability(self) -> float:
        """Between 0 and 1."""


@dataclass(frozen=True, slots=True)
class Tile:
    """One image of a sheet.

    Attributes
    ----------
    source : ImageSource
        Read and decoded only when the sheet is drawn.
    predictions : sequence of Answer
        The most probable first; the first five are drawn.
    truth : str, optional
        What it is, where that is known: the tile is then marked right or wrong.
    error : ImageError, optional
        Why it was refused; drawn in place of the image.
    """

    source: ImageSource
    predictions: Sequence[Answer] = ()
    truth: str | None = None
    error: ImageError | None = None


def draw_sheet(path: Path, tiles: Iterable[Tile], at_most: int = AT_MOST_TILES) -> None:
    """Draw images with their predictions into a PNG file.

    Each tile shows the image upright, its file name, the most probable classes with bars as long as
    their probabilities, and, where the truth is known, whether the first of them is right. An image
    that can't be read is a grey tile with the reason.

    Parameters
    ----------
    path : Path
        A ``.png`` file, written whole or not at all.
    tiles : iterable of Tile
        As many as there are: after the first `at_most` they are only counted, and the sheet says
        how many more there were.
    at_most : int
        Tiles to draw.

    Raises
    ------
    UsageError
        If `path` is not named ``.png`` or there is no tile.
    StorageError
        If the file can't be written.
    """
    if path.suffix.lower() != ".png":
        raise UsageError(f"A picture's name must end in .png. Received: {path}.")
    rest = iter(tiles)
    shown = list(itertools.islice(rest, at_most))
    if not shown:
        raise UsageError("A sheet needs at least one image. Received: none.")
    sheet = _draw(shown, more=sum(1 for _ in rest))
    with whole_file(path) as temporary:
        sheet.save(temporary, "PNG")


def _draw(tiles: Sequence[Tile], more: int) -> Image.Image:
    across = _across(len(tiles))
    marked = any(tile.truth is not None for tile in tiles)
    answers = min(max(len(tile.predictions) for tile in tiles), AT_MOST_ANSWERS)
    height = PHOTO_HEIGHT + NAME_HEIGHT + marked * MARK_HEIGHT + answers * ANSWER_HEIGHT
    down = math.ceil(len(tiles) / across)
    size = (
        MARGIN + across * (WIDTH + MARGIN),
        MARGIN + down * (height + MARGIN) + (FOOT_HEIGHT if more else 0),
    )
    sheet = Image.new("RGB", size, "white")
    for number, tile in enumerate(tiles):
        row, column = divmod(number, across)
        corner = (MARGIN + column * (WIDTH + MARGIN), MARGIN + row * (height + MARGIN))
        _draw_tile(sheet, corner, tile)
    if more:
        foot = (MARGIN, size[1] - FOOT_HEIGHT)
        _write(ImageDraw.Draw(sheet), foot, f"and {more:,} more", size[0], PALE)
    return sheet


def _across(n_tiles: int) -> int:
    return n_tiles if n_tiles <= 4 else min(6, math.ceil(math.sqrt(1.3 * n_tiles)))


def _draw_tile(sheet: Image.Image, corner: tuple[int, int], tile: Tile) -> None:
    draw = ImageDraw.Draw(sheet)
    left, top = corner
    try:
        photo = None if tile.error else _thumbnail(tile.source)
        error = tile.error
    except ImageError as refusal:
        photo, error = None, refusal
    draw.rectangle((left, top, left + WIDTH - 1, top + PHOTO_HEIGHT - 1), fill=MAT)
    if photo:
        across, down = WIDTH - photo.width, PHOTO_HEIGHT - photo.height
        sheet.paste(photo, (left + across // 2, top + down // 2))
    else:
        _write_reason(draw, corner, str(error))
    top += PHOTO_HEIGHT
    name = PurePath(tile.source.name).name or tile.source.name
    _write(draw, (left, top + 5), name, WIDTH, PALE, SMALL_SIZE)
    top += NAME_HEIGHT
    if tile.truth is not None and tile.predictions:
        _mark(draw, corner, top, tile)
        top += MARK_HEIGHT
    for rank, answer in enumerate(tile.predictions[:AT_MOST_ANSWERS]):
        _write_answer(
            draw, (left, top + rank * ANSWER_HEIGHT), answer, RIGHT if not rank else SECOND
        )


def _thumbnail(source: ImageSource) -> Image.Image:
    image = decode(source.read(), name=source.name, at_least=(PHOTO_HEIGHT, WIDTH)).image
    scale = min(WIDTH / image.width, PHOTO_HEIGHT / image.height)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.BICUBIC, reducing_gap=2)


def _mark(draw: ImageDraw.ImageDraw, corner: tuple[int, int], top: int, tile: Tile) -> None:
    left, photo_top = corner
    right = str(tile.predictions[0].label) == tile.truth
    colour = RIGHT if right else WRONG
    # Right and wrong differ in sign and words, not in colour alone.
    words = "✓ right" if right else f"✗ wrong, it is: {tile.truth}"
    _write(draw, (left, top - 2), words, WIDTH, colour)
    if not right:
        box = (left, photo_top, left + WIDTH - 1, photo_top + PHOTO_HEIGHT - 1)
        draw.rectangle(box, outline=colour, width=FRAME)


def _write_answer(
    draw: ImageDraw.ImageDraw, corner: tuple[int, int], answer: Answer, colour: str
) -> None:
    left, top = corner
    share = percent(answer.probability)
    font = _font(dejavu(), TEXT_SIZE)
    room = math.ceil(font.getlength("100.0 %"))
    draw.text((left + WIDTH - font.getlength(share), top), share, fill=INK, font=font)
    _write(draw, corner, str(answer.label), WIDTH - room - 8, INK)
    bar = (left, top + 19, left + WIDTH - 1, top + 22)
    draw.rectangle(bar, fill=GREY)
    if filled := round(answer.probability * WIDTH):
        draw.rectangle((left, bar[1], left + filled - 1, bar[3]), fill=colour)


def _write(
    draw: ImageDraw.ImageDraw,
    corner: tuple[int, int],
    text: str,
    width: int,
    colour: str,
    size: int = TEXT_SIZE,
) -> None:
    """Write one line, its middle cut out if it is wider than `width` pixels."""
    text, file = drawable(text)
    font = _font(file, size)
    widths = range(min(len(text), width), 0, -1)
    fits = (short for at in widths if font.getlength(short := shorten(text, at)) <= width)
    draw.text(corner, next(fits, ""), fill=colour, font=font)


def _write_reason(draw: ImageDraw.ImageDraw, corner: tuple[int, int], reason: str) -> None:
    left, top = corner
    text, file = drawable(reason)
    font = _font(file, SMALL_SIZE)
    lines = list(itertools.islice(_wrapped(text, font, WIDTH - 2 * MARGIN), 8))
    draw.text((left + MARGIN, top + MARGIN), "Could not be read", INK, _font(dejavu(bold=True), 14))
    draw.multiline_text((left + MARGIN, top + MARGIN + 26), "\n".join(lines), PALE, font, spacing=5)


def _wrapped(text: str, font: ImageFont.FreeTypeFont, width: int) -> Iterator[str]:
    line = ""
    for letter in text:
        if font.getlength(line + letter) > width:
            head, space, tail = line.rpartition(" ")
            # A path without blanks is broken where the line ends.
            yield head if space else line
            line = tail if space else ""
        line += letter
    yield line


@functools.cache
def _font(file: Path, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(file), size)
