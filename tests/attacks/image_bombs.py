"""Image files that cost far more time or memory than their size tells, by name."""

import struct
import zlib
from collections.abc import Callable

from PIL import Image
from tests.images.odd_images import encoded, png, png_chunk

_EMPTY_ITEM = b"\xfe\xff\0\xe0\0\0\0\0"
_LONG = b"\xff\xff\xff\xff"


def jpeg_of_scans(n: int, side: int = 2000) -> bytes:
    """A progressive JPEG whose last scan is repeated `n` times."""
    whole = encoded(Image.new("L", (side, side), 5), "JPEG", progressive=True)
    scan, end = whole.rindex(b"\xff\xda"), whole.rindex(b"\xff\xd9")
    return whole[:end] + whole[scan:end] * n + whole[end:]


def jpeg_with(more: bytes, before: bytes = b"\xff\xdb") -> bytes:
    """A JPEG with bytes of no meaning before a marker."""
    whole = encoded(Image.new("RGB", (64, 48), (5, 200, 3)), "JPEG")
    place = whole.index(before)
    return whole[:place] + more + whole[place:]


def png_with(chunk: bytes, n: int) -> bytes:
    """A PNG with a chunk many times before its pixels."""
    whole = png()
    place = whole.index(b"IDAT") - 4
    return whole[:place] + chunk * n + whole[place:]


def png_of_size(width: int, height: int) -> bytes:
    """A PNG of one grey, all of whose pixels are there."""
    pack = zlib.compressobj(1)
    row = bytes(1 + width)
    rows = b"".join(pack.compress(row) for _ in range(height)) + pack.flush()
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    pixels = png_chunk(b"IDAT", rows)
    return b"\x89PNG\r\n\x1a\n" + header + pixels + png_chunk(b"IEND", b"")


def gif_with(before: bytes, frames: int = 1) -> bytes:
    """A GIF with an extension before its image, and the image many times."""
    whole = encoded(Image.new("L", (8, 8), 3), "GIF")
    place = whole.index(b",", 13)
    return whole[:place] + before + whole[place:-1] * frames + b";"


def tiff(*entries: tuple[int, int, int, int], room: int = 0) -> bytes:
    """A TIFF of tags (tag, kind, count, value), and room for values."""
    table = b"".join(struct.pack("<HHII", *entry) for entry in sorted(entries))
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(entries)) + table + bytes(4 + room)


def tiff_of_strips(n: int) -> bytes:
    """A TIFF that claims `n` strips of one row."""
    plain = ((256, 3, 1, 9), (257, 4, 1, n), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1))
    return tiff(
        *plain, (273, 4, n, 200), (277, 3, 1, 1), (278, 3, 1, 1), (279, 4, n, 200), room=4 * n
    )


def tiff_of_bands(n: int) -> bytes:
    """A TIFF that claims `n` bands of 32 bits for each of 100 million pixels."""
    size = ((256, 3, 1, 10_000), (257, 3, 1, 10_000), (258, 3, 1, 32), (259, 3, 1, 8))
    return tiff(*size, (262, 3, 1, 2), (273, 4, 1, 200), (277, 3, 1, n), (279, 4, 1, 200), room=300)


def tiff_of_floats(side: int) -> bytes:
    """A TIFF of floats, all of whose strips of one row are the same few bytes."""
    row = zlib.compress(struct.pack("<f", 7.0) * (side - 1) + struct.pack("<f", 9.0))
    begin = 8 + 2 + 12 * 10 + 4
    places = begin + 8 * side
    numbers = {256: side, 257: side, 258: 32, 259: 8, 262: 1, 277: 1, 278: 1, 339: 3}
    entries = [(tag, 4, 1, number) for tag, number in numbers.items()]
    entries += [(273, 4, side, begin), (279, 4, side, begin + 4 * side)]
    values = struct.pack("<I", places) * side + struct.pack("<I", len(row)) * side
    return tiff(*entries) + values + row


def bigtiff_of_entries(n: int) -> bytes:
    """A BigTIFF that claims `n` tags."""
    return b"II+\0\x08\0\0\0" + struct.pack("<QQ", 16, n) + bytes(30_000_000)


def element(group: int, number: int, kind: bytes, value: bytes) -> bytes:
    """An element of a DICOM file."""
    long = kind in {b"OB", b"SQ"}
    length = struct.pack("<HI" if long else "<H", *([0] if long else []), len(value))
    return struct.pack("<HH", group, number) + kind + length + value


