import numpy as np
import pytest

from headstart.evaluation.outcomes import Outcomes


@pytest.mark.parametrize(("groups", "n_groups"), [(None, None), (np.array([7, 7, 9]), 2)])
def test_right_images_and_groups_are_counted(groups, n_groups):
    probabilities = np.float32([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]])
    outcomes = Outcomes(
        ("a", "b", "c"), np.array([0, 0, 1]), np.array([0, 1, 0]), probabilities, groups
    )
    np.testing.assert_array_equal(outcomes.right, [True, False, False])
    assert outcomes.n_groups == n_groups
