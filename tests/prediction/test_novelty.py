import numpy as np
import pytest

from headstart.data.splits import ALWAYS_TRAINS
from headstart.prediction.novelty import FALSE_ALARMS, Novelty


def around(n, direction, seed, spread=0.15, n_features=16):
    """Features in a cone around one axis."""
    random = np.random.default_rng(seed)
    features = spread * random.standard_normal((n, n_features))
    features[:, direction] += 1
    return features.astype(np.float32)


def fitted(n=400, folds=5):
    return Novelty.fit(around(n, 0, 1), np.zeros(n, np.int64), np.arange(n) % folds)


def test_images_of_another_kind_are_farther_away():
    found = fitted()
    assert (found.distances(around(50, 7, 2)) > found.threshold).mean() > 0.95


def test_few_images_like_the_training_images_are_taken_for_unlike():
    found = fitted()
    share = (found.distances(around(4000, 0, 3)) > found.threshold).mean()
    assert 0 < share < 2.5 * FALSE_ALARMS


def test_copies_in_one_fold_do_not_vouch_for_one_another():
    few = around(40, 0, 1)
    copies, fold = np.repeat(few, 5, axis=0), np.repeat(np.arange(40) % 5, 5)
    codes = np.zeros(200, np.int64)
    apart = Novelty.fit(few, codes[:40], np.arange(40) % 5)
    assert Novelty.fit(copies, codes, fold).threshold > 0.5 * apart.threshold
    mixed = Novelty.fit(copies, codes, np.arange(200) % 5)
    assert mixed.threshold == pytest.approx(0, abs=1e-3)


def test_a_sample_of_many_images_is_kept():
    found = fitted(3000)
    assert found.examples.shape == (1000, 16)


def test_too_few_images_in_folds_give_no_threshold():
    fold = np.full(100, ALWAYS_TRAINS)
    fold[:19] = 0
    assert Novelty.fit(around(100, 0, 1), np.zeros(100, np.int64), fold) is None


def test_it_is_the_same_after_a_journey_through_arrays():
    found = fitted(60)
    again = Novelty.from_arrays(found.arrays())
    assert again.threshold == found.threshold
    assert again.n_features == 16
    np.testing.assert_array_equal(again.examples, found.examples)
    assert found.arrays()["examples"].dtype == np.float16


def test_damaged_examples_are_refused():
    with pytest.raises(ValueError, match="examples must be"):
        Novelty.from_arrays({"examples": np.ones((2, 4)), "threshold": np.array(0.5)})