def dicom(*body: bytes, syntax: bytes = b"1.2.840.10008.1.2.1\0", before: bytes = b"") -> bytes:
    """A DICOM file of elements."""
    return bytes(128) + b"DICM" + before + element(2, 0x10, b"UI", syntax) + b"".join(body)


def dicom_of_items(*items: bytes, side: int = 8) -> bytes:
    """A DICOM file of run lengths, whose pixels are these items."""
    numbers = {2: 1, 0x10: side, 0x11: side, 0x100: 8, 0x101: 8, 0x102: 7, 0x103: 0}
    said = [element(0x28, tag, b"US", struct.pack("<H", n)) for tag, n in numbers.items()]
    said.insert(1, element(0x28, 4, b"CS", b"MONOCHROME2 "))
    pixels = b"\xe0\x7f\x10\0OB\0\0" + _LONG + b"".join(items) + b"\xfe\xff\xdd\xe0\0\0\0\0"
    return dicom(*said, pixels, syntax=b"1.2.840.10008.1.2.5\0")


def dicom_of_runs(n: int) -> bytes:
    """A DICOM file whose frame is `n` runs of 128 pixels, whatever its size is."""
    frame = struct.pack("<16I", 1, 64, *[0] * 14) + b"\x81\1" * n
    return dicom_of_items(_EMPTY_ITEM, b"\xfe\xff\0\xe0" + struct.pack("<I", len(frame)), frame)


def dicom_of_sequence(*items: bytes) -> bytes:
    """A DICOM file that begins with a sequence without a length."""
    return dicom(b"\x08\0\x15\x11SQ\0\0" + _LONG, *items)


def bmp_of_runs(side: int, runs: bytes) -> bytes:
    """A BMP of run lengths."""
    header = struct.pack("<IiiHHIIiiII", 40, side, side, 1, 8, 1, len(runs), 0, 0, 256, 0)
    begin = 14 + 40 + 1024
    return b"BM" + struct.pack("<III", begin + len(runs), 0, begin) + header + bytes(1024) + runs


def jpeg_2000(side: int, *, layers: int = 1, precincts: bool = False, tile: int = 0) -> bytes:
    """A JPEG 2000 of almost no bytes that claims to be of many pieces."""
    data = bytearray(encoded(Image.new("RGB", (64, 64)), "JPEG2000", no_jp2=True))
    place = data.index(b"\xff\x51")
    data[place + 6 : place + 14] = struct.pack(">II", side, side)
    data[place + 22 : place + 30] = struct.pack(">II", tile or side, tile or side)
    place = data.index(b"\xff\x52")
    data[place + 6 : place + 8] = struct.pack(">H", layers)
    if precincts:
        n = data[place + 9] + 1
        data[place + 2 : place + 4] = struct.pack(">H", 12 + n)
        data[place + 4] |= 1
        data[place + 14 : place + 14] = b"\x11" * n
    return bytes(data)


def webp_of_frames(n: int) -> bytes:
    """An animated WebP of `n` frames."""
    frame = encoded(Image.new("RGB", (8, 8), (1, 2, 3)), "WEBP", lossless=True)[12:]
    place = struct.pack("<I", 16 + len(frame)) + b"\0\0\0\0\0\0\x07\0\0\x07\0\0\1\0\0\0"
    head = b"VP8X\x0a\0\0\0\x02\0\0\0\x07\0\0\x07\0\0ANIM\x06\0\0\0" + bytes(6)
    body = head + (b"ANMF" + place + frame) * n
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


_TOO_LONG = "takes too long"

