"""Open an image file: read its header, and hand its pixels to the decoder of its format.

Nothing here changes the process: the classes of Pillow's plugins are called directly. `Image.open`
would compare sizes with a limit that belongs to the whole process, and warn; so would parts of the
file that have nothing to do with the pixels, which is why decoders do not get them.
"""

import importlib
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from PIL import Image, JpegImagePlugin, features

from headstart.errors import ImageDamaged, ImageUnsupported
from headstart.images.bounded_file import BoundedFile
from headstart.images.dicom import read_dicom
from headstart.images.heic import read_heic
from headstart.images.in_flight import take_pixels
from headstart.images.jpeg import check_scans
from headstart.images.jpeg2000 import check_division
from headstart.images.limits import check_pixels
from headstart.images.notes import Notes
from headstart.images.orientation import upright
from headstart.images.png import MAX_CHUNKS, png_parts
from headstart.images.signatures import Signature
from headstart.images.tags import Directory
from headstart.images.tiff import MAX_PIECES, TiffLayout, tiff_layout
from headstart.images.tiff_bands import notes_on_bands, pillow_reads, read_bands

# Of several pages in a JPEG (MPO): the tag with their number.
_PAGES_OF_JPEG = 0xB001
_MOST_BANDS = 6
# What Pillow says of pixels that it has no mode for.
_UNKNOWN_MODE = "unknown pixel mode"
# Of a PPM file: a comment in the header, and how long a header is at most.
_COMMENT = re.compile(rb"#[^\r\n]*")
_HEADER = 4096
#: Bytes of a PPM with its pixels as text, which is decoded in Python.
MAX_TEXT = 16 * 2**20
#: Pixels of a BMP of run lengths, which is decoded in Python.
MAX_RUN_LENGTH = 32_000_000


@dataclass(frozen=True, slots=True)
class Opened:
    """An image whose header has been read.

    Attributes
    ----------
    image : PIL.Image.Image
        Its pixels may not have been decoded yet. Its `info` has EXIF and XMP.
    notes : tuple of str
        See `Decoded`.
    inverted : bool
        Whether zero is white and the decoder leaves that as it is.
    largest : int or None
        The largest value that the samples of an image of 16 bits may have, if the file says so.
    unsigned : bool
        Whether 32-bit integers have no sign. Pillow's mode for them has one.
    deep : bool
        Whether it has 16 bits for each of several bands, of which Pillow returns the upper 8.
    low : PIL.Image.Image or None
        The same image, opened so that Pillow returns the lower 8 bits.
    bytes_to_decode : int
        Memory that the decoder needs for each pixel of the whole image, besides the result.
    """

    image: Image.Image
    notes: Notes = ()
    inverted: bool = False
    largest: int | None = None
    unsigned: bool = False
    deep: bool = False
    low: Image.Image | None = None
    bytes_to_decode: int = 0


class _WholeFile(BoundedFile):
    """The bytes of a file that must not end before its image does.

    Pillow takes a JPEG that is cut short for whole if the process has set
    `ImageFile.LOAD_TRUNCATED_IMAGES`. What an image is must not depend on that.
    """

    def read(self, size: int | None = -1, /) -> bytes:
        """Return the next bytes; never none."""
        data = super().read(size)
        if not data and size:
            raise OSError("image file is truncated")
        return data


class _RunLengths(BoundedFile):
    """The bytes of a BMP, which Pillow reads run by run if they are run lengths."""

    most_reads = 4_000_000


class _Jpeg(JpegImagePlugin.JpegImageFile):
    """A JPEG whose EXIF is not parsed for a resolution: Pillow warns of what is odd in it."""

    def getexif(self) -> Image.Exif:
        """Return no EXIF; `orientation` reads it from `info`."""
        return Image.Exif()


def open_image(data: bytes, name: str, signature: Signature) -> Opened:
    """Read the header of an image file.

    Parameters
    ----------
    data : bytes
        A whole image file.
    name : str
        The name for messages.
    signature : Signature
        What `identify` returned.

    Raises
    ------
    ImageUnsupported
        The file is of a variant of its format that can't be read.
    Exception
        Whatever the decoder raises; see `image_errors`.
    """
    return _OPENERS.get(signature.decoder, _open_other)(data, name, signature)


def _open_jpeg(data: bytes, name: str, _signature: Signature) -> Opened:
    check_scans(data, name)
    image = _Jpeg(_WholeFile(data, name))
    # In pieces, the decoder would begin each row of filling bytes anew for each piece.
    image.decodermaxblock = len(data)
    pages = 1
    if isinstance(index := image.info.get("mp"), bytes) and (found := Directory.first(index)):
        pages = found.number(_PAGES_OF_JPEG, 1)
    # The second image of an Ultra HDR JPEG is no page: it says how bright each place may become.
    if any(kind == "APP1" and b' hdrgm:Version="' in content for kind, content in image.applist):
        pages = 1
    # All coefficients of a JPEG of several scans are in memory, as numbers of 2 bytes.
    bytes_each = 2 * image.layers if "progressive" in image.info else 0
    return Opened(image, _page_notes(pages), bytes_to_decode=bytes_each)


