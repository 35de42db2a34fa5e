"""Read HEIC images, which phones take; the package for that is optional."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from headstart.errors import ImageUnsupported, MissingExtra
from headstart.images.in_flight import take_pixels
from headstart.images.limits import check_pixels

if TYPE_CHECKING:
    from PIL import Image

# Planes, their tiles, the colours made of them and the image, with 8 bits or 16.
_BYTES_EACH = 16


def read_heic(data: bytes, name: str) -> tuple[Image.Image, tuple[str, ...]]:
    """Return the main image of a HEIC file, upright and with 8 bits, and notes.

    The decoder itself turns the image as the file says. EXIF has an orientation besides, which
    would turn it once more, so it is not returned.

    Raises
    ------
    ImageUnsupported
        The package is missing; the message says how to install it.
    ImageTooLarge
        It has too many pixels.
    Exception
        Whatever the decoder raises.
    """
    file = _opened(data, name)
    check_pixels(file.size, name)
    take_pixels(_BYTES_EACH * file.size[0] * file.size[1], name)
    image = file.to_pillow()
    image.info = {}
    bits = file.info.get("bit_depth", 8)
    deep = (f"{bits}-bit colour: the upper 8 bits",) if bits > 8 and "16" not in image.mode else ()
    several = (f"several images: the main one; {len(file)} in all",) if len(file) > 1 else ()
    return image, several + deep


def heic_exif(data: bytes, name: str) -> bytes:
    """Return the EXIF of a HEIC file, without decoding its pixels; empty if there is none.

    Raises
    ------
    ImageUnsupported
        The package is missing.
    Exception
        Whatever the decoder raises.
    """
    return _opened(data, name).info.get("exif") or b""


def _opened(data: bytes, name: str) -> Any:
    try:
        # Not registered as a plugin of Pillow: that would change the process.
        from pillow_heif import open_heif
    except ImportError as error:
        raise ImageUnsupported(str(MissingExtra(f"{name} is HEIC, which", "heic"))) from error
    return open_heif(data)
