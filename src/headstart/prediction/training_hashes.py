"""Short hashes of the images that a model learnt from: they tell these images from new ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from headstart.prediction.scoring import Arrays

# 64 of the 128 bits: a million images and a million new ones meet by chance once in 18 million
# such pairs of datasets.
_DIGITS = 16
#: How many a model may carry: 80 MB.
MOST = 10_000_000


@dataclass(frozen=True, slots=True, eq=False)
class TrainingHashes:
    """The first 64 bits of the content hash of each image that a model learnt from.

    Files are recognised by their bytes, under any name and in any archive. An image that was
    written anew, such as in another format or size, is not recognised.

    Attributes
    ----------
    hashes : ndarray of uint64, shape (n,)
        Ascending and different, so that their order tells nothing.
    """

    hashes: NDArray[np.uint64]

    @classmethod
    def of(cls, contents: Iterable[str]) -> Self:
        """Return the hashes of images whose content has these hashes: see `content_hash`."""
        return cls(np.unique(np.fromiter(map(_short, contents), np.uint64)))

    def has(self, content: str) -> bool:
        """Tell whether the model learnt from an image, by the hash of its content."""
        short = np.uint64(_short(content))
        place = int(np.searchsorted(self.hashes, short))
        return place < len(self.hashes) and bool(self.hashes[place] == short)

    def arrays(self) -> Arrays:
        """Return the array from which `from_arrays` makes the same hashes."""
        return {"hashes": self.hashes}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """Make hashes from what `arrays` returned.

        Raises
        ------
        KeyError, ValueError
            If the array is missing, or is anything else.
        """
        hashes = arrays["hashes"]
        if hashes.dtype != np.uint64 or hashes.ndim != 1 or not (hashes[:-1] < hashes[1:]).all():
            raise ValueError("hashes of training images must be ascending numbers of 64 bits")
        return cls(hashes)


def _short(content: str) -> int:
    return int(content[:_DIGITS], 16)
