"""Find the images of a dataset that are the same."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from headstart.duplicates.candidates import feature_candidates, hash_candidates
from headstart.duplicates.matching import crop_likeness, whole_likeness, worth_a_look

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from numpy.typing import NDArray

    from headstart.duplicates.profile import ImageProfile

#: How an image is a copy of the first one of its group.
Kind = Literal["same file", "same pixels", "near"]

# The least correlation of thumbnails of copies: whole, and of a part with a whole. On the vehicles,
# the pairs that are no copies reach 0.77, and copies fall to 0.97 (whole) and 0.81 (crops).
_WHOLE, _CROP = 0.95, 0.8


@dataclass(frozen=True, slots=True)
class DuplicateGroup:
    """Images that are the same.

    Attributes
    ----------
    members : tuple of int
        Their places. Each was compared with the first one, which represents the group.
    kinds : tuple of {"same file", "same pixels", "near"}
        How each member but the first is a copy of the first; one shorter than `members`.
    """

    members: tuple[int, ...]
    kinds: tuple[Kind, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Duplicates:
    """Which images are the same.

    Attributes
    ----------
    groups : ndarray of int64, shape (n,)
        Images with the same number are the same. An image without a copy has a number of its own.
    found : tuple of DuplicateGroup
        The groups of at least two images, in the order of their first images.
    """

    groups: NDArray[np.int64]
    found: tuple[DuplicateGroup, ...] = ()


def find_duplicates(
    profiles: Sequence[ImageProfile],
    features: NDArray[np.float32] | None = None,
    *,
    not_duplicates: Collection[tuple[int, int]] = (),
    exact_only: bool = False,
) -> Duplicates:
    """Find images that are the same: equal files, equal pixels, and near copies.

    A near copy is the same image in another size, format, colour or orientation, or a part of it.
    Candidates come from a 64-bit hash of the discrete cosine transform in 8 orientations, and from
    the features of a network, if they are given. Each candidate is then laid on the first image of
    its group: copies of copies do not join images that are not alike themselves.

    Parameters
    ----------
    profiles : sequence of ImageProfile, length n
    features : ndarray of float32, shape (n, n_features), optional
        Without them, crops are found only if their hash is near.
    not_duplicates : collection of (int, int)
        Pairs of places, the smaller one first, that are no near copies whatever they look like.
    exact_only : bool
        Whether to leave out near copies.

    Returns
    -------
    Duplicates
    """
    representative = np.arange(len(profiles), dtype=np.int64)
    kinds: dict[int, Kind] = {}
    _join_equal("same file", [each.content for each in profiles], representative, kinds)
    _join_equal("same pixels", [each.pixels for each in profiles], representative, kinds)
    if not exact_only:
        pairs = _candidates(profiles, features, representative)
        _join_near(profiles, pairs, set(not_duplicates), representative, kinds)
    return _grouped(representative, kinds)


def _join_equal(
    kind: Kind, values: Iterable[str], representative: NDArray[np.int64], kinds: dict[int, Kind]
) -> None:
    first: dict[str, int] = {}
    for place, value in enumerate(values):
        one = first.setdefault(value, place)
        if one != place and place not in kinds:
            representative[place] = representative[one]
            kinds[place] = kind


def _candidates(
    profiles: Sequence[ImageProfile],
    features: NDArray[np.float32] | None,
    representative: NDArray[np.int64],
) -> set[tuple[int, int]]:
    """Return pairs of representatives that may be near copies."""
    alone = np.flatnonzero(representative == np.arange(len(representative)))
    if len(alone) < 2:
        return set()
    thumbnails = [profiles[place].thumbnail for place in alone.tolist()]
    near = set(hash_candidates(thumbnails))
    whole = {
        (one, other)
        for one, other in near
        if whole_likeness(thumbnails[one], thumbnails[other]) > _WHOLE
    }
    if features is not None:
        near.update(feature_candidates(features[alone]))
    pairs = whole.union(worth_a_look(thumbnails, near - whole))
    return {(int(alone[one]), int(alone[other])) for one, other in pairs}


def _join_near(
    profiles: Sequence[ImageProfile],
    pairs: Iterable[tuple[int, int]],
    excluded: set[tuple[int, int]],
    representative: NDArray[np.int64],
    kinds: dict[int, Kind],
) -> None:
    """Join each image to the likest representative before it."""
    before: dict[int, list[int]] = defaultdict(list)
    for one, other in pairs:
        before[other].append(one)
    moved: dict[int, int] = {}
    for place in sorted(before):
        # One that was joined itself stands for its group only if the image is like the first there.
        firsts = {moved.get(one, one) for one in before[place]}
        allowed = (first for first in firsts if (first, place) not in excluded)
        compared = [(_likeness(profiles[one], profiles[place]), -one) for one in allowed]
        likeness, first = max(compared, default=(0.0, 0))
        if likeness > 0:
            moved[place] = -first
            kinds[place] = "near"
    for place, first in moved.items():
        representative[representative == place] = first


def _likeness(one: ImageProfile, other: ImageProfile) -> float:
    """Return how far two images are above the threshold of copies; below 0 if they are none."""
    whole = whole_likeness(one.thumbnail, other.thumbnail) - _WHOLE
    return whole if whole > 0 else crop_likeness(one.thumbnail, other.thumbnail) - _CROP


def _grouped(representative: NDArray[np.int64], kinds: dict[int, Kind]) -> Duplicates:
    members: dict[int, list[int]] = defaultdict(list)
    for place in np.flatnonzero(representative != np.arange(len(representative))).tolist():
        members[int(representative[place])].append(place)
    found = (
        DuplicateGroup((first, *others), tuple(kinds[place] for place in others))
        for first, others in sorted(members.items())
    )
    return Duplicates(representative, tuple(found))
