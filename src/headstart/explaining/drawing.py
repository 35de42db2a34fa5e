"""Draw an explanation: the image beside its heat map, with words below."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw

from headstart.display.drawing import framed, write_line
from headstart.display.style import INK, MARGIN, MAT, PALE, SMALL_SIZE
from headstart.display.text import percent
from headstart.errors import ImageError
from headstart.explaining.overlay import overlay
from headstart.images.decoding import decoded_image
from headstart.images.sources import as_source
from headstart.storage.whole_files import whole_file

if TYPE_CHECKING:
    from pathlib import Path

    from headstart.explaining.explanation import Explanation

# Pixels. Words below a small image need room, too.
_LINE, _NARROWEST, _TILE, _GAP = 22, 480, 88, 10
# Photos hardly become smaller with more work, and take several times as long.
_COMPRESSION = 1


def draw_explanation(explanation: Explanation) -> Image.Image:
    """Return the image, its overlay beside it, and below them the class and how to read it.

    Raises
    ------
    ImageError
        If the image could not be read.
    """
    heat = explanation.heat
    seen, explained = explanation.seen, explanation.explained
    if seen is None or explained is None:
        raise AssertionError("an explanation with a heat map has an image and a class")
    image = seen.image
    lines = [
        (f"{explained.label} {percent(explained.probability)}", INK),
        (_reading(explanation, cut=bool(np.isnan(heat).any())), PALE),
        (explanation.source.name, PALE),
    ]
    width = max(2 * image.width + MARGIN, _NARROWEST)
    below = 2 * MARGIN + image.height
    words = below + len(lines) * _LINE + MARGIN // 2
    size = (width + 2 * MARGIN, words + _height_of(explanation))
    sheet = Image.new("RGB", size, "white")
    sheet.paste(image, (MARGIN, MARGIN))
    sheet.paste(overlay(image, heat), (2 * MARGIN + image.width, MARGIN))
    draw = ImageDraw.Draw(sheet)
    write_line(draw, (MARGIN, below - MARGIN // 2), lines[0][0], width, INK)
    for number, (line, colour) in enumerate(lines[1:], 1):
        corner = (MARGIN, below - MARGIN // 2 + number * _LINE)
        write_line(draw, corner, line, width, colour, SMALL_SIZE)
    _draw_nearest(sheet, explanation, words)
    return sheet


def _height_of(explanation: Explanation) -> int:
    return 2 * _LINE + _TILE + MARGIN if explanation.nearest else 0


def _draw_nearest(sheet: Image.Image, explanation: Explanation, top: int) -> None:
    draw = ImageDraw.Draw(sheet)
    width = sheet.width - 2 * MARGIN
    if explanation.nearest:
        write_line(draw, (MARGIN, top), "The most similar training images", width, INK, SMALL_SIZE)
    for number, (example, label) in enumerate(explanation.nearest):
        corner = (MARGIN + number * (_TILE + _GAP), top + _LINE)
        try:
            source = as_source(example.thumbnail)
            with decoded_image(source, at_least=(_TILE, _TILE)) as decoded:
                sheet.paste(framed(decoded.image, _TILE, _TILE), corner)
        except ImageError:
            draw.rectangle((*corner, corner[0] + _TILE, corner[1] + _TILE), fill=MAT)
        beneath = (corner[0], corner[1] + _TILE + 2)
        write_line(draw, beneath, label, _TILE, PALE, SMALL_SIZE)


def save_explanation(explanation: Explanation, path: Path) -> None:
    """Write the drawing of an explanation into a PNG file, whole or not at all.

    Raises
    ------
    ImageError
        If the image could not be read.
    StorageError
        If the file can't be written.
    """
    drawn = draw_explanation(explanation)
    # Thousands may be written, and can be drawn again: none is worth a wait for the disk.
    with whole_file(path, sync=False) as temporary:
        drawn.save(temporary, "PNG", compress_level=_COMPRESSION)


def _reading(explanation: Explanation, *, cut: bool) -> str:
    if explanation.values is not None and explanation.values.max() <= 0:
        words = f"No part of the image speaks for it ({explanation.method})"
    else:
        words = f"The brighter, the more it speaks for this class ({explanation.method})"
    return f"{words}. Faded: not seen by the model." if cut else f"{words}."
