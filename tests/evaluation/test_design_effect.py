import numpy as np
import pytest

from headstart.evaluation.design_effect import NO_GROUPS, class_effects, design_effect
from headstart.evaluation.metrics import proportion_interval


def test_groups_of_one_image_change_nothing():
    right = np.arange(20) % 3 > 0
    assert design_effect(right, np.arange(20)) == 1
    effects = class_effects(np.arange(20) % 2, right.astype(int), np.arange(20), 3)
    for values, one in zip(effects, NO_GROUPS, strict=True):
        np.testing.assert_array_equal(values, one)


def test_copies_count_once_with_allowance_for_few_groups():
    groups = np.repeat(np.arange(200), 5)
    assert design_effect(groups % 4 > 0, groups) == pytest.approx(5, rel=0.03)
    assert design_effect(np.ones(1000, bool), groups) == pytest.approx(5, rel=0.03)


def test_one_group_says_almost_nothing():
    low, high = proportion_interval(
        *(50 / design_effect(np.ones(50, bool), np.zeros(50, int)),) * 2
    )
    assert low < 0.05
    assert high == 1


def test_intervals_of_groups_that_agree_partly_keep_their_coverage():
    random = np.random.default_rng(0)
    groups = np.repeat(np.arange(40), 10)
    covered = {True: 0, False: 0}
    for _ in range(400):
        share = random.beta(2 * 0.8, 2 * 0.2, 40)
        right = random.random(400) < share[groups]
        for counts_groups in covered:
            effect = design_effect(right, groups) if counts_groups else 1.0
            low, high = proportion_interval(right.sum() / effect, 400 / effect)
            covered[counts_groups] += low <= 0.8 <= high
    assert 0.92 <= covered[True] / 400 <= 0.98
    assert covered[False] / 400 < 0.8
