"""What ``-`` stands for: paths of images, or one image, from standard input."""

from __future__ import annotations

import codecs
import os
import re
import sys
from typing import TYPE_CHECKING

from headstart.data.discovery import Found, find_images
from headstart.errors import UsageError
from headstart.images.signatures import SIGNATURES
from headstart.images.sources import MAX_BYTES, BytesSource

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

_AT_ONCE = 2**16
# Bytes that tell an image from a list, and the longest path of any system.
_ENOUGH, _LONGEST_PATH = 132, 2**15
# These begin with letters, as a path may: only what follows tells an image from a list.
_STRICTER = {
    "BMP": re.compile(rb"(?s)BM.{4}\0\0\0\0"),
    "GIF": re.compile(rb"(?s)GIF8[79]a.{0,6}[\0-\x08\x0e-\x1f]"),
    "PPM": re.compile(rb"P[1-6]\s+(?:#[^\n]*\n\s*)*\d+\s+\d+\s"),
}
_TEXTS = ("text", "SVG", "web page (HTML)")


def found_batches() -> Iterator[Found]:
    """Yield what standard input names, as soon as it arrives.

    Standard input holds paths, one on each line or separated by NUL, or the bytes of one image. The
    list may be endless: only what has arrived, up to 64 KiB, is in memory.

    Yields
    ------
    Found
        The images of the paths that have arrived, or the image.

    Raises
    ------
    UsageError
        Standard input is closed, holds nothing, or is neither an image nor a list of paths.
    """
    if sys.stdin is None:
        raise UsageError("'-' reads from standard input, which is closed. Name the images instead.")
    # Without a buffer: a read returns what is there, and does not wait for more.
    with open(sys.stdin.fileno(), "rb", buffering=0, closefd=False) as stdin:
        found = None
        for found in batches(stdin):
            yield found
        if found is None:
            raise UsageError(
                "Standard input holds no path and no image. Write paths to it, one on each line."
            )


def batches(file: BinaryIO) -> Iterator[Found]:
    """Yield what a binary file names; see `found_batches`."""
    start = _beginning(file)
    if _is_image(start):
        yield Found([BytesSource("standard input", start + _rest(file, len(start)))])
        return
    _check_encoding(start)
    rest, separator = start.removeprefix(codecs.BOM_UTF8), b"\0" if b"\0" in start else b"\n"
    more = start
    while more:
        *paths, rest = rest.split(separator)
        yield from _found(paths)
        if len(rest) > _LONGEST_PATH:
            raise UsageError(
                "Standard input must be an image, or a list of paths, one on each line or "
                f"separated by NUL. Received: {len(rest):,} bytes without the end of a line."
            )
        more = file.read(_AT_ONCE)
        rest += more
    yield from _found([rest])


def _check_encoding(start: bytes) -> None:
    """Refuse UTF-16, whose every other byte would be taken for the end of a path."""
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise UsageError(
            "Paths on standard input must be in UTF-8. Received: UTF-16, as PowerShell 5 writes "
            "it into files. There, '... | Out-File -Encoding utf8 paths.txt' writes UTF-8."
        )


def _found(paths: list[bytes]) -> Iterator[Found]:
    named = [_decoded(path.removesuffix(b"\r")) for path in paths]
    if any(named):
        yield find_images(path for path in named if path)


def _decoded(path: bytes) -> str:
    try:
        return os.fsdecode(path)
    except UnicodeDecodeError:
        # On Windows. Elsewhere a path may be of any bytes.
        raise UsageError(
            f"Paths on standard input must be in UTF-8. Received: {path!a}. In a console of "
            "Windows, 'chcp 65001' sets that; or name the folder of the images instead."
        ) from None


def _beginning(file: BinaryIO) -> bytes:
    start = b""
    while more := file.read(_AT_ONCE):
        start += more
        # A line that is there is answered at once.
        if len(start) >= _ENOUGH or b"\n" in start or b"\0" in start:
            break
    return start


def _is_image(start: bytes) -> bool:
    kind = next((known.kind for known in SIGNATURES if known.begins.match(start)), None)
    stricter = _STRICTER.get(kind or "")
    return kind not in (None, *_TEXTS) and (stricter is None or bool(stricter.match(start)))


def _rest(file: BinaryIO, have: int) -> bytes:
    """Read on; a little more than the largest image is enough to tell that it is too large."""
    parts = []
    while have <= MAX_BYTES and (more := file.read(_AT_ONCE)):
        parts.append(more)
        have += len(more)
    return b"".join(parts)
