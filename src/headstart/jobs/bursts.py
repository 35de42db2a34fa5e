"""Images that one camera took shortly after one another: they show nearly the same."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from headstart.images.exif import Exif

    Ints = NDArray[np.int64]

#: Seconds within which few people take another subject.
USUAL = 2.0


def bursts(taken: Sequence[Exif], seconds: float) -> Ints | None:
    """Return the burst of each image.

    A burst goes on as long as the same camera takes the next image within `seconds`.

    Parameters
    ----------
    taken : sequence of Exif, length n
        An image without a time or a camera is in no burst.
    seconds : float

    Returns
    -------
    ndarray of int64, shape (n,), or None
        The place of the first image of the burst; None if there is no burst.
    """
    known = sorted(
        (each.camera, each.date_taken, place)
        for place, each in enumerate(taken)
        if each.camera and each.date_taken is not None
    )
    groups = np.arange(len(taken), dtype=np.int64)
    for (camera, time, place), (next_camera, next_time, next_place) in itertools.pairwise(known):
        if camera == next_camera and (next_time - time).total_seconds() <= seconds:
            groups[next_place] = groups[place]
    return groups if len(np.unique(groups)) < len(groups) else None


def bursts_in_words(groups: Ints | None, taken: Sequence[Exif], seconds: float | None) -> str:
    """Return a sentence about the bursts; "" if there is nothing to say.

    Parameters
    ----------
    groups : ndarray of int64, shape (n,), or None
        As `bursts` returned them.
    taken : sequence of Exif, length n
    seconds : float or None
        None if bursts were not asked for, and `USUAL` was tried.
    """
    if seconds is not None and not any(each.camera and each.date_taken for each in taken):
        return "No image says when and by which camera it was taken, so there are no bursts."
    if groups is None:
        return ""
    sizes = np.unique(groups, return_counts=True)[1]
    n_images = int(sizes[sizes > 1].sum())
    found = (
        f"{n_images:,} images were taken within {USUAL if seconds is None else seconds:g} s of "
        "another one by the same camera"
    )
    if seconds is None:
        return f"{found}: --bursts {USUAL:g} keeps these on the same side of every split."
    return f"{found}: they stay on the same side of every split."
