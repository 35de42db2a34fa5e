"""What a model was trained on, as its folder and its card tell it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence


@dataclass(frozen=True, slots=True)
class TrainingData:
    """What a model was trained on.

    Attributes
    ----------
    counts : tuple of int
        TrainingData pictures of each class, in the order of the classes.
    n_broken : int
        Pictures that were set aside because they could not be read.
    fine_tuned : str
        What of the network learnt from them, too: "from block_16_expand on", for example. Empty if
        it was left as it was.
    """

    counts: tuple[int, ...]
    n_broken: int = 0
    fine_tuned: str = ""

    @classmethod
    def on(
        cls, labels: Sequence[Hashable], classes: Sequence[Hashable], n_broken: int
    ) -> TrainingData:
        """Count the labels of the training pictures."""
        counted = Counter(labels)
        return cls(tuple(counted[label] for label in classes), n_broken)

    @property
    def n_images(self) -> int:
        """Pictures in all."""
        return sum(self.counts)
