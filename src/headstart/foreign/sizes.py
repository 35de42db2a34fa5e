"""How many bytes the tensors of a stranger's network may become."""

from __future__ import annotations

import math
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# Formats can say one number for a whole tensor, and one place for many tensors. Networks do so for
# small ones.
_ALLOWANCE = 2**26
_MOST_AXES = 32


def n_values(shape: Iterable[int]) -> int:
    """Return how many values a tensor of this shape has.

    Raises
    ------
    ValueError
        If it is no shape: a negative number, or more axes than any network has.
    """
    sides = list(islice(shape, _MOST_AXES + 1))  # a file may go on with sides to its end
    if len(sides) > _MOST_AXES or min(sides, default=0) < 0:
        raise ValueError(f"a tensor of the shape {sides[:_MOST_AXES]}")
    return math.prod(sides)


def check_total(sizes: Iterable[int], stored: int) -> None:
    """Check that all tensors together do not become much more than the files hold.

    Parameters
    ----------
    sizes : iterable of int
        Bytes of each tensor in memory.
    stored : int
        Bytes of the files.

    Raises
    ------
    ValueError
        If they do.
    """
    total, most = 0, 2 * stored + _ALLOWANCE
    for size in sizes:
        total += size
        if total > most:
            raise ValueError(
                f"tensors of more than {most:,} bytes, where the files have {stored:,}"
            )
