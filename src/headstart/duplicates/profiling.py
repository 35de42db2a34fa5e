"""The profiles of many images, measured on all cores."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

from headstart.duplicates.profile import profile_of
from headstart.errors import ImageError
from headstart.images.decoding_errors import one_image, release_locals
from headstart.images.in_flight import room
from headstart.images.reader import usable_cores
from headstart.images.sources import UnreadableImage
from headstart.progress import NoProgress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from headstart.duplicates.profile import ImageProfile
    from headstart.images.sources import ImageSource
    from headstart.progress import Progress

# Images that are handed to the threads at once.
_AT_ONCE = 1024


def profiles(
    sources: Sequence[ImageSource],
    *,
    workers: int | None = None,
    accept_truncated: bool = False,
    progress: Progress | None = None,
) -> list[ImageProfile | UnreadableImage]:
    """Return the profile of each image, or why it can't be read.

    Parameters
    ----------
    sources : sequence of ImageSource
    workers : int, optional
        Threads. The default is one for each processor core.
    accept_truncated : bool
        See `decode`.
    progress : Progress, optional
        Shows how far it is.

    Returns
    -------
    list of ImageProfile or UnreadableImage
        As long as `sources`, in their order.
    """
    found: list[ImageProfile | UnreadableImage] = []
    measure = partial(_profile, accept_truncated=accept_truncated)
    with (
        (progress or NoProgress()).bar("measuring", len(sources)) as advance,
        ThreadPoolExecutor(workers or usable_cores(), "headstart-profile") as pool,
    ):
        for start in range(0, len(sources), _AT_ONCE):
            for each in pool.map(measure, sources[start : start + _AT_ONCE]):
                found.append(each)
                advance(1)
    return found


def _profile(source: ImageSource, *, accept_truncated: bool) -> ImageProfile | UnreadableImage:
    # The image must be gone before its memory is given back.
    with room():
        try:
            data = source.read()
            with one_image(source.name):
                return profile_of(data, source.name, accept_truncated=accept_truncated)
        except ImageError as error:
            release_locals(error)
            return UnreadableImage(source, error)
