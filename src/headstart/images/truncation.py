"""JPEGs that are cut short: complete them, and tell how much is missing."""

import numpy as np
from PIL import Image

#: The share of an image's rows that may be missing.
MOST_MISSING = 0.1

_END = b"\xff\xd9"
# What the decoder puts where data is missing: grey. In CMYK it is inverted.
_GREY = 127.5
# Columns at the right border: what is missing of a row is missing there.
_BORDER = 2


def completed(data: bytes) -> bytes:
    """Return a JPEG that is cut short with an end marker; what is missing is decoded as grey."""
    # The first byte of a marker, or of a pair, may be all that is left of it.
    return data.rstrip(b"\xff") + _END


def missing_share(image: Image.Image) -> float:
    """Return the share of the rows, 0 to 1, that a completed JPEG lacks wholly or partly.

    Parameters
    ----------
    image : PIL.Image.Image
        As decoded, mode L, RGB or CMYK. Rows at the bottom that the image itself shows in exactly
        this grey count as missing.
    """
    border = np.asarray(image)[:, -_BORDER:].astype(np.int16).reshape(image.height, -1)
    grey = (np.abs(border - _GREY) <= 1.5).all(axis=1)
    present = np.flatnonzero(~grey)
    first_missing = int(present[-1]) + 1 if present.size else 0
    return 1 - first_missing / image.height
