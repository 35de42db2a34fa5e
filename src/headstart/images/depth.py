"""Bring samples of more than 8 bits to 0..255, by rules that look at nothing but the image."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]

#: How many bits the samples of cameras and scanners have.
STEPS = (8, 10, 12, 14, 16)

# Values that are converted at once. A temporary array of a whole image could take gigabytes.
_BLOCK = 2**20


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
    table, note = bit_table(int(values.max(initial=0)), what, largest)
    return table[values], note


def bit_table(brightest: int, what: str, largest: int | None = None) -> tuple[Bytes, str]:
    """Return the 8 bits of each of the 65,536 values, and a note; see `scaled`."""
    known = max(brightest, largest or 0)
    bits = next(step for step in STEPS if known < 2**step)
    top = 2**bits - 1
    # A table is quicker than arithmetic, and needs no wide copy of the image.
    table = (np.arange(2**16, dtype=np.uint32) * 510 + top) // (2 * top)
    used = "" if bits == 16 else f" with {bits} bits used"
    note = f"16-bit {what}{used}: {top} became 255; the brightest is {brightest}"
    return table.clip(max=255).astype(np.uint8), note


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
    low, high = _extremes(values)
    if floats and low >= 0 and high <= 1:
        low, high, note = 0.0, 1.0, "floats: 1 became 255"
    else:
        what = "floats" if floats else f"{8 * values.dtype.itemsize}-bit integers"
        note = f"{what} stretched; {low:g} became 0, {high:g} became 255"
    # Half of it is finite, even if the difference of two finite numbers is not.
    half = 1.0 if math.isfinite(high - low) else 0.5
    scale = 255 / (high * half - low * half) if high > low else 0.0

    def stretch(block: NDArray[Any]) -> NDArray[np.float64]:
        with np.errstate(invalid="ignore"):  # NumPy warns of NaN of one kind, those that signal
            known = np.nan_to_num(block.astype(np.float64), nan=low, posinf=low, neginf=low)
        return np.rint((known * half - low * half) * scale).clip(0, 255)

    return in_blocks(stretch, values), note


def in_blocks(convert: Callable[[NDArray[Any]], NDArray[Any]], values: NDArray[Any]) -> Bytes:
    """Return what `convert` makes of each value, as uint8; of blocks of rows, to save memory.

    Parameters
    ----------
    convert : callable
        Returns an array of numbers from 0 to 255, of the shape of the array that it gets.
    values : ndarray, of one axis at least
    """
    converted = np.empty(values.shape, np.uint8)
    for rows in blocks(values):
        converted[rows] = convert(values[rows])
    return converted


def blocks(values: NDArray[Any]) -> Iterator[slice]:
    """Yield slices of the first axis of about a million values each."""
    rows = max(1, _BLOCK * len(values) // max(1, values.size))
    return (slice(start, start + rows) for start in range(0, len(values), rows))


def _extremes(values: NDArray[Any]) -> tuple[float, float]:
    """Return the smallest and the largest value that is no NaN and not infinite; else zeros."""
    finite = (block[np.isfinite(block)] for block in map(values.__getitem__, blocks(values)))
    found = [(float(block.min()), float(block.max())) for block in finite if block.size]
    return (min(low for low, _ in found), max(high for _, high in found)) if found else (0.0, 0.0)
