import numpy as np
import pytest

from headstart.errors import UsageError
from headstart.prediction.decision import Decision
from headstart.prediction.hierarchy import Hierarchy
from headstart.prediction.novelty import Novelty

SCORES = np.arange(1, 40) / 40
EXAMPLES = np.eye(4, dtype=np.float32)


def decision(**settings):
    return Decision(0.1, {"lac": SCORES, "raps": SCORES}, **settings)


def rows(*probabilities):
    return np.array(probabilities, np.float32)


def test_every_class_that_is_probable_enough_is_in_the_set():
    # 36 of 39 scores: a class may have a score of 0.9, which is a probability of 0.1.
    found = decision().sets(rows([0.7, 0.2, 0.09, 0.01], [0.97, 0.01, 0.01, 0.01]))
    assert found.tolist() == [[True, True, False, False], [True, False, False, False]]


def test_a_set_is_never_empty_unless_that_is_asked_for():
    probabilities = rows([0.3, 0.4, 0.3])
    assert decision().sets(probabilities, 0.9).tolist() == [[False, True, False]]
    assert not decision().sets(probabilities, 0.9, best=False).any()


def test_too_few_images_say_nothing_and_that_is_told():
    assert decision().sets(rows([0.5, 0.5]), 0.02) is None
    decision().check_error(0.025)
    with pytest.raises(UsageError, match=r"must be at least 0\.025 .* takes 49 images"):
        decision().check_error(0.02)


def test_features_far_from_the_examples_are_unlike():
    found = decision(novelty=Novelty(EXAMPLES[[0, 0, 0]], 0.5))
    assert found.unlike(EXAMPLES).tolist() == [False, True, True, True]
    assert not decision().unlike(EXAMPLES).any()


@pytest.mark.parametrize("whole", [True, False])
def test_it_is_the_same_after_a_journey_through_arrays(whole):
    parts = {
        "novelty": Novelty(EXAMPLES, 0.5),
        "hierarchy": Hierarchy.of({"a": "b"}, ["a", "c", "d"]),
    }
    found = decision(**parts if whole else {})
    again = Decision.from_arrays(found.arrays(), (4, 3))
    assert again.error_target == 0.1
    np.testing.assert_array_equal(again.scores["raps"], SCORES)
    assert (again.novelty is None) == (again.hierarchy is None) == (not whole)


@pytest.mark.parametrize(
    "change",
    [
        {"error_target": np.array(0.0)},
        {"error_target": np.array([0.1, 0.2])},
        {"scores_lac": SCORES[::-1]},
        {"scores_lac": np.ones((2, 2))},
        {"novelty_threshold": np.array(0.5)},
        {"hierarchy_names": np.array(["a"]), "hierarchy_members": np.ones((1, 2), bool)},
    ],
)
def test_damaged_arrays_are_refused(change):
    with pytest.raises((KeyError, ValueError)):
        Decision.from_arrays({**decision().arrays(), **change}, (4, 3))
