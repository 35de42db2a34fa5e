"""When a model answers: the rule that was fitted on images that it did not learn from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from headstart.errors import UsageError
from headstart.prediction.conformal import SCORES, conformal_threshold, fewest_images
from headstart.prediction.hierarchy import Hierarchy
from headstart.prediction.novelty import Novelty

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from headstart.prediction.set_method import SetMethod

    Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True, slots=True, eq=False)
class Decision:
    """The fitted rule of a model: what else an image may show, and what it is unlike.

    Attributes
    ----------
    error_target : float
        How often a prediction set may lack the true class, where the user asks for nothing else.
    scores : dict of str to ndarray of float64, shape (n,)
        For each method of `SCORES`, the scores of the true classes of images that the model did
        not learn from, sorted.
    novelty : Novelty or None
        Says whether features are unlike those of the training images.
    hierarchy : Hierarchy or None
        The parents of the classes.
    """

    error_target: float
    scores: Mapping[SetMethod, NDArray[np.float64]]
    novelty: Novelty | None = None
    hierarchy: Hierarchy | None = None

    def __post_init__(self) -> None:
        """Check what may come from a damaged file."""
        if not 0 < self.error_target < 1:
            raise ValueError(f"error_target must be between 0 and 1: {self.error_target}")
        for method in SCORES:
            scores = self.scores[method]
            if scores.ndim != 1 or (np.diff(scores) < 0).any():
                raise ValueError(f"the scores of {method} must be sorted: {scores.shape}")

    @property
    def n_images(self) -> int:
        """The number of images that the prediction sets were fitted on."""
        return len(self.scores["lac"])

    def check_error(self, error: float) -> None:
        """Refuse an error target for which there are too few images.

        Raises
        ------
        UsageError
        """
        if self.n_images < (needed := fewest_images(error)):
            raise UsageError(
                f"error_target must be at least {1 / (self.n_images + 1):.3f} for this model. "
                f"Received: {error:g}, which takes {needed:,} images that are not trained on; this "
                f"model was fitted with {self.n_images:,}."
            )

    def sets(
        self,
        probabilities: NDArray[np.float32],
        error: float | None = None,
        method: SetMethod = "lac",
        *,
        best: bool = True,
    ) -> NDArray[np.bool_] | None:
        """Return which classes are in the prediction set of each image.

        Parameters
        ----------
        probabilities : ndarray of float32, shape (n, k)
        error : float, optional
            How often a set may lack the true class. The default is the error target of the model.
        method : {"lac", "raps"}
        best : bool
            Whether the most probable class is always in the set. A model that errs less often than
            it may would have empty sets otherwise.

        Returns
        -------
        ndarray of bool, shape (n, k), or None
            None if there are too few images to say anything for that error.
        """
        error = self.error_target if error is None else error
        if self.n_images < fewest_images(error):
            return None
        found = SCORES[method](probabilities) <= conformal_threshold(self.scores[method], error)
        if best:
            found[np.arange(len(found)), probabilities.argmax(axis=1)] = True
        return found

    def likely(
        self,
        probabilities: NDArray[np.float32],
        error: float | None = None,
        method: SetMethod = "lac",
    ) -> list[int] | None:
        """Return the classes in the set of one image, the most probable first; see `sets`."""
        found = self.sets(probabilities[None], error, method)
        if found is None:
            return None
        order = np.argsort(-probabilities, kind="stable")
        return order[found[0][order]].tolist()

    def unlike(self, features: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Tell which images (n,) are unlike the training images by their features (n, d)."""
        if self.novelty is None:
            return np.zeros(len(features), bool)
        return self.novelty.distances(features) > self.novelty.threshold

    def arrays(self) -> Arrays:
        """Return the arrays from which `from_arrays` makes the same rule."""
        found: Arrays = {"error_target": np.array(self.error_target)}
        found |= {f"scores_{method}": self.scores[method] for method in SCORES}
        for name in ("novelty", "hierarchy"):
            part = getattr(self, name)
            if part is not None:
                found |= {f"{name}_{key}": value for key, value in part.arrays().items()}
        return found

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], shape: tuple[int, int]) -> Self:
        """Make a rule from what `arrays` returned.

        Parameters
        ----------
        arrays : mapping of str to ndarray
        shape : tuple of int
            The number of features and of classes of the model.

        Raises
        ------
        KeyError, TypeError, ValueError
            If `arrays` did not return that.
        """
        novelty, hierarchy = _those(arrays, "novelty"), _those(arrays, "hierarchy")
        found = cls(
            float(arrays["error_target"].item()),
            {method: arrays[f"scores_{method}"] for method in SCORES},
            Novelty.from_arrays(novelty) if novelty else None,
            Hierarchy.from_arrays(hierarchy) if hierarchy else None,
        )
        sizes = (
            found.novelty.n_features if found.novelty else shape[0],
            found.hierarchy.members.shape[1] if found.hierarchy else shape[1],
        )
        if sizes != shape:
            raise ValueError(f"a decision rule of shape {sizes} for a model of shape {shape}")
        return found


def _those(arrays: Mapping[str, NDArray[Any]], part: str) -> Arrays:
    begin = f"{part}_"
    return {
        name.removeprefix(begin): array for name, array in arrays.items() if name.startswith(begin)
    }