def _open_png(data: bytes, name: str, signature: Signature) -> Opened:
    parts = png_parts(data)
    if parts.chunks > MAX_CHUNKS:
        raise ImageUnsupported(
            f"{name} must be PNG of at most {MAX_CHUNKS:,} chunks, or reading it takes too long. "
            "Received: more. Save it again."
        )
    plugin = _plugin(signature)
    image = plugin(BoundedFile(parts.pixels, name))
    image.info.update({"exif": parts.exif, "xmp": parts.xmp})
    deep = parts.bits == 16 and image.mode[0] != "I"
    low = _low_bytes(plugin(BoundedFile(parts.pixels, name))) if deep else None
    return Opened(image, _frame_notes(parts.frames), deep=deep, low=low)


def _open_tiff(data: bytes, name: str, signature: Signature) -> Opened:
    layout = tiff_layout(data)
    if layout is None:
        raise ImageDamaged(
            f"{name} must be a whole TIFF. Received: {len(data):,} bytes without the directory "
            "that says where its pixels are: it was probably cut short. Fetch or export it again."
        )
    if layout.preview:
        raise ImageUnsupported(
            f"{name} must begin with an image. Received: a TIFF that begins with a preview, as the "
            "raw files of cameras (DNG, NEF, ARW) do. Export it as JPEG or TIFF."
        )
    if layout.pieces > MAX_PIECES:
        raise ImageUnsupported(
            f"{name} must be TIFF of at most {MAX_PIECES:,} strips or tiles, or reading it takes "
            f"too long. Received: {layout.pieces:,}. Save it in larger ones."
        )
    image = _opened_by_pillow(layout, signature, name)
    if image is None:
        image, notes = read_bands(layout, name)
        turned = upright(image, layout.orientation)
        return Opened(turned, _page_notes(layout.pages) + notes)
    deep = layout.bits == 16 and image.mode[0] not in "IF"
    return Opened(
        image,
        _page_notes(layout.pages) + (notes_on_bands(layout) if layout.colour else ()),
        inverted=layout.inverted,
        largest=layout.largest,
        unsigned=layout.kind == "integers",
        deep=deep,
        low=_low_bytes(_plugin(signature)(BoundedFile(layout.pixels, name))) if deep else None,
    )


def _opened_by_pillow(layout: TiffLayout, signature: Signature, name: str) -> Image.Image | None:
    """Return an image that is not decoded yet; None if Pillow can't decode it, or not rightly."""
    # Of more bands, Pillow logs an error on its own.
    if layout.bands > _MOST_BANDS or not pillow_reads(layout):
        return None
    try:
        return _plugin(signature)(BoundedFile(layout.pixels, name))
    except SyntaxError as error:
        if str(error) == _UNKNOWN_MODE:
            return None
        raise


def _low_bytes(image: Image.Image) -> Image.Image | None:
    """Return an image, just opened, so that Pillow decodes the lower 8 of its 16 bits.

    Pillow takes the upper byte of each sample by the order that the file has. In the other order,
    that is the lower byte.
    """
    tiles = [_in_other_order(tile) for tile in getattr(image, "tile", [])]
    if None in tiles:
        return None
    image.tile = tiles  # type: ignore[attr-defined]
    return image


def _in_other_order(tile: Any) -> Any:
    args = tile.args if isinstance(tile.args, tuple) else (tile.args,)
    match = re.fullmatch(r"(RGB|RGBA|RGBX);16([BLN])", str(args[0]))
    if match is None:
        return None
    native = "L" if sys.byteorder == "little" else "B"
    other = "B" if (native if match[2] == "N" else match[2]) == "L" else "L"
    changed = (f"{match[1]};16{other}", *args[1:])
    return tile._replace(args=changed if isinstance(tile.args, tuple) else changed[0])


def _open_avif(data: bytes, name: str, signature: Signature) -> Opened:
    if not features.check("avif"):
        raise ImageUnsupported(
            f"{name} is AVIF, which this build of Pillow can't read. Save it as JPEG or PNG, or "
            "install Pillow from PyPI."
        )
    return replace(_open_other(data, name, signature), bytes_to_decode=12)


def _open_webp(data: bytes, name: str, signature: Signature) -> Opened:
    # The decoder of animations keeps two frames while the image exists, and returns a third.
    return replace(_open_other(data, name, signature), bytes_to_decode=16)


