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


def test_some_of_the_images_are_chosen():
    outcomes = Outcomes(
        ("a", "b", "c"),
        np.array([0, 0, 1]),
        np.array([0, 1, 1]),
        np.float32([[0.9, 0.1], [0.2, 0.8], [0.4, 0.6]]),
        np.array([7, 8, 9]),
        learnt_from=np.array([True, False, True]),
    )
    found = outcomes.chosen(np.array([2, 0]))
    assert found.names == ("c", "a")
    assert (found.truth.tolist(), found.predicted.tolist()) == ([1, 0], [1, 0])
    assert (found.groups.tolist(), found.n_learnt_from) == ([9, 7], 2)
    np.testing.assert_array_equal(found.probabilities, outcomes.probabilities[[2, 0]])
    (only,) = outcomes.chosen(~outcomes.learnt_from).names
    assert only == "b"


def test_without_groups_and_what_was_learnt_from_there_are_none_of_some_images_either():
    outcomes = Outcomes(("a",), np.array([0]), np.array([0]), np.float32([[1, 0]]))
    found = outcomes.chosen(np.array([0]))
    assert (found.groups, found.learnt_from, found.n_learnt_from) == (None, None, None)
