"""How often two lists of labels agree, whatever kind the labels are of."""

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np

from headstart.errors import UsageError


def agreement(
    found: Sequence[Hashable],
    truth: Sequence[Hashable],
    weights: Any = None,  # noqa: ANN401 - array-like
) -> float:
    """Return the share of equal pairs, between 0 and 1, each counting its weight.

    Raises
    ------
    UsageError
        If there is nothing to compare, or the lists differ in length.
    """
    if len(found) != len(truth) or not len(found):
        raise UsageError(
            "There must be one label for each image, and at least one image. "
            f"Received: {len(found)} images and {len(truth)} labels."
        )
    equal = [one == other for one, other in zip(found, truth, strict=True)]
    return float(np.average(equal, weights=weights))
