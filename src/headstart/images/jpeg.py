"""Tell how a JPEG file is made: by which process of the standard, and of how many scans."""

import re
import struct
from collections.abc import Iterator
from itertools import islice

from headstart.errors import ImageUnsupported

#: Scans of one image. Each passes over all of its pixels; programs write about ten.
MAX_SCANS = 64
# Segments before and between the scans. A colour profile or a depth map takes hundreds.
_MOST_SEGMENTS = 20_000

# A marker, behind any number of filling bytes.
_MARKER = re.compile(rb"\xff+([^\0\xff])")
# The marker behind compressed pixels, in which 0xFF is followed by 0 or marks a restart.
_AFTER_PIXELS = re.compile(rb"\xff[^\0\xd0-\xd7\xff]")
_STANDALONE = {0x01, *range(0xD0, 0xD9)}
_SCAN, _END = 0xDA, 0xD9
# Other frames than these say how the image is compressed: DHT, JPG and DAC are no frames.
_FRAMES = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_BASELINE = (0xC0, 0xC1)
_UNKNOWN = {
    **dict.fromkeys((0xC3, 0xC7, 0xCB, 0xCF), "lossless"),
    **dict.fromkeys((0xC5, 0xC6, 0xCD, 0xCE), "hierarchical"),
    **dict.fromkeys((0xC9, 0xCA), "arithmetic"),
}


def unusual_process(data: bytes) -> str:
    """Return the name of a process that few decoders know; empty for the usual ones.

    Parameters
    ----------
    data : bytes
        A JPEG file, whole or not.
    """
    for marker, _, _ in _segments(data):
        if marker in _FRAMES:
            return _UNKNOWN.get(marker, "")
        if marker == _SCAN:
            break
    return ""


def check_scans(data: bytes, name: str) -> None:
    """Check how many scans and segments a JPEG has; of most files only the header is looked at.

    Raises
    ------
    ImageUnsupported
        There are more than `MAX_SCANS`, or more segments than any camera or program writes.
    """
    scans, process, bands = 0, 0, b""
    for number, (marker, start, _) in enumerate(_segments(data)):
        if marker in _FRAMES:
            process, bands = marker, data[start + 5 : start + 6]
        elif marker == _SCAN:
            scans += 1
            if process in _BASELINE and data[start : start + 1] == bands:
                return
        if number > _MOST_SEGMENTS or scans > MAX_SCANS:
            most = f"{_MOST_SEGMENTS:,} segments and {MAX_SCANS} scans"
            raise ImageUnsupported(
                f"{name} must be JPEG of at most {most}, or decoding it takes too long. "
                "Received: more. Save it as an ordinary JPEG or PNG."
            )


def stored_size(data: bytes) -> tuple[int, int] | None:
    """Return the (width, height) that a JPEG says it has; None without a header."""
    for marker, start, end in islice(_segments(data), _MOST_SEGMENTS):
        if marker in _FRAMES and end >= start + 5:
            height, width = struct.unpack_from(">HH", data, start + 1)
            return width, height
    return None


def _segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield the marker, and where the content begins and ends, of each segment before the end."""
    place = 2
    while found := _MARKER.match(data, place):
        marker, start = found[1][0], found.end() + 2
        if marker == _END:
            return
        if marker in _STANDALONE:
            place = found.end()
            yield marker, place, place
            continue
        place = found.end() + int.from_bytes(data[found.end() : start], "big")
        if place < start or place > len(data):
            return
        yield marker, start, place
        if marker == _SCAN:
            after = _AFTER_PIXELS.search(data, place)
            if after is None:
                return
            place = after.start()
