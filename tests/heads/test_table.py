import pytest

from headstart.errors import UsageError
from headstart.heads.ridge import RidgeHead
from headstart.heads.table import get_head, head_name


def test_a_head_is_found_by_its_name():
    assert get_head("ridge") is RidgeHead
    assert head_name(RidgeHead()) == "ridge"


def test_an_unknown_name_is_refused():
    with pytest.raises(UsageError, match=r"logistic, ridge, nearest_mean, knn.*'forest'"):
        get_head("forest")


def test_a_users_own_head_has_the_name_of_its_class():
    class Forest(RidgeHead):
        pass

    assert head_name(Forest()) == "Forest"
