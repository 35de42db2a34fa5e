"""When a prediction is unsure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from headstart.arguments import check_fields
from headstart.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class UnsureRule:
    """Says of which images a predictor is unsure.

    Parameters
    ----------
    below : float, optional
        Mark an image as unsure if its best probability is less than this, from 0 to 1. The default
        is to mark none.

    Raises
    ------
    UsageError
        `below` is no number, or out of range.

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

    def __post_init__(self) -> None:
        """Check the type and the range."""
        check_fields(self)
        if self.below is not None and not 0 < self.below <= 1:
            raise UsageError(
                f"below must be a probability above 0 and up to 1. Received: {self.below}."
            )

    def holds(self, probabilities: NDArray[np.float32]) -> bool:
        """Tell whether an image with these probabilities, shape (n_classes,), is unsure."""
        return self.below is not None and bool(probabilities.max() < self.below)
