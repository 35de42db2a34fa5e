import json
import math

import numpy as np
import pytest

from headstart.evaluation import Evaluation
from headstart.evaluation.subgroups import subgroups


def _outcomes(right, **how):
    truth = [("cat", "dog")[place % 2] for place in range(len(right))]
    predicted = np.arange(len(right)) % 2 ^ ~np.asarray(right, bool)
    names = list(map(str, range(len(right))))
    found = Evaluation.from_predictions(names, truth, np.eye(2)[predicted], ["cat", "dog"], **how)
    return found.outcomes


RIGHT = [True] * 90 + [False] * 10 + [True] * 60 + [False] * 40
SITES = ["north"] * 100 + [None] * 50 + [math.nan] * 50


def test_the_least_accurate_subgroup_comes_first_and_is_named():
    found = subgroups(_outcomes(RIGHT), 2, "site", SITES)
    assert [(part.value, part.n, part.accuracy) for part in found.subgroups] == [
        ("", 100, 0.6),
        ("north", 100, 0.9),
    ]
    assert found.subgroups[1].interval.low < 0.9 < found.subgroups[1].interval.high
    assert found.subgroups[1].balanced_accuracy == pytest.approx(0.9)
    assert "By site, accuracy differs by more than chance (p < 0.001)" in found.verdict
    assert "60.0 % for no value" in str(found)
    assert "(none)" in str(found)
    assert json.loads(json.dumps(found.to_dict())) == found.to_dict()


def test_differences_by_chance_are_said_to_be_no_more():
    random = np.random.default_rng(0)
    outcomes = _outcomes(random.random(300) < 0.8)
    p_values = [
        subgroups(outcomes, 2, "day", random.permutation(np.arange(300) % 5).tolist()).p_value
        for _ in range(100)
    ]
    assert 0.3 < np.mean(p_values) < 0.7
    found = subgroups(outcomes, 2, "day", (np.arange(300) % 2).tolist())
    assert "no more than by chance" in found.verdict


@pytest.mark.parametrize("how", [{"groups": np.arange(200) // 10}, {"folds": 5}])
def test_groups_and_folds_make_differences_less_certain(how):
    alone = subgroups(_outcomes(RIGHT), 2, "site", SITES)
    less = subgroups(_outcomes(RIGHT, **how), 2, "site", SITES)
    assert less.p_value > alone.p_value
    assert np.diff(less.subgroups[0].interval) > np.diff(alone.subgroups[0].interval)


@pytest.mark.parametrize(("right", "sites"), [(RIGHT, ["one"] * 200), ([True] * 200, SITES)])
def test_without_a_difference_there_is_no_test(right, sites):
    found = subgroups(_outcomes(right), 2, "site", sites)
    assert found.p_value is None
    assert "can't be told" in found.verdict


def test_of_many_subgroups_the_first_are_listed():
    assert "... and 80 more subgroups" in str(
        subgroups(_outcomes(RIGHT), 2, "n", [*range(100)] * 2)
    )
