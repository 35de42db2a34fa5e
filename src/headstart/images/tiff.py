"""Tell how the pixels of a TIFF file are stored, and take from it what its pixels need."""

import struct
from dataclasses import dataclass

from headstart.images.tags import Directory

_SUBFILE = 254
_BITS, _COMPRESSION, _PHOTOMETRIC, _ORIENTATION, _SAMPLES = 258, 259, 262, 274, 277
_MAX_SAMPLE, _PLANAR, _EXTRA, _FORMAT = 281, 284, 338, 339
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB = _PLAIN = 0, 1, 2
# The tags that decoders of pixels use. Others (geography, microscope, camera) may be of any form,
# and Pillow warns of what it does not understand.
_PIXELS = {254, 256, 257, 258, 259, 262, 266, 273, 274, 277, 278, 279, 284, 292, 293, 317, 320}
_PIXELS |= {322, 323, 324, 325, 332, 338, 339, 347, *range(512, 522), 529, 530, 531, 532, 700}
# Of these, a table for JPEG and XMP are bytes, not numbers.
_BYTES = {347, 700}
#: Strips or tiles of one page. Decoders list their places before they read the first.
MAX_PIECES = 200_000
# Kinds of extra samples: transparency with which colours are multiplied already, or not.
_ALPHA = (1, 2)
_KINDS = {1: "integers", 2: "signed integers", 3: "floats"}


@dataclass(frozen=True, slots=True)
class TiffLayout:
    """How the pixels of the first page are stored.

    Attributes
    ----------
    pixels : bytes
        The same file with only the tags of the first page that its pixels need. Grey of more than
        8 bits is declared as black is zero, because decoders don't invert it.
    bands : int
        Samples of each pixel.
    bits : int
        Bits of each sample; of the first, if they differ.
    kind : {"integers", "signed integers", "floats", "unknown values"}
    colour : bool
        Whether the file says that the first three bands are red, green and blue.
    plain : bool
        Whether it is grey or RGB, rather than a palette or another colour space.
    separate : bool
        Whether each band is stored by itself.
    alpha : bool
        Whether the band after the colours, or after grey, is transparency.
    compressed, big_endian : bool
    inverted : bool
        Whether zero is white and the decoder leaves that as it is.
    largest : int or None
        The largest value of 16-bit samples that the file declares.
    preview : bool
        Whether the first page is a smaller version of something else in the file.
    orientation : int
        1 to 8, as in EXIF.
    pages : int
        How many pages there are.
    pieces : int
        How many strips or tiles there are, or values of another tag that has more.
    """

    pixels: bytes
    bands: int
    bits: int
    kind: str
    colour: bool
    plain: bool
    separate: bool
    alpha: bool
    compressed: bool
    big_endian: bool
    inverted: bool
    largest: int | None
    preview: bool
    orientation: int
    pages: int
    pieces: int


def tiff_layout(data: bytes) -> TiffLayout | None:
    """Return how the pixels are stored; None if the file has no readable directory of tags."""
    directory = Directory.first(data)
    if directory is None or not directory.entries:
        return None
    bits = directory.number(_BITS, 1)
    photometric = directory.number(_PHOTOMETRIC, _BLACK_IS_ZERO)
    inverted = photometric == _WHITE_IS_ZERO and bits > 8
    entries = {tag: entry for tag, entry in directory.entries.items() if tag in _PIXELS}
    if inverted:
        entries[_PHOTOMETRIC] = _short(directory, _PHOTOMETRIC, _BLACK_IS_ZERO)
    return TiffLayout(
        pixels=_with_tags(directory, entries),
        bands=directory.number(_SAMPLES, 1),
        bits=bits,
        kind=_KINDS.get(directory.number(_FORMAT, 1), "unknown values"),
        colour=photometric == _RGB,
        plain=photometric in _PLAIN,
        separate=directory.number(_PLANAR, 1) == 2,
        alpha=directory.number(_EXTRA, 0) in _ALPHA,
        compressed=directory.number(_COMPRESSION, 1) != 1,
        big_endian=directory.order == ">",
        inverted=inverted,
        largest=_largest(directory, bits),
        preview=directory.number(_SUBFILE, 0) & 1 == 1,
        orientation=directory.number(_ORIENTATION, 1),
        pages=directory.count(),
        pieces=max(map(directory.length, entries.keys() - _BYTES), default=0),
    )


def _largest(directory: Directory, bits: int) -> int | None:
    if 8 < bits < 16:
        return 2**bits - 1
    declared = directory.number(_MAX_SAMPLE, 0)
    # 65535 is the value of the tag where nothing is known.
    return declared if 0 < declared < 65535 else None


def _short(directory: Directory, tag: int, value: int) -> bytes:
    """Return an entry for one short number."""
    form = directory.order + ("HHQH6x" if directory.big else "HHIH2x")
    return struct.pack(form, tag, 3, 1, value)


def _with_tags(directory: Directory, entries: dict[int, bytes]) -> bytes:
    """Return the file with a directory that holds only these tags, and no other directory."""
    order, data = directory.order, directory.data
    # A directory begins at an even place. Values that lie elsewhere stay where they are.
    place = len(data) + len(data) % 2
    count, offset, at = ("Q", "Q", 8) if directory.big else ("H", "I", 4)
    header = data[:at] + struct.pack(order + offset, place)
    body = memoryview(data)[len(header) :]
    table = struct.pack(order + count, len(entries)) + b"".join(
        entries[tag] for tag in sorted(entries)
    )
    return b"".join([header, body, bytes(len(data) % 2), table, struct.pack(order + offset, 0)])
