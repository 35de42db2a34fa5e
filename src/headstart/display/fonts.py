"""Find a font that has the letters of a name, so that no image shows boxes in their place."""

import functools
import importlib.metadata
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from headstart.display.text import printable

# File names of fonts with many scripts, the most likely first.
WIDE_FONTS = (
    "NotoSansCJK*",
    "NotoSans*",
    "SourceHanSans*",
    "DroidSansFallback*",
    "wqy-*",
    "Arial Unicode*",
    "PingFang*",
    "Hiragino*",
    "msyh*",
    "YuGoth*",
    "malgun*",
    "Nirmala*",
    "unifont*",
)
AT_MOST_FONTS = 60


class Drawable(NamedTuple):
    """Text with a font that has all its letters.

    Attributes
    ----------
    text : str
        One line.
    font : Path
        The font file to draw it with.
    is_spelt : bool
        Whether code points stand for letters that no font has.
    """

    text: str
    font: Path
    is_spelt: bool = False


def drawable(text: str) -> Drawable:
    """Return `text` on one line, with the font file to draw it with.

    The font is DejaVu Sans, which comes with matplotlib, or else a font of the system that has all
    the letters. If no font has them, missing letters become code points such as ``U+732B``. That is
    ugly, but different classes keep different names. `note_on_fonts` says so to the reader.
    """
    text = printable(text)
    font = _font_with(frozenset(map(ord, text)))
    if font:
        return Drawable(text, font)
    known = _letters(dejavu())
    spelt = (letter if ord(letter) in known else f"U+{ord(letter):04X} " for letter in text)
    return Drawable("".join(spelt).strip(), dejavu(), is_spelt=True)


def note_on_fonts(names: Iterable[Drawable]) -> list[str]:
    """Return two lines that explain the code points in `names`, if there are any."""
    if not any(name.is_spelt for name in names):
        return []
    return [
        "U+... is the code of a letter that no font on this machine has.",
        "To see the letter, install a font that has it, such as Noto Sans CJK.",
    ]


@functools.cache
def dejavu(*, bold: bool = False) -> Path:
    """Return the font file that comes with matplotlib, without importing matplotlib."""
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    matplotlib = importlib.metadata.distribution("matplotlib")
    return Path(str(matplotlib.locate_file(f"matplotlib/mpl-data/fonts/ttf/{name}")))


@functools.lru_cache(maxsize=4096)
def _font_with(letters: frozenset[int]) -> Path | None:
    if all(letter < 0x250 for letter in letters) or letters <= _letters(dejavu()):
        return dejavu()
    return next((font for font in _system_fonts() if letters <= _letters(font)), None)


@functools.cache
def _letters(font: Path) -> frozenset[int]:
    # fontTools comes with matplotlib.
    from fontTools.ttLib import TTFont, TTLibError  # type: ignore[import-untyped]

    try:
        with font.open("rb") as file:
            return frozenset(TTFont(file, fontNumber=0, lazy=True).getBestCmap() or ())
    except (OSError, TTLibError):
        return frozenset()


@functools.cache
def _system_fonts() -> tuple[Path, ...]:
    files = [file for folder in _font_folders() for file in sorted(folder.rglob("*.[to]t[fc]"))]
    wide = [file for pattern in WIDE_FONTS for file in files if file.match(pattern)]
    return tuple(dict.fromkeys(wide))[:AT_MOST_FONTS]


def _font_folders() -> Iterator[Path]:
    if sys.platform == "win32":
        yield Path(os.environ.get("WINDIR", "C:/Windows")) / "Fonts"
    elif sys.platform == "darwin":
        yield from (Path("/System/Library/Fonts"), Path("/Library/Fonts"))
    else:
        yield from (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"))
    yield Path.home() / ".local/share/fonts"
