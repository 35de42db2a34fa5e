"""How often predicted and true labels agree, for labels of any kind."""

from collections.abc import Hashable, Sequence

import numpy as np

from headstart.errors import UsageError


def agreement(
    predicted: Sequence[Hashable],
    truth: Sequence[Hashable],
    weights: Sequence[float] | None = None,
) -> float:
    """Return the share of equal pairs, from 0 to 1. Each pair counts by its weight.

    Raises
    ------
    UsageError
        If the lists are empty, or differ in length.
    """
    if len(predicted) != len(truth) or not len(predicted):
        raise UsageError(
            "There must be one label for each image, and at least one image. "
            f"Received: {len(predicted)} images and {len(truth)} labels."
        )
    equal = [one == other for one, other in zip(predicted, truth, strict=True)]
    return float(np.average(equal, weights=weights))
