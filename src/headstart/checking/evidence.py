"""What the checks look at: the images of a dataset, and what was measured on them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from headstart.checking.finding import Suspect
from headstart.duplicates.find import find_duplicates
from headstart.duplicates.profile import ImageProfile
from headstart.heads.logistic import LogisticHead
from headstart.heads.out_of_fold import out_of_fold
from headstart.images.sources import UnreadableImage

if TYPE_CHECKING:
    from collections.abc import Collection, Hashable, Iterable, Sequence
    from typing import Any, Self

    from numpy.typing import NDArray

    from headstart.data.labelled_images import LabelledImages
    from headstart.duplicates.find import Duplicates
    from headstart.heads.out_of_fold import OutOfFold


@dataclass(frozen=True, kw_only=True, eq=False)
class Evidence:
    """The images of a dataset, and what was measured on them.

    Attributes
    ----------
    dataset : LabelledImages
        All images.
    places : ndarray of int64, shape (n,)
        The positions in `dataset` of the images that can be read. What follows has a row for each.
    profiles : sequence of ImageProfile, length n
    duplicates : Duplicates
        Which of them are the same.
    groups : ndarray of int64, shape (n,)
        Images with the same number belong together: copies, and what the user says.
    unreadable : sequence of UnreadableImage
        The other images, in the order of `dataset`.
    features : ndarray of float32, shape (n, n_features), or None
        None where no network was asked.
    out_of_fold : OutOfFold or None
        The probabilities of each image by a head that has not seen its group. None without
        features, or with one class.
    """

    dataset: LabelledImages
    places: NDArray[np.int64]
    profiles: Sequence[ImageProfile]
    duplicates: Duplicates
    groups: NDArray[np.int64]
    unreadable: Sequence[UnreadableImage] = ()
    features: NDArray[np.float32] | None = None
    out_of_fold: OutOfFold | None = None

    @classmethod
    def of(
        cls,
        dataset: LabelledImages,
        measured: Sequence[ImageProfile | UnreadableImage],
        features: NDArray[np.float32] | None,
        *,
        not_duplicates: Collection[tuple[int, int]] = (),
        seed: int = 0,
    ) -> Self:
        """Return the evidence of what was measured: find duplicates, and ask a head out of fold.

        Parameters
        ----------
        dataset : LabelledImages
        measured : sequence of ImageProfile or UnreadableImage
            One for each image.
        features : ndarray of float32, shape (n, n_features), or None
            Of the images that can be read.
        not_duplicates : collection of (int, int)
            Pairs of places in `dataset` that are no copies.
        seed : int
            Seed of the folds.
        """
        places = readable_places(measured)
        rank = {place: number for number, place in enumerate(places.tolist())}
        pairs = {
            (rank[one], rank[other])
            for one, other in not_duplicates
            if one in rank and other in rank
        }
        read = [each for each in measured if isinstance(each, ImageProfile)]
        duplicates = find_duplicates(read, features, not_duplicates=pairs)
        labels = [dataset.labels[place] for place in places]
        groups = duplicates.groups
        found = None
        if features is not None and _enough(labels):
            found = out_of_fold(LogisticHead(), features, labels, groups=groups, seed=seed)
        return cls(
            dataset=dataset,
            places=places,
            profiles=read,
            duplicates=duplicates,
            groups=groups,
            unreadable=[each for each in measured if isinstance(each, UnreadableImage)],
            features=features,
            out_of_fold=found,
        )

    def __len__(self) -> int:
        """Return the number of images that can be read."""
        return len(self.places)

    @cached_property
    def images(self) -> LabelledImages:
        """The images that can be read."""
        return self.dataset.subset(self.places)

    @cached_property
    def codes(self) -> NDArray[np.int64]:
        """The class of each image that can be read, by its place in ``dataset.classes``: (n,)."""
        number = {label: code for code, label in enumerate(self.dataset.classes)}
        return np.array([number[label] for label in self.images.labels], np.int64)

    def split(self, number: int) -> str | None:
        """Return the split of an image that can be read; None where there are no splits."""
        return None if self.images.split is None else self.images.split[number]

    def suspect(self, number: int, why: str, **more: Any) -> Suspect:
        """Return an image that can be read as a part of a finding."""
        images = self.images
        return Suspect(
            source=images.sources[number],
            label=images.labels[number],
            split=self.split(number),
            why=why,
            **more,
        )

    def suspects(self, numbers: Iterable[int], whys: Iterable[str]) -> tuple[Suspect, ...]:
        """Return images that can be read as a part of a finding, each with what was found."""
        return tuple(map(self.suspect, numbers, whys))


def readable_places(measured: Sequence[ImageProfile | UnreadableImage]) -> NDArray[np.int64]:
    """Return the positions of the images that could be measured."""
    return np.flatnonzero([isinstance(each, ImageProfile) for each in measured])


def _enough(labels: Sequence[Hashable]) -> bool:
    """Tell whether two classes have images to train on and to test."""
    return sum(n > 1 for n in Counter(labels).values()) > 1
