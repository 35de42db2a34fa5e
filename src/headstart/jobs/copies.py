"""Which images of a job are not independent: copies of each other, and the user's own groups."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from headstart.data.groups import group_codes, merged
from headstart.display.text import counted
from headstart.duplicates.find import find_duplicates
from headstart.duplicates.profile import THUMBNAIL, ImageProfile
from headstart.duplicates.profiling import profiles
from headstart.errors import ImageError
from headstart.images.exif import Exif, read_exif
from headstart.images.sources import content_hash
from headstart.jobs.bursts import USUAL, bursts, bursts_in_words

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from numpy.typing import NDArray

    from headstart.images.sources import ImageSource, UnreadableImage
    from headstart.progress import Progress

    Ints = NDArray[np.int64]

# All pairs of images are compared, and each image is decoded once more.
_NEAR_AT_MOST = 10_000


@dataclass(frozen=True, slots=True)
class Independence:
    """The groups of images that stay on one side of every split.

    Attributes
    ----------
    groups : ndarray of int64, shape (n,), or None
        Images with the same number belong together; None if each image is on its own.
    found : tuple of str
        What was found, in sentences.
    """

    groups: Ints | None
    found: tuple[str, ...]

    @classmethod
    def of(
        cls,
        sources: Sequence[ImageSource],
        own: Sequence[Hashable] | None,
        labels: Sequence[Hashable],
        *,
        seconds: float | None,
        quick: bool,
        reading: Mapping[str, Any],
        progress: Progress,
    ) -> Self:
        """Look for copies and bursts among images, and merge them with the user's own groups.

        Parameters
        ----------
        sources : sequence of ImageSource, length n
        own : sequence of hashable, length n, or None
            The user's group of each image.
        labels : sequence of hashable, length n
            The label of each image: copies under two labels are told.
        seconds : float or None
            See `bursts`. None joins none of them, but tells of those there are.
        quick : bool
            Whether to find equal files only.
        reading : mapping
            How images are read and profiles kept: see `profiles`.
        progress : Progress
        """
        taken: list[Exif] = []
        if quick or len(sources) > _NEAR_AT_MOST:
            searched = "equal files only"
            copies = _equal_files(sources, progress)
            if seconds is not None:
                taken = [read_exif(source) for source in sources]
        else:
            searched = "equal files, equal pixels and near copies"
            measured = profiles(sources, **reading, progress=progress)
            copies = _copies(measured)
            taken = [_exif(each) for each in measured]
        together = bursts(taken, USUAL if seconds is None else seconds)
        groups = merged(group_codes(own, len(sources)), copies)
        return cls(
            groups if seconds is None else merged(groups, together),
            (
                _copies_in_words(copies, searched),
                bursts_in_words(together, taken, seconds),
                _labels_in_words(copies, labels),
            ),
        )


def _copies_in_words(copies: Ints | None, searched: str) -> str:
    if copies is None:
        return ""
    n_copies = len(copies) - len(np.unique(copies))
    what = (
        "1 image is a copy of another one: it stays"
        if n_copies == 1
        else f"{n_copies:,} images are copies of others: they stay"
    )
    return f"{what} on the same side of every split that headstart makes (searched: {searched})."


def _labels_in_words(copies: Ints | None, labels: Sequence[Hashable]) -> str:
    """Say of how many groups of copies the labels differ; "" if of none."""
    if copies is None:
        return ""
    seen: dict[int, set[str]] = {}
    for group, label in zip(copies.tolist(), labels, strict=True):
        # Labels of a given test set may be written in another way, such as "0" and 0.
        seen.setdefault(group, set()).add(str(label))
    differ = sum(len(different) > 1 for different in seen.values())
    if not differ:
        return ""
    what = "1 group of copies has" if differ == 1 else f"{differ:,} groups of copies have"
    return f"{what} more than one label, so some labels are wrong: headstart check shows them."


def crossing(groups: Ints | None, n_training: int) -> Ints:
    """Return which tested images are in a group with a training image.

    Parameters
    ----------
    groups : ndarray of int64, shape (n,), or None
        Of the training images, and after them of the tested ones.
    n_training : int

    Returns
    -------
    ndarray of int64
        Places among the tested images, sorted.
    """
    if groups is None:
        return np.empty(0, np.int64)
    return np.flatnonzero(np.isin(groups[n_training:], groups[:n_training]))


def shared_in_words(n: int, n_tested: int) -> str:
    """Return a sentence about tested images that a training image shares a group with."""
    return (
        f"{n:,} of the {counted(n_tested, 'test image')} {'are' if n > 1 else 'is'} no fair test: "
        "a training image is a copy of it, or in its group."
    )


def _exif(measured: ImageProfile | UnreadableImage) -> Exif:
    return Exif(measured.taken, measured.camera) if isinstance(measured, ImageProfile) else Exif()


def _copies(measured: Sequence[ImageProfile | UnreadableImage]) -> Ints | None:
    known = {place: each for place, each in enumerate(measured) if isinstance(each, ImageProfile)}
    detailed = {place: each for place, each in known.items() if _has_detail(each)}
    equal = _joined(known, len(measured), exact_only=True)
    return _or_none(merged(equal, _joined(detailed, len(measured), exact_only=False)))


def _has_detail(profile: ImageProfile) -> bool:
    """Tell whether an image is large enough to be told from one that is only alike."""
    return min(profile.width, profile.height) >= THUMBNAIL


def _joined(profiles_at: dict[int, ImageProfile], n_images: int, *, exact_only: bool) -> Ints:
    """Return the group of each of all images (n_images,), of which some have a profile."""
    groups = np.arange(n_images, dtype=np.int64)
    if profiles_at:
        places = np.array(list(profiles_at))
        found = find_duplicates(list(profiles_at.values()), exact_only=exact_only)
        groups[places] = places[found.groups]
    return groups


def _equal_files(sources: Sequence[ImageSource], progress: Progress) -> Ints | None:
    names: list[str | None] = []
    with progress.bar("looking for copies", len(sources)) as advance:
        for source in sources:
            try:
                names.append(content_hash(source.read()))
            except ImageError:
                names.append(None)  # training says why it can't be read
            advance(1)
    return _or_none(group_codes(names, len(sources)))


def _or_none(groups: Ints | None) -> Ints | None:
    """Return the groups; None if no image shares one."""
    if groups is None or max(Counter(groups.tolist()).values(), default=0) < 2:
        return None
    return groups
