"""Read TIFF files of many bands, wide numbers or other layouts; the package for it is optional.

Pillow reads what cameras and scanners write. Here is what microscopes, drones and programs for
science write.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from headstart.errors import ImageUnsupported, MissingExtra
from headstart.images.depth import scaled, stretched
from headstart.images.in_flight import take_pixels
from headstart.images.limits import check_pixels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from headstart.images.notes import Notes
    from headstart.images.tiff import TiffLayout

# Bands that the file does not name can be red, green and blue. Of more, nobody knows which.
_MOST_UNNAMED = 4
# Bytes for each pixel of what follows: 8 bits, in Pillow, as RGB and turned upright.
_BYTES_OF_IMAGE = 12


def pillow_reads(layout: TiffLayout) -> bool:
    """Tell whether Pillow reads pixels of this layout, and reads them rightly.

    It takes compressed numbers of several bytes in the wrong order, if the file is big-endian, and
    numbers with a sign of 8 bits as if they had none.
    """
    if layout.separate and layout.bands > 1:
        return layout.kind == "integers" and layout.bits == 8 and layout.bands == 3
    if layout.kind == "integers":
        return layout.bits <= 16 or (layout.bits == 32 and layout.bands == 1)
    swapped = layout.big_endian and layout.compressed
    wide = layout.bits == 32 or (layout.bits == 16 and layout.kind == "signed integers")
    return layout.kind != "unknown values" and layout.bands == 1 and wide and not swapped


def read_bands(layout: TiffLayout, name: str) -> tuple[Image.Image, Notes]:
    """Return the first page of a TIFF file with 8 bits, and notes.

    If the file says that it has colours, the first three bands are red, green and blue; a fourth is
    transparency if the file says that. Of two bands without colours, the first is shown. Three or
    four are shown as red, green and blue. All bands are scaled by one rule; see `depth`.

    Returns
    -------
    image : PIL.Image.Image
        Mode L, RGB or RGBA.
    notes : tuple of str

    Raises
    ------
    ImageUnsupported
        There are more bands than that, or values are no real numbers; or tifffile is missing.
    ImageTooLarge
        It has too many pixels.
    Exception
        Whatever tifffile raises.
    """
    unnamed = not layout.colour and layout.bands > _MOST_UNNAMED
    if layout.kind == "unknown values" or not layout.plain or unnamed:
        raise ImageUnsupported(
            f"{name} must be grey or RGB, or have at most {_MOST_UNNAMED} bands of real numbers. "
            f"Received: {described(layout)}. Save the three that show red, green and blue as RGB."
        )
    values = _pixels(layout, name)
    shown = 3 if values.shape[2] > 2 else 1
    colours, note = _narrowed(values[..., :shown], layout)
    alpha, _ = _narrowed(values[..., shown:], layout)
    narrow = np.dstack([colours, alpha])
    if layout.inverted:
        narrow[..., 0] = 255 - narrow[..., 0]
    image = Image.fromarray(narrow if narrow.shape[2] > 1 else narrow[..., 0])
    return image, (*notes_on_bands(layout), *note)


def _narrowed(values: NDArray[Any], layout: TiffLayout) -> tuple[NDArray[np.uint8], Notes]:
    if layout.kind == "integers" and layout.bits <= 8:
        return values.astype(np.uint8), ()
    if values.dtype == np.uint16:
        what = "colour" if values.shape[2] == 3 else "grey"
        narrow, note = scaled(values, what, layout.largest)
    else:
        narrow, note = stretched(values)
    return narrow, (note,)


def described(layout: TiffLayout) -> str:
    """Return what kind of TIFF it is, in words."""
    bands = "1 band" if layout.bands == 1 else f"{layout.bands} bands"
    space = "" if layout.plain else " in another colour space"
    return f"a TIFF of {bands} of {layout.bits}-bit {layout.kind}{space}"


def _pixels(layout: TiffLayout, name: str) -> NDArray[Any]:
    """Return the bands that are shown, as (height, width, bands)."""
    try:
        from tifffile import TiffFile
    except ImportError as error:
        what = f"{name} is {described(layout)}, which"
        raise ImageUnsupported(str(MissingExtra(what, "tiff"))) from error
    with TiffFile(io.BytesIO(layout.pixels)) as file:
        page: Any = file.pages[0]
        size = (page.imagewidth, page.imagelength)
        check_pixels(size, name)
        # All bands as stored, those that are shown, and the image that is made of them.
        each = (layout.bands + _shown_bands(layout)) * layout.bits // 8 + _BYTES_OF_IMAGE
        take_pixels(size[0] * size[1] * each, name)
        values = np.asarray(page.asarray())
    if values.ndim == 2:
        values = values[..., np.newaxis]
    elif layout.separate:
        values = np.moveaxis(values, 0, -1)
    return np.ascontiguousarray(values[..., : _shown_bands(layout)])


def _shown_bands(layout: TiffLayout) -> int:
    if layout.bands < 3:
        return 2 if layout.bands == 2 and layout.alpha else 1
    return 4 if layout.alpha and layout.bands > 3 else 3


def notes_on_bands(layout: TiffLayout) -> Notes:
    """Return which bands are shown, if that is worth knowing."""
    shown = _shown_bands(layout)
    if layout.bands == shown and (layout.colour or shown < 3):
        return ()
    if layout.colour or shown < 3:
        return (f"bands: the first {'one' if shown == 1 else 'ones'}; {layout.bands} in all",)
    return (f"bands: 1, 2 and 3 as red, green and blue; {layout.bands} in all",)
