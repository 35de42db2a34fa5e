"""The profiles of many images, measured on all cores and kept on disk."""

from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from headstart.duplicates.profile import N_KEPT, ImageProfile, profile_of
from headstart.errors import ImageError
from headstart.features.cache import FeatureCache
from headstart.features.store import Space
from headstart.images.cores import usable_cores
from headstart.images.decoding_errors import one_image, release_locals
from headstart.images.in_flight import room
from headstart.images.sources import UnreadableImage, content_hash
from headstart.progress import NoProgress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from headstart.features.cache import CachedFeatures
    from headstart.images.sources import ImageSource
    from headstart.progress import Progress

# Images that are handed to the threads at once.
_AT_ONCE = 1024
#: Raised whenever profiles change.
VERSION = "profile-1"


def profiles(
    sources: Sequence[ImageSource],
    *,
    cache: bool | Path = True,
    workers: int | None = None,
    accept_truncated: bool = False,
    progress: Progress | None = None,
) -> list[ImageProfile | UnreadableImage]:
    """Return the profile of each image, or why it can't be read.

    Parameters
    ----------
    sources : sequence of ImageSource
    cache : bool or Path
        Whether to keep profiles on disk, beside the features and under the same limits, or the
        folder to keep them in. An image that is kept is read and hashed, but not decoded.
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
    # A file that is cut short is readable only where that is accepted.
    accepted = "truncated" if accept_truncated else ""
    space = Space(VERSION, accepted, "f32", "openvino", "profile", (N_KEPT,))
    with contextlib.ExitStack() as stack:
        kept = None
        if cache is not False:
            opened = FeatureCache(None if cache is True else Path(cache)).open(space)
            kept = stack.enter_context(contextlib.closing(opened))
        advance = stack.enter_context((progress or NoProgress()).bar("measuring", len(sources)))
        pool = stack.enter_context(
            ThreadPoolExecutor(workers or usable_cores(), "headstart-profile")
        )
        measure = partial(_profile, kept=kept, accept_truncated=accept_truncated)
        for start in range(0, len(sources), _AT_ONCE):
            for each, is_new in pool.map(measure, sources[start : start + _AT_ONCE]):
                if kept is not None and is_new and isinstance(each, ImageProfile):
                    kept.put(each.content, *each.kept())
                found.append(each)
                advance(1)
    return found


def _profile(
    source: ImageSource, *, kept: CachedFeatures | None, accept_truncated: bool
) -> tuple[ImageProfile | UnreadableImage, bool]:
    """Return the profile of an image, and whether it was measured now."""
    # The image must be gone before its memory is given back.
    with room():
        try:
            data = source.read()
            content = content_hash(data)
            if (known := _known(kept, content, len(data))) is not None:
                return known, False
            with one_image(source.name):
                profile = profile_of(data, source.name, accept_truncated=accept_truncated)
        except ImageError as error:
            release_locals(error)
            return UnreadableImage(source, error), True
        # In the precision of those that are kept, so that both are equal.
        return ImageProfile.of_kept(*profile.kept(), content, len(data)), True


def _known(kept: CachedFeatures | None, content: str, n_bytes: int) -> ImageProfile | None:
    found = None if kept is None else kept.get(content)
    # What another program has kept there counts as absent.
    with contextlib.suppress(ValueError):
        return None if found is None else ImageProfile.of_kept(*found, content, n_bytes)
    return None
