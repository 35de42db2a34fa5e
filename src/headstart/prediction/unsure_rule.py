"""When a prediction is unsure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from headstart.arguments import check_fields
from headstart.errors import UsageError
from headstart.prediction.set_method import SetMethod  # noqa: TC001 - read by check_fields

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from headstart.prediction.decision import Decision


class Verdict(NamedTuple):
    """What a rule says about one image; see `headstart.Answer`."""

    prediction_set: tuple[Hashable, ...] | None = None
    unsure: bool = False
    unlike: bool = False
    parent: str | None = None


@dataclass(frozen=True, slots=True)
class UnsureRule:
    """Says of which images a predictor is unsure.

    A saved model is unsure of an image that may show several classes (its prediction set has more
    than one), and of one that is unlike the images that it was trained on.

    Parameters
    ----------
    below : float, optional
        Mark an image as unsure if its best probability is less than this, from 0 to 1. The default
        is to mark none for that.
    error_target : float, optional
        How often the prediction set of an image may lack the true class, between 0 and 1. The
        default is what the model was trained with.
    sets : {"lac", "raps"}, default="lac"
        How prediction sets are made. "lac" gives the smallest sets. "raps" gives larger ones to
        images that are more difficult.

    Raises
    ------
    UsageError
        A number is out of its range.

    Examples
    --------
    >>> import headstart as hs
    >>> predictor = hs.load("my-model/").predictor               # doctest: +SKIP
    >>> predictor = predictor.with_rule(hs.UnsureRule(0.8))      # doctest: +SKIP
    >>> images = hs.find_images(["photos/"]).sources             # doctest: +SKIP
    >>> [a.path for a in predictor.stream(images) if a.unsure]   # doctest: +SKIP
    ['photos/12.jpg']
    """

    below: float | None = None
    error_target: float | None = None
    sets: SetMethod = "lac"

    def __post_init__(self) -> None:
        """Check the types and the ranges."""
        check_fields(self)
        if self.below is not None and not 0 < self.below <= 1:
            raise UsageError(
                f"below must be a probability above 0 and up to 1. Received: {self.below}."
            )
        if self.error_target is not None and not 0 < self.error_target < 1:
            raise UsageError(
                f"error_target must be between 0 and 1. Received: {self.error_target}."
            )

    def holds(self, probabilities: NDArray[np.float32]) -> bool:
        """Tell whether the best of the probabilities, shape (n_classes,), is below the limit."""
        return self.below is not None and bool(probabilities.max() < self.below)

    def verdict(
        self,
        decision: Decision | None,
        labels: Sequence[Hashable],
        features: NDArray[np.float32],
        probabilities: NDArray[np.float32],
    ) -> Verdict:
        """Say which classes an image may show, and whether the model is unsure of it.

        Parameters
        ----------
        decision : Decision or None
            The fitted rule of the model.
        labels : sequence of hashable, length n_classes
        features : ndarray of float32, shape (d,)
        probabilities : ndarray of float32, shape (n_classes,)
        """
        if decision is None:
            return Verdict(unsure=self.holds(probabilities))
        places = decision.likely(probabilities, self.error_target, self.sets)
        likely = None if places is None else tuple(labels[place] for place in places)
        unlike = bool(decision.unlike(features[None])[0])
        several = likely is not None and len(likely) > 1
        parent = None
        if several and not unlike and decision.hierarchy is not None:
            error = decision.error_target if self.error_target is None else self.error_target
            parent = decision.hierarchy.parent(probabilities, 1 - error)
        return Verdict(likely, several or unlike or self.holds(probabilities), unlike, parent)