def _open_gif(data: bytes, name: str, signature: Signature) -> Opened:
    kind = _plugin(signature)
    try:
        # Opened twice, because walking through the frames leaves the first one.
        notes = _frame_notes(kind(BoundedFile(data, name)).n_frames)
    except Exception:  # noqa: BLE001 - the first frame may be fine even so
        notes = ("animated: first frame; an unknown number in all",)
    return Opened(kind(BoundedFile(data, name)), notes)


def _open_ppm(data: bytes, name: str, signature: Signature) -> Opened:
    image = _plugin(signature)(BoundedFile(data, name))
    header = _COMMENT.sub(b" ", data[:_HEADER]).split(maxsplit=4)
    top = int(header[3]) if len(header) > 3 and header[3].isdigit() else 0
    (tile,) = image.tile
    if tile.codec_name == "ppm_plain" and len(data) > MAX_TEXT:
        raise ImageUnsupported(
            f"{name} must be at most {MAX_TEXT / 2**20:.0f} MiB, because it is PPM with its pixels "
            f"as text. Received: {len(data) / 2**20:.0f} MiB. Save it as PNG or as binary PPM."
        )
    if tile.codec_name == "ppm":
        check_pixels(image.size, name)
        take_pixels(16 * image.width * image.height, name)
        image = _scaled_ppm(image, data, tile)
    # Pillow scales by the declared maximum. 65535 is what is declared where nothing is known.
    largest = None if top == 65535 else 65535
    return Opened(image, largest=largest, deep=top > 255 and image.mode == "RGB")


def _scaled_ppm(image: Image.Image, data: bytes, tile: Any) -> Image.Image:
    """Decode a binary PPM as Pillow does, but not with a step of Python for each sample."""
    largest = tile.args[1]
    top = 65535 if image.mode == "I" else 255
    table = np.array([min(top, round(value / largest * top)) for value in range(2**16)], np.int32)
    bands = len(image.getbands())
    n, dtype = image.width * image.height * bands, np.dtype("u1" if largest < 256 else ">u2")
    if len(data) < tile.offset + n * dtype.itemsize:
        raise OSError("not enough image data")
    shape = (image.height, image.width, bands) if bands > 1 else (image.height, image.width)
    values = np.frombuffer(data, dtype, n, tile.offset).reshape(shape)
    table = table if image.mode == "I" else table.astype(np.uint8)
    scaled = Image.fromarray(table[values])
    scaled.format = image.format
    return scaled


def _open_bmp(data: bytes, name: str, signature: Signature) -> Opened:
    image = _plugin(signature)(_RunLengths(data, name))
    width, height = image.size
    if image.tile and image.tile[0].codec_name == "bmp_rle" and width * height > MAX_RUN_LENGTH:
        raise ImageUnsupported(
            f"{name} must have at most {MAX_RUN_LENGTH / 1e6:.0f} million pixels, because it is a "
            f"BMP of run lengths. Received: {width} x {height}. Save it as PNG."
        )
    return Opened(image)


def _open_jpeg2000(data: bytes, name: str, signature: Signature) -> Opened:
    # Its header says how many bits are used, and Pillow scales by that.
    opened = _open_other(data, name, signature)
    check_pixels(opened.image.size, name)
    check_division(data, opened.image.size, name)
    # Each sample is decoded as a number of 4 bytes.
    each = 4 * len(opened.image.getbands()) + 4
    return replace(opened, largest=65535, bytes_to_decode=each)


def _open_heic(data: bytes, name: str, _signature: Signature) -> Opened:
    image, notes = read_heic(data, name)
    # Greys of 10 or 12 bits are scaled to 16.
    return Opened(image, notes, largest=65535)


def _open_dicom(data: bytes, name: str, _signature: Signature) -> Opened:
    return Opened(*read_dicom(data, name))


def _open_other(data: bytes, name: str, signature: Signature) -> Opened:
    image = _plugin(signature)(BoundedFile(data, name))
    return Opened(image, _frame_notes(getattr(image, "n_frames", 1)))


def _plugin(signature: Signature) -> Any:
    module = importlib.import_module(f"PIL.{signature.decoder}ImagePlugin")
    return getattr(module, f"{signature.decoder}ImageFile")


def _frame_notes(frames: int) -> Notes:
    return () if frames == 1 else (f"animated: first frame; {frames} in all",)


def _page_notes(pages: int) -> Notes:
    return () if pages == 1 else (f"several pages: the first; {pages} in all",)


_OPENERS: dict[str, Callable[[bytes, str, Signature], Opened]] = {
    "Jpeg": _open_jpeg,
    "Png": _open_png,
    "Tiff": _open_tiff,
    "WebP": _open_webp,
    "Avif": _open_avif,
    "Gif": _open_gif,
    "Bmp": _open_bmp,
    "Ppm": _open_ppm,
    "Heic": _open_heic,
    "Dicom": _open_dicom,
    "Jpeg2K": _open_jpeg2000,
}
