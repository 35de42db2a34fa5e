from typing import get_args

from headstart.prediction.conformal import SCORES
from headstart.prediction.set_method import SetMethod


def test_each_name_has_its_scores():
    assert set(get_args(SetMethod)) == set(SCORES)
