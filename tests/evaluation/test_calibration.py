import numpy as np
import pytest

from headstart.evaluation.calibration import Calibration
from headstart.evaluation.outcomes import Outcomes


def outcomes(n, *, sharper=1.0, groups=None, seed=0):
    """Two classes; an image is right as often as its probability says, which is then sharpened."""
    random = np.random.default_rng(seed)
    best = 0.5 + random.random(n) / 2
    right = random.random(n) < best
    told = best**sharper / (best**sharper + (1 - best) ** sharper)
    return Outcomes(
        names=tuple(map(str, range(n))),
        truth=np.where(right, 0, 1),
        predicted=np.zeros(n, np.int64),
        probabilities=np.stack([told, 1 - told], axis=1).astype(np.float32),
        groups=groups,
    )


def test_probabilities_that_say_how_often_they_are_right_are_good():
    found = Calibration.of(outcomes(3000))
    assert found.is_good
    assert found.error < 0.03
    assert [each.n for each in found.bins] == [200] * 15


def test_probabilities_that_are_too_high_are_not():
    found = Calibration.of(outcomes(3000, sharper=4))
    assert not found.is_good
    assert found.error == pytest.approx(0.17, abs=0.04)
    assert all(each.accuracy < each.confidence for each in found.bins[3:])


def test_few_images_leave_much_to_chance():
    few, many = (Calibration.of(outcomes(n)).by_chance for n in (40, 4000))
    assert few > 5 * many


def test_good_probabilities_are_good_in_nineteen_of_twenty_cases():
    good = [Calibration.of(outcomes(100, seed=seed)).is_good for seed in range(100)]
    assert 88 <= sum(good) <= 100


def test_groups_leave_more_to_chance():
    groups = np.arange(400) // 10
    assert (
        Calibration.of(outcomes(400, groups=groups)).by_chance
        > 1.3 * Calibration.of(outcomes(400)).by_chance
    )


def test_one_image_is_enough_for_a_figure():
    found = Calibration.of(outcomes(1))
    assert len(found.bins) == 1
    assert 0 <= found.error <= 1
    assert "is chance" in found.meaning
