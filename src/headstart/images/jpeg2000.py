"""Tell how a JPEG 2000 file divides its pixels, before a decoder takes memory for all the pieces.

A file of 200 bytes can claim a precinct of its own for each pixel, or 65,535 layers of quality for
each precinct. OpenJPEG takes 90 bytes and more for each, and visits each packet, even if the file
holds none.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from headstart.errors import ImageDamaged, ImageUnsupported

#: Packets, and precincts and code blocks, of one image. Programs write some thousands.
MAX_PACKETS = 20_000_000
MAX_PIECES = 4_000_000
#: Tiles that the header divides the image into; each takes 11 kB.
MAX_TILES = 20_000

_SIZE, _STYLE, _STYLE_OF_BAND, _ORDER, _TILE, _PIXELS = 0x51, 0x52, 0x53, 0x5F, 0x90, 0x93
_MOST_BOXES, _MOST_SEGMENTS = 10_000, 1_000_000
_LARGEST_PRECINCT = 15


@dataclass(slots=True)
class _Division:
    """What the headers say: the least of all pieces, and the most of all counts."""

    size: tuple[int, int] = (0, 0)
    bands: int = 1
    layers: int = 1
    resolutions: int = 1
    orders: int = 1
    tiles: int = 0
    tiles_claimed: int = 1
    # Exponents of two: the area of a precinct and of a code block.
    precinct: int = 2 * _LARGEST_PRECINCT
    block: int = 12

    def add_style(self, style: bytes, *, precincts: bool) -> None:
        """Add what follows the layers: resolutions, code blocks, and the sizes of precincts."""
        resolutions, width, height = style[:3]
        self.resolutions = max(self.resolutions, resolutions + 1)
        self.block = min(self.block, (width & 15) + (height & 15) + 4)
        for each in style[5:] if precincts else b"":
            self.precinct = min(self.precinct, (each & 15) + (each >> 4))


def check_division(data: bytes, size: tuple[int, int], name: str) -> None:
    """Check that a JPEG 2000 file of (width, height) has no more pieces than a decoder can take.

    Raises
    ------
    ImageUnsupported
        There are more than `MAX_PACKETS` or `MAX_PIECES`.
    ImageDamaged
        Its pixels have another size.
    """
    found = _division(data)
    if found.size != size:
        raise ImageDamaged(
            f"{name} must hold an image of the size that it says, {size[0]} x {size[1]}. "
            f"Received: {found.size[0]} x {found.size[1]}. Export it again."
        )
    # With what is cut at the borders and at each smaller resolution, it is a third more.
    precincts = found.bands * (2 * size[0] * size[1] // 2**found.precinct + found.resolutions)
    blocks = 2 * found.bands * size[0] * size[1] // 2**found.block
    packets = max(precincts, found.bands * found.resolutions * found.tiles) * found.layers
    counts = {
        "tiles": (found.tiles_claimed, MAX_TILES),
        "precincts": (precincts, MAX_PIECES),
        "code blocks": (blocks, MAX_PIECES),
        "packets": (packets * found.orders, MAX_PACKETS),
    }
    for what, (n, most) in counts.items():
        if n > most:
            raise ImageUnsupported(
                f"{name} must be JPEG 2000 of at most {most:,} {what}, or decoding it takes too "
                f"long. Received: {n:,}. Save it as an ordinary JPEG or PNG."
            )


def _division(data: bytes) -> _Division:
    found = _Division()
    for marker, content in _segments(data, _codestream(data)):
        if marker == _SIZE and len(content) >= 36:
            right, bottom, left, top = struct.unpack_from(">4I", content, 2)
            found.size = (right - left, bottom - top)
            found.bands = struct.unpack_from(">H", content, 34)[0]
            width, height = struct.unpack_from(">2I", content, 18)
            found.tiles_claimed = -(-right // max(1, width)) * -(-bottom // max(1, height))
        elif marker == _STYLE and len(content) >= 10:
            found.layers = max(found.layers, struct.unpack_from(">H", content, 2)[0])
            found.add_style(content[5:], precincts=bool(content[0] & 1))
        elif marker == _STYLE_OF_BAND and len(content) >= 7:
            wide = found.bands > 256
            found.add_style(content[2 + wide :], precincts=bool(content[1 + wide] & 1))
        elif marker == _ORDER:
            found.orders += len(content) // 7
        elif marker == _TILE:
            found.tiles += 1
    return found


def _codestream(data: bytes) -> int:
    """Return where the pixels and their header begin: in a box, or at once."""
    place = 0
    for _ in range(_MOST_BOXES):
        if data[place : place + 2] == b"\xff\x4f" or place + 16 > len(data):
            break
        length, kind = struct.unpack_from(">I4s", data, place)
        header = 16 if length == 1 else 8
        if kind == b"jp2c":
            return place + header
        if length == 1:
            (length,) = struct.unpack_from(">Q", data, place + 8)
        if length < header:
            break
        place += length
    return place


def _segments(data: bytes, place: int) -> Iterator[tuple[int, bytes]]:
    """Yield the marker and the content of each segment of the headers of image and tiles."""
    place += 2
    tile_ends = len(data)
    for _ in range(_MOST_SEGMENTS):
        if place + 4 > len(data) or data[place] != 0xFF:
            return
        marker, length = data[place + 1], int.from_bytes(data[place + 2 : place + 4], "big")
        if marker == _PIXELS:
            place = tile_ends
            continue
        content = data[place + 4 : place + 2 + length]
        yield marker, content
        if marker == _TILE and len(content) >= 8:
            (tile_length,) = struct.unpack_from(">I", content, 2)
            # Of the last tile, no length means until the end.
            tile_ends = place + max(tile_length, 14) if tile_length else len(data)
        place += 2 + max(length, 2)
