import pytest

from headstart.errors import UsageError
from headstart.prediction.accuracy import agreement


def test_the_share_of_equal_labels():
    assert agreement(["a", "b", "c", "d"], ["a", "b", "c", "x"]) == 0.75
    assert agreement([1, True, "1"], [1, True, 1]) == pytest.approx(2 / 3)


def test_each_pair_counts_by_its_weight():
    assert agreement(["a", "b"], ["a", "x"], [3, 1]) == 0.75


@pytest.mark.parametrize(("predicted", "truth"), [([], []), (["a"], ["a", "b"])])
def test_lists_must_be_as_long_as_each_other_and_not_empty(predicted, truth):
    with pytest.raises(UsageError, match=f"{len(predicted)} images and {len(truth)} labels"):
        agreement(predicted, truth)
