import numpy as np
import pytest

from headstart.errors import UsageError
from headstart.prediction.hierarchy import Hierarchy

PARENTS = {"cat": "animal", "dog": "animal", "animal": "thing", "lorry": "vehicle"}
CLASSES = ("cat", "dog", "lorry", "tree")


def rows(*probabilities):
    return np.array(probabilities, np.float32)


def test_parents_of_parents_count_the_classes_below():
    found = Hierarchy.of(PARENTS, CLASSES)
    assert found.names == ("vehicle", "animal", "thing")
    assert found.members.tolist() == [
        [False, False, True, False],
        [True, True, False, False],
        [True, True, False, False],
    ]


def test_the_smallest_parent_that_is_probable_enough_answers():
    found = Hierarchy.of(PARENTS, CLASSES)
    assert found.parent(rows(0.5, 0.45, 0.05, 0), 0.9) == "animal"
    assert found.parent(rows(0.5, 0.45, 0.05, 0), 0.96) is None
    assert found.parent(rows(0.1, 0, 0, 0.9), 0.05) is None


@pytest.mark.parametrize(
    "parents",
    [{}, {"bird": "animal"}, {"cat": "dog"}, {"cat": "cat"}, {"cat": "a", "a": "b", "b": "a"}],
)
def test_what_is_no_hierarchy_of_the_classes_is_refused(parents):
    with pytest.raises(UsageError, match=r"parent"):
        Hierarchy.of(parents, CLASSES)


def test_it_is_the_same_after_a_journey_through_arrays():
    found = Hierarchy.of(PARENTS, CLASSES)
    again = Hierarchy.from_arrays(found.arrays())
    assert again.names == found.names
    np.testing.assert_array_equal(again.members, found.members)


def test_arrays_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="a row for each parent"):
        Hierarchy.from_arrays({"names": np.array(["a"]), "members": np.ones((2, 3), bool)})
