"""Text in images, and the PNG files they are written to."""

import functools
import itertools
from collections.abc import Sequence
from pathlib import Path, PurePath

from PIL import Image, ImageDraw, ImageFont

from headstart.display.fonts import Drawable, drawable
from headstart.display.style import MAT, TEXT_SIZE
from headstart.display.text import columns, either, shorten
from headstart.errors import UsageError
from headstart.storage.whole_files import whole_file


@functools.cache
def font(file: Path, size: int = TEXT_SIZE) -> ImageFont.FreeTypeFont:
    """Return a font of `size` pixels."""
    return ImageFont.truetype(str(file), size)


def text_width(name: Drawable) -> float:
    """Return how wide a text is, as a multiple of the size of its font."""
    size = 100
    return font(name.font, size).getlength(name.text) / size


def write_line(
    draw: ImageDraw.ImageDraw,
    corner: tuple[int, int],
    text: str,
    width: int,
    colour: str,
    size: int = TEXT_SIZE,
) -> None:
    """Write one line. If it is wider than `width` pixels, its middle is cut out."""
    text, file, _ = drawable(text)
    written = font(file, size)
    shorter = (shorten(text, length) for length in range(min(columns(text), width), 0, -1))
    fitting = itertools.dropwhile(lambda line: written.getlength(line) > width, shorter)
    draw.text(corner, next(fitting, ""), fill=colour, font=written)


def framed(image: Image.Image, width: int, height: int) -> Image.Image:
    """Return the whole image, as large as it fits, in the middle of a grey rectangle."""
    scale = min(width / image.width, height / image.height)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    frame = Image.new("RGB", (width, height), MAT)
    whole = image.resize(size, Image.Resampling.BICUBIC, reducing_gap=2)
    frame.paste(whole, ((width - size[0]) // 2, (height - size[1]) // 2))
    return frame


def check_png(path: Path) -> None:
    """Check that `path` names a PNG file.

    Raises
    ------
    UsageError
        If it does not end in ``.png``.
    """
    check_suffix(path, (".png",))


def check_suffix(path: PurePath, suffixes: Sequence[str]) -> None:
    """Check that the name of an image file has one of these endings, which say its format.

    Raises
    ------
    UsageError
        If it has another ending.
    """
    if path.suffix.lower() not in suffixes:
        raise UsageError(
            f"The name of the image file must end in {either(suffixes)}. Received: {path}."
        )


def save_png(image: Image.Image, path: Path) -> None:
    """Write `image` to `path`, whole or not at all.

    Raises
    ------
    StorageError
        If the file can't be written.
    """
    with whole_file(path) as temporary:
        image.save(temporary, "PNG")
