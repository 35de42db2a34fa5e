"""How an image must be turned to be upright, as its EXIF or XMP says."""

import re
from collections.abc import Mapping

from PIL import Image

from headstart.images.tags import Directory

_ORIENTATION = 0x0112
_XMP = re.compile(rb'tiff:Orientation(?:="|>)([0-9])')
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_ON_ITS_SIDE = (5, 6, 7, 8)


def orientation(info: Mapping[str | tuple[int, int], object]) -> int | None:
    """Return the orientation, 1 to 8, of an image with this `PIL.Image.Image.info`.

    Without one, or with one that is out of range, the image is upright: 1.

    Returns
    -------
    int or None
        None if there is EXIF, but it can't be read.
    """
    exif = info.get("exif")
    found = None
    if isinstance(exif, bytes) and (tags := exif.removeprefix(b"Exif\0\0")):
        directory = Directory.first(tags)
        if directory is None:
            return None
        found = directory.number(_ORIENTATION, 0) or None
    xmp = info.get("xmp")
    if found is None and isinstance(xmp, bytes) and (match := _XMP.search(xmp)):
        found = int(match[1])
    return found if found in _UPRIGHT else 1


def upright(image: Image.Image, turn: int) -> Image.Image:
    """Return the image turned upright."""
    return image.transpose(_UPRIGHT[turn]) if turn in _UPRIGHT else image


def upright_size(size: tuple[int, int], turn: int) -> tuple[int, int]:
    """Return the (width, height) of an image once it is upright; its own inverse."""
    return (size[1], size[0]) if turn in _ON_ITS_SIDE else size
