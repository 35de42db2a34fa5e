"""Find a font that has the letters of a name, so that no image shows boxes in their place."""

import functools
import importlib.metadata
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from headstart.escaping import printable

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
    "segoeui.*",
    "Leelaw*",
    "GeezaPro*",
    "Thonburi*",
    "Kohinoor*",
    "Lohit*",
    "Loma*",
    "unifont*",
)
# Of a family with many styles, these come last.
STYLES = ("Bold", "Italic", "Oblique", "Light", "Thin", "Black", "Medium", "Condensed", "Mono")
AT_MOST_FONTS = 200

_SPELLING = frozenset(map(ord, "U+0123456789ABCDEF "))


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
    the letters. If no font has them, it is the one that lacks the fewest, and missing letters
    become code points such as ``U+732B``. That is ugly, but different classes keep different names.
    `note_on_fonts` explains it to the reader.
    """
    text = printable(text)
    font, missing = _font_for(frozenset(map(ord, text)))
    if not missing:
        return Drawable(text, font)
    spelt = (f"U+{ord(letter):04X} " if ord(letter) in missing else letter for letter in text)
    return Drawable("".join(spelt).strip(), font, is_spelt=True)


def note_on_fonts(names: Iterable[Drawable]) -> list[str]:
    """Return two lines that explain the code points in `names`, if there are any."""
    if not any(name.is_spelt for name in names):
        return []
    return [
        "U+... is the code of a letter that the fonts of this machine do not have.",
        "To see the letter, install a font with all letters of the name, such as Noto Sans CJK.",
    ]


@functools.cache
def dejavu(*, bold: bool = False) -> Path:
    """Return the font file that comes with matplotlib, without importing matplotlib."""
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    matplotlib = importlib.metadata.distribution("matplotlib")
    return Path(str(matplotlib.locate_file(f"matplotlib/mpl-data/fonts/ttf/{name}")))


@functools.lru_cache(maxsize=4096)
def _font_for(letters: frozenset[int]) -> tuple[Path, frozenset[int]]:
    """Return the font that lacks the fewest of the letters, and the letters that it lacks."""
    if all(letter < 0x250 for letter in letters):
        return dejavu(), frozenset()
    best, missing = dejavu(), letters - _letters(dejavu())
    for font in _system_fonts() if missing else ():
        lacks = letters - _letters(font)
        # What spells the missing letters must be in the same font.
        if len(lacks) < len(missing) and (not lacks or _letters(font) >= _SPELLING):
            best, missing = font, lacks
        if not missing:
            break
    return best, missing


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
    files = [file for folder in _font_folders() for file in folder.rglob("*.[to]t[fc]")]
    ranked = sorted((rank, file) for file in files if (rank := _rank(file)))
    return tuple(dict.fromkeys(file for _, file in ranked))[:AT_MOST_FONTS]


def _rank(file: Path) -> tuple[bool, int] | None:
    """Return a rank by which fonts are sorted, or None for a font that is not among the known."""
    for place, pattern in enumerate(WIDE_FONTS):
        if file.match(pattern):
            return any(style in file.stem for style in STYLES), place
    return None


def _font_folders() -> Iterator[Path]:
    home = Path(os.path.expanduser("~"))  # noqa: PTH111 - Path.home() fails where there is none
    if sys.platform == "win32":
        yield Path(os.environ.get("WINDIR", "C:/Windows")) / "Fonts"
        yield home / "AppData/Local/Microsoft/Windows/Fonts"
    elif sys.platform == "darwin":
        yield from (Path("/System/Library/Fonts"), Path("/Library/Fonts"), home / "Library/Fonts")
    else:
        yield from (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), home / ".fonts")
    yield home / ".local/share/fonts"
