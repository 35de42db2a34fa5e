import numpy as np
import pytest

from headstart.heads.temperature import best_sharpness, log_loss, smoothed_sharpness


def test_the_log_loss_is_the_weighted_mean_of_the_surprise():
    logits = np.log(np.array([[0.8, 0.2], [0.3, 0.7]])) + 100
    loss = log_loss(logits, np.array([0, 0]), np.array([1.0, 3.0]))
    assert loss == pytest.approx(-(np.log(0.8) + 3 * np.log(0.3)) / 4)


def test_logits_may_be_large():
    assert log_loss(np.array([[1e4, -1e4]]), np.array([1]), np.ones(1)) == pytest.approx(2e4)


@pytest.mark.parametrize("factor", [0.05, 1.0, 20.0])
def test_the_factor_that_made_the_probabilities_is_found(factor):
    random = np.random.default_rng(0)
    scores = random.standard_normal((20_000, 3)) / factor
    shares = np.exp(factor * scores)
    shares /= shares.sum(axis=1, keepdims=True)
    codes = (shares.cumsum(axis=1) < random.random((20_000, 1))).sum(axis=1)
    found, loss = best_sharpness(scores, codes, np.ones(20_000))
    assert found == pytest.approx(factor, rel=0.05)
    assert loss <= log_loss(factor * scores, codes, np.ones(20_000))


def test_a_prior_is_added_to_the_scores():
    scores = np.zeros((10, 2))
    codes = np.array([0] * 8 + [1] * 2)
    prior = np.log([0.8, 0.2])
    _, loss = best_sharpness(scores, codes, np.ones(10), prior)
    assert loss == pytest.approx(-(8 * np.log(0.8) + 2 * np.log(0.2)) / 10)


def drawn(n, factor, seed=0):
    """Logits, and classes drawn with the probabilities that `factor` times them give."""
    random = np.random.default_rng(seed)
    logits = random.standard_normal((n, 3)) * 2
    shares = np.exp(factor * logits)
    shares /= shares.sum(axis=1, keepdims=True)
    return logits, (shares.cumsum(axis=1) < random.random((n, 1))).sum(axis=1).clip(0, 2)


def test_it_is_the_temperature_of_scikit_learn():
    pytest.importorskip("sklearn", minversion="1.8")
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.frozen import FrozenEstimator
    from sklearn.linear_model import LogisticRegression

    logits, codes = drawn(2000, 0.4)
    model = LogisticRegression().fit(np.eye(3), [0, 1, 2])
    model.coef_, model.intercept_ = np.eye(3), np.zeros(3)
    found = CalibratedClassifierCV(FrozenEstimator(model), method="temperature")
    found.fit(logits, codes)
    (fitted,) = found.calibrated_classifiers_
    expected = fitted.calibrators[0].beta_
    assert best_sharpness(logits, codes, np.ones(2000))[0] == pytest.approx(expected, rel=0.01)
    assert smoothed_sharpness(logits, codes, np.ones(2000)) == pytest.approx(expected, rel=0.02)


def test_a_few_samples_that_are_all_right_do_not_make_others_certain():
    logits = np.log(np.array([[0.9, 0.1]] * 20))
    factor = smoothed_sharpness(logits, np.zeros(20, np.int64), np.ones(20))
    best = 1 / (1 + np.exp(-factor * np.log(9)))
    assert best == pytest.approx(1 - 1 / 22 / 2, abs=0.002)
