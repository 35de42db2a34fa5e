import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart.data.groups import group_codes, merged
from headstart.errors import UsageError


def test_groups_are_numbered_in_the_order_of_their_first_images():
    assert group_codes(["b", "a", "b"], 3).tolist() == [0, 1, 0]
    assert group_codes(None, 3) is None


def test_an_image_without_a_group_is_its_own():
    names = np.array(["a", None, float("nan"), "a", None], object)
    assert group_codes(names, 5).tolist() == [0, 1, 2, 0, 3]


def test_there_must_be_one_for_each_image():
    with pytest.raises(UsageError, match="3 images and 1 group"):
        group_codes(["a"], 3)
    with pytest.raises(UsageError, match="text or numbers"):
        group_codes([["a"], ["b"]], 2)


def test_what_is_together_in_either_is_together():
    one, other = np.array([0, 0, 1, 2, 3]), np.array([5, 6, 6, 7, 8])
    assert merged(one, other).tolist() == [0, 0, 0, 1, 2]
    assert merged(one, None) is one
    assert merged(None, other) is other


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=30))
def test_it_is_the_finest_such_partition(pairs):
    one, other = np.array(pairs).T
    found = merged(one, other)
    # The same by spreading the smallest number along both until nothing changes.
    spread = np.arange(len(pairs))
    for _ in pairs:
        for groups in (one, other):
            for group in set(groups.tolist()):
                spread[groups == group] = spread[groups == group].min()
    assert found.tolist() == np.unique(spread, return_inverse=True)[1].tolist()
