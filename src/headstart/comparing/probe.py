"""One network with one resize rule, judged on more and more images."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from headstart.comparing.candidates import Candidate
from headstart.comparing.standing import Standing, judge

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from numpy.typing import NDArray

    from headstart.features.extractor import FeatureExtractor
    from headstart.heads.settings import HeadName
    from headstart.images.resize_rules import Rule
    from headstart.images.sources import ImageSource
    from headstart.progress import Progress

    Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """The images that a comparison is made on, in the order in which it takes them.

    Attributes
    ----------
    sources : sequence of ImageSource, length n
    labels : sequence of hashable, length n
    groups : ndarray of int64, shape (n,), or None
        Images of a group are in one fold.
    seed : int
        The seed of the folds.
    """

    sources: Sequence[ImageSource]
    labels: Sequence[Hashable]
    groups: Ints | None
    seed: int


@dataclass(slots=True, eq=False)
class Probe:
    """A network with a resize rule, the heads that are still in question, and the features so far.

    Attributes
    ----------
    extractor : FeatureExtractor
    rule : {"crop", "squash", "pad", "keras"}
        Its resize rule.
    sample : Sample
    heads : tuple of str
    seconds : float
        What the network takes for an image, first as it was timed alone, then with reading.
    """

    extractor: FeatureExtractor
    rule: Rule
    sample: Sample
    heads: tuple[HeadName, ...]
    seconds: float
    _asked: int = 0
    _features: list[NDArray[np.float32]] = field(default_factory=list)
    _read: list[Ints] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The network and the resize rule in words."""
        return f"{self.extractor.network.name}, resize {self.rule!r}"

    def cost(self, size: int) -> float:
        """Return the seconds that the features of the first `size` images still take, about."""
        return self.seconds * max(0, size - self._asked)

    def judged(self, size: int, progress: Progress | None = None) -> list[Standing]:
        """Return how each head does on the first `size` images, as far as they can be read."""
        self._extend(size, progress)
        rows = np.concatenate(self._read)
        labels = [self.sample.labels[row] for row in rows]
        groups = None if self.sample.groups is None else self.sample.groups[rows]
        return [
            judge(
                Candidate(self.extractor.network.name, self.rule, head),
                self.features,
                labels,
                rows,
                groups=groups,
                seed=self.sample.seed,
            )
            for head in self.heads
        ]

    @property
    def features(self) -> NDArray[np.float32]:
        """The features (n, n_features) of the images that could be read so far."""
        return np.concatenate(self._features)

    @property
    def unreadable(self) -> int:
        """How many images could not be read so far."""
        return self._asked - sum(map(len, self._read))

    def keep_heads(self, heads: Sequence[HeadName]) -> None:
        """Ask only about these heads from now on."""
        self.heads = tuple(heads)

    def does_the_same(self, other: Probe) -> bool:
        """Tell whether the features are those of another: square images need no padding."""
        return np.array_equal(self.features, other.features)

    def _extend(self, size: int, progress: Progress | None) -> None:
        sources = self.sample.sources[self._asked : size]
        if not sources:
            return
        began = time.perf_counter()
        found = self.extractor.extract_all(sources, skip_unreadable=True, progress=progress)
        self.seconds = (time.perf_counter() - began) / len(sources)
        self._features.append(found.features)
        self._read.append(found.places + self._asked)
        self._asked += len(sources)
