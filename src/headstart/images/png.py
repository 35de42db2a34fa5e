"""Take from a PNG file what its pixels need.

Pillow stops at long texts, at damaged colour profiles and the like, which have nothing to do with
the pixels; its limits on them are settings of the whole process.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

_MAGIC = b"\x89PNG\r\n\x1a\n"
_PIXELS = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")
_XMP = b"XML:com.adobe.xmp\0"
_EXIF_AS_TEXT = b"Raw profile type exif\0"
# Orientation stands at the beginning of EXIF.
_EXIF_BYTES = 100_000
#: Chunks of one file. Programs write at least some kilobytes of pixels into each.
MAX_CHUNKS = 200_000


@dataclass(frozen=True, slots=True)
class PngParts:
    """What a PNG file is made of.

    Attributes
    ----------
    pixels : bytes
        The same file with only the chunks that its pixels need. What follows a damaged chunk is
        kept, so that the decoder says what is wrong.
    exif, xmp : bytes
        Empty if there are none.
    bits : int
        Bits of each sample; 0 if it has no header.
    frames : int
        How many frames an animation has; 1 for a still image.
    chunks : int
        How many chunks there are. Counting stops beyond `MAX_CHUNKS`.
    """

    pixels: bytes
    exif: bytes
    xmp: bytes
    bits: int
    frames: int
    chunks: int


def png_parts(data: bytes) -> PngParts:
    """Return what a PNG file is made of. Whatever the bytes are, nothing is raised."""
    kept: list[bytes | memoryview] = [_MAGIC]
    facts = {"exif": b"", "xmp": b""}
    bits, frames = 0, 1
    texts: list[bytes] = []
    end = len(_MAGIC)
    view = memoryview(data)
    chunks = list(islice(_chunks(data), MAX_CHUNKS + 1))
    for name, start, end in chunks:
        content = bytes(view[start + 8 : end - 4]) if name not in _PIXELS else b""
        if name in _PIXELS:
            kept.append(view[start:end])
        if name == b"IHDR":
            bits = data[start + 16] if end - start >= 21 else 0
        elif name == b"acTL":
            frames = max(1, int.from_bytes(content[:4], "big"))
        elif name == b"eXIf":
            facts["exif"] = content
        elif name == b"iTXt" and content.startswith(_XMP):
            facts["xmp"] = content
        elif name == b"zTXt" and content.startswith(_EXIF_AS_TEXT):
            texts.append(content[len(_EXIF_AS_TEXT) + 1 :])
    kept.append(view[end:])
    # Of several, the first: each may take a while to decompress.
    exif = facts["exif"] or _exif_of_text(b"".join(texts[:1]))
    return PngParts(b"".join(kept), exif, facts["xmp"], bits, frames, len(chunks))


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield the name, the start and the end of each whole chunk, up to the last."""
    place = len(_MAGIC)
    while place + 12 <= len(data):
        length, name = struct.unpack_from(">I4s", data, place)
        end = place + 12 + length
        if end > len(data):
            return
        yield name, place, end
        if name == b"IEND":
            return
        place = end


def _exif_of_text(compressed: bytes) -> bytes:
    """Return EXIF that ImageMagick has written as hexadecimal digits, after three lines."""
    try:
        text = zlib.decompressobj().decompress(compressed, _EXIF_BYTES)
        digits = b"".join(text.split(b"\n")[3:])
        return bytes.fromhex(digits[: len(digits) // 2 * 2].decode("ascii"))
    except (zlib.error, ValueError):
        return b""
