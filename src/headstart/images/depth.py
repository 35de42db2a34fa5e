"""Bring samples of more than 8 bits to 0..255, by rules that look at nothing but the image."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]

#: How many bits the samples of cameras and scanners have.
STEPS = (8, 10, 12, 14, 16)


def scaled(values: NDArray[Any], what: str, largest: int | None = None) -> tuple[Bytes, str]:
    """Return 16-bit integers as 8 bits, by the number of bits that are used.

    Most files don't say how many of the 16 bits are used. So the smallest of `STEPS` that holds the
    brightest value is taken: an image of a 12-bit camera is not nearly black, and one that uses all
    16 bits stays as it is.

    Parameters
    ----------
    values : ndarray of int, any shape
        0 to 65535.
    what : str
        What the note calls the image: "grey" or "colour".
    largest : int, optional
        The largest value that the samples may have, if the file says so.

    Returns
    -------
    scaled : ndarray of uint8
    note : str
    """
    brightest = int(values.max(initial=0))
    known = max(brightest, largest or 0)
    bits = next(step for step in STEPS if known < 2**step)
    top = 2**bits - 1
    # A table is quicker than arithmetic, and needs no wide copy of the image.
    table = (np.arange(2**16, dtype=np.uint32) * 510 + top) // (2 * top)
    used = "" if bits == 16 else f" with {bits} bits used"
    note = f"16-bit {what}{used}: {top} became 255; the brightest is {brightest}"
    return table.clip(max=255).astype(np.uint8)[values], note


def stretched(values: NDArray[Any]) -> tuple[Bytes, str]:
    """Return other integers and floats as 8 bits, between their extremes.

    The smallest value becomes 0 and the largest 255. Floats that all lie between 0 and 1 are not
    stretched: 1 becomes 255. NaN and infinity become 0.

    Parameters
    ----------
    values : ndarray of int or float, any shape

    Returns
    -------
    stretched : ndarray of uint8
    note : str
    """
    floats = values.dtype.kind == "f"
    finite = values[np.isfinite(values)] if floats else values
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    if floats and low >= 0 and high <= 1:
        low, high, note = 0.0, 1.0, "floats: 1 became 255"
    else:
        what = "floats" if floats else f"{8 * values.dtype.itemsize}-bit integers"
        note = f"{what} stretched; {low:g} became 0, {high:g} became 255"
    scale = 255 / (high - low) if high > low else 0.0
    known = np.nan_to_num(values.astype(np.float64), nan=low, posinf=low, neginf=low)
    return np.rint((known - low) * scale).clip(0, 255).astype(np.uint8), note
