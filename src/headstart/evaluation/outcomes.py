"""What a classifier gave for each image: what all figures of an `Evaluation` are computed from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from headstart.evaluation.metrics import Counts

    Probabilities = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Outcomes:
    """What a classifier gave for each image, and its true class.

    Attributes
    ----------
    names : tuple of str, length n
        What reports call each image.
    truth, predicted : int64 arrays, shape (n,)
        The true and the predicted class: places in the evaluation's ``classes``.
    probabilities : float32 array, shape (n, n_classes)
        In [0, 1].
    groups : int64 array, shape (n,), or None
        Images with the same number are not independent, such as those of one patient.
    folds : int or None
        The number of folds, where the images were cross-validated.
    learnt_from : bool array, shape (n,), or None
        Whether the classifier has learnt from each image; None where that is not known.
    """

    names: tuple[str, ...]
    truth: Counts
    predicted: Counts
    probabilities: Probabilities
    groups: Counts | None = None
    folds: int | None = None
    learnt_from: npt.NDArray[np.bool_] | None = None

    @property
    def right(self) -> npt.NDArray[np.bool_]:
        """Whether each image was predicted right: bool, shape (n,)."""
        return self.truth == self.predicted

    def chosen(self, places: npt.NDArray[np.integer | np.bool_]) -> Self:
        """Return the outcomes of some of the images."""
        numbers = np.arange(len(self.names))[places]
        return replace(
            self,
            names=tuple(self.names[number] for number in numbers),
            truth=self.truth[numbers],
            predicted=self.predicted[numbers],
            probabilities=self.probabilities[numbers],
            groups=None if self.groups is None else self.groups[numbers],
            learnt_from=None if self.learnt_from is None else self.learnt_from[numbers],
        )

    @property
    def n_groups(self) -> int | None:
        """The number of groups; None where images form none."""
        return None if self.groups is None else len(np.unique(self.groups))

    @property
    def n_learnt_from(self) -> int | None:
        """From how many images the classifier has learnt; None where that is not known."""
        return None if self.learnt_from is None else int(self.learnt_from.sum())
