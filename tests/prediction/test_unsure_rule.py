"""Images of which a predictor is unsure."""

import numpy as np
import pytest

from headstart.errors import UsageError
from headstart.prediction.unsure_rule import UnsureRule


def test_an_image_is_unsure_below_the_probability_and_not_at_it():
    probabilities = np.array([0.25, 0.75], np.float32)
    assert [UnsureRule(below).holds(probabilities) for below in (0.7, 0.75, 0.76, 1, None)] == [
        False,
        False,
        True,
        True,
        False,
    ]


@pytest.mark.parametrize("below", [0, -0.1, 1.01, float("nan")])
def test_what_is_no_probability_is_refused(below):
    with pytest.raises(UsageError, match="below must be a "):
        UnsureRule(below)