#: How to make each, and what its error says; None if it is read, because that is quick.
BOMBS: dict[str, tuple[Callable[[], bytes], str | None]] = {
    "jpeg, 5,000 scans": (lambda: jpeg_of_scans(5_000), _TOO_LONG),
    "jpeg, 60 scans": (lambda: jpeg_of_scans(50, 4_000), None),
    "jpeg, filling bytes": (lambda: jpeg_with(b"\xff" * 50_000_000), _TOO_LONG),
    "jpeg, filling bytes in pixels": (lambda: jpeg_with(b"\xff" * 50_000_000, b"\xff\xd9"), None),
    "jpeg, bytes between markers": (lambda: jpeg_with(bytes(50_000_000)), _TOO_LONG),
    "jpeg, escaped bytes": (lambda: jpeg_with(b"\xff\0" * 25_000_000), _TOO_LONG),
    "jpeg, restarts": (lambda: jpeg_with(b"\xff\xd0" * 25_000_000), _TOO_LONG),
    "jpeg, comments": (lambda: jpeg_with(b"\xff\xfe\0\2" * 12_000_000), _TOO_LONG),
    "png, chunks": (lambda: png_with(png_chunk(b"teXt", b""), 4_000_000), _TOO_LONG),
    "png, empty pixels": (lambda: png_with(png_chunk(b"IDAT", b""), 199_000), None),
    "png, texts to decompress": (
        lambda: png_with(
            png_chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(bytes(10**6))), 30_000
        ),
        None,
    ),
    "png, text and profile of 100 MB": (
        lambda: png_with(
            png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(bytes(10**8)))
            + png_chunk(b"iCCP", b"x\0\0" + zlib.compress(bytes(10**8))),
            1,
        ),
        None,
    ),
    "png, a side of 140 million": (lambda: png_of_size(140_000_000, 1), "sides of at most"),
    "png, exif of 2^60 tags": (
        lambda: png_with(png_chunk(b"eXIf", bigtiff_of_entries(2**60)), 1),
        None,
    ),
    "gif, frames": (lambda: gif_with(b"", 2_000_000), None),
    "gif, a long comment": (lambda: gif_with(b"!\xfe" + b"\1x" * 20_000_000 + b"\0"), _TOO_LONG),
    "webp, frames": (lambda: webp_of_frames(300_000), None),
    "tiff, strips": (lambda: tiff_of_strips(10_000_000), _TOO_LONG),
    "tiff, bands": (lambda: tiff_of_bands(60_000), "MiB of memory"),
    "tiff, tags": (lambda: bigtiff_of_entries(2**60), "without the directory"),
    "tiff, a loop of pages": (lambda: tiff((256, 3, 1, 9))[:-4] + b"\x08\0\0\0", "TIFF"),
    "dicom, elements": (lambda: dicom(element(8, 0x20, b"LO", b"") * 4_000_000), _TOO_LONG),
    "dicom, elements in a sequence": (
        lambda: dicom_of_sequence(
            b"\xfe\xff\0\xe0" + _LONG, element(8, 0x20, b"LO", b"") * 4_000_000
        ),
        _TOO_LONG,
    ),
    "dicom, items": (lambda: dicom_of_sequence(_EMPTY_ITEM * 4_000_000), _TOO_LONG),
    "dicom, sequences in sequences": (
        lambda: dicom((b"\x08\0\x15\x11SQ\0\0" + _LONG + b"\xfe\xff\0\xe0" + _LONG) * 100_000),
        "DICOM",
    ),
    "dicom, fragments": (lambda: dicom_of_items(_EMPTY_ITEM * 4_000_000), _TOO_LONG),
    "dicom, runs": (lambda: dicom_of_runs(20_000_000), "frames of at most 32 MiB"),
    "dicom, places of frames": (
        lambda: dicom_of_items(
            b"\xfe\xff\0\xe0" + struct.pack("<I", 40_000_000), bytes(40_000_000)
        ),
        "at most 1,000,000 frames",
    ),
    "dicom, deflated": (
        lambda: dicom(
            zlib.compress(bytes(10**8))[2:],
            syntax=b"1.2.840.10008.1.2.1.99",
            before=element(2, 1, b"OB", bytes(6000)),
        ),
        "not deflated",
    ),
    "ppm, text": (lambda: b"P3 4000 4000 255 " + b"1 " * 30_000_000, "at most 16 MiB"),
    "ppm, text at the limit": (lambda: b"P3 2500 1000 255 " + b"1 " * 7_500_000, None),
    "ppm, 10 bits": (lambda: b"P6 4000 3000 1023 " + bytes(72_000_000), None),
    "ppm, a long comment": (
        lambda: b"P6 #" + b"x" * 40_000_000 + b"\n9 9 255 " + bytes(243),
        _TOO_LONG,
    ),
    "bmp, runs": (lambda: bmp_of_runs(5600, b"\1\1" * 15_000_000), _TOO_LONG),
    "bmp, ends of lines": (lambda: bmp_of_runs(2000, b"\1\1\0\0" * 2000), None),
    "bmp, ends of long lines": (lambda: bmp_of_runs(13_000, b"\1\1\0\0" * 13_000), "run lengths"),
    "jpeg 2000, boxes": (
        lambda: b"\0\0\0\x0cjP  \r\n\x87\n" + b"\0\0\0\x08free" * 5_000_000,
        _TOO_LONG,
    ),
    "jpeg 2000, precincts": (lambda: jpeg_2000(10_000, precincts=True), "precincts"),
    "jpeg 2000, layers": (lambda: jpeg_2000(100, precincts=True, layers=60_000), "packets"),
    "jpeg 2000, tiles": (lambda: jpeg_2000(250, tile=1), "tiles"),
}
