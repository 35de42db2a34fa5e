import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart.evaluation import metrics

# 6 images of class 0, none of class 1, 3 of class 2, which is never predicted.
CONFUSION = np.array([[5, 1, 0], [0, 0, 0], [2, 1, 0]])


def test_wilson_interval_agrees_with_published_values():
    # Newcombe (1998), Two-sided confidence intervals for the single proportion, table I.
    low, high = metrics.wilson_interval([81, 15, 0, 1], [263, 148, 20, 29])
    np.testing.assert_allclose(low, [0.2553, 0.0624, 0.0, 0.0061], atol=5e-5)
    np.testing.assert_allclose(high, [0.3662, 0.1605, 0.1611, 0.1718], atol=5e-5)


@given(st.integers(1, 10**6).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_interval_holds_the_share_and_stays_a_share(counts):
    right, n = counts
    low, high = metrics.proportion_interval(right, n)
    assert 0 <= low <= right / n <= high <= 1
    assert (low == 0) == (right == 0)
    assert (high == 1) == (right == n)


def test_wilson_interval_narrows_with_images_and_widens_with_confidence():
    low, high = metrics.wilson_interval([9, 90, 900], [10, 100, 1000])
    assert (np.diff(high - low) < 0).all()
    assert metrics.wilson_interval(9, 10, confidence=0.99)[0] < low[0]


def test_wilson_interval_of_nothing_is_unknown():
    assert np.isnan(metrics.wilson_interval(0, 0)).all()


def test_wilson_interval_covers_as_often_as_it_says():
    rng = np.random.default_rng(0)
    right = rng.binomial(30, 0.9, 20_000)
    low, high = metrics.wilson_interval(right, 30)
    assert 0.93 < np.mean((low <= 0.9) & (high >= 0.9)) < 0.98


def test_confusion_has_true_classes_in_rows():
    found = metrics.confusion_matrix([0, 0, 2, 2, 2], [0, 1, 2, 2, 0], 4)
    expected = [[1, 1, 0, 0], [0, 0, 0, 0], [1, 0, 2, 0], [0, 0, 0, 0]]
    np.testing.assert_array_equal(found, expected)
    assert found.dtype == np.int64


def test_measures_agree_with_scikit_learn():
    from sklearn import metrics as reference

    rng = np.random.default_rng(1)
    truth = rng.integers(0, 7, 300)
    scores = rng.dirichlet(np.ones(7), 300)
    scores[np.arange(300), truth] += 0.4
    scores /= scores.sum(axis=1, keepdims=True)
    answer = scores.argmax(axis=1)
    confusion = metrics.confusion_matrix(truth, answer, 7)
    precision, recall, f1, _ = reference.precision_recall_fscore_support(truth, answer)
    np.testing.assert_array_equal(confusion, reference.confusion_matrix(truth, answer))
    np.testing.assert_allclose(metrics.precision(confusion).value, precision)
    np.testing.assert_allclose(metrics.recall(confusion).value, recall)
    np.testing.assert_allclose(metrics.f1(confusion).value, f1)
    assert metrics.accuracy(confusion) == pytest.approx(reference.accuracy_score(truth, answer))
    assert metrics.macro_f1(confusion) == pytest.approx(f1.mean())
    balanced = reference.balanced_accuracy_score(truth, answer)
    assert metrics.balanced_accuracy(confusion) == pytest.approx(balanced)
    assert metrics.log_loss(truth, scores) == pytest.approx(reference.log_loss(truth, scores))
    for k in (1, 3, 5):
        expected = reference.top_k_accuracy_score(truth, scores, k=k)
        assert metrics.top_k_accuracy(truth, scores, k) == pytest.approx(expected)


def test_class_without_images_has_no_recall_and_no_f1():
    assert np.isnan([values[1] for values in metrics.recall(CONFUSION)]).all()
    assert np.isnan([values[1] for values in metrics.f1(CONFUSION)]).all()
    assert metrics.precision(CONFUSION).value[1] == 0


def test_class_never_predicted_has_no_precision_and_f1_zero():
    assert np.isnan([values[2] for values in metrics.precision(CONFUSION)]).all()
    f1 = metrics.f1(CONFUSION)
    assert f1.value[2] == f1.low[2] == 0
    assert f1.high[2] > 0


def test_means_leave_out_classes_without_images():
    assert metrics.balanced_accuracy(CONFUSION) == pytest.approx((5 / 6 + 0) / 2)
    assert metrics.macro_f1(CONFUSION) == pytest.approx((10 / 13 + 0) / 2)
    assert math.isnan(metrics.macro_f1(np.zeros((2, 2), int)))


def test_f1_interval_holds_f1_and_is_no_wider_than_zero_to_one():
    value, low, high = metrics.f1(np.array([[50, 3], [8, 40]]))
    assert (low < value).all()
    assert (high > value).all()
    assert (high < 1).all()
    # tp = 50, fp + fn = 11: the Wilson interval of 50 in 61, carried through 2 j / (1 + j).
    ends = metrics.proportion_interval(50, 61)
    assert (low[0], high[0]) == pytest.approx([2 * end / (1 + end) for end in ends])


def test_majority_share_is_that_of_the_most_frequent_class():
    assert metrics.majority_share(CONFUSION) == pytest.approx(6 / 9)


def test_equal_probabilities_are_not_counted_as_right():
    even = np.full((4, 4), 0.25)
    assert metrics.top_k_accuracy([0, 1, 2, 3], even, k=1) == 0.25
    assert metrics.top_k_accuracy([0, 1, 2, 3], even, k=3) == 0.75


def test_log_loss_of_a_confident_mistake_is_large_but_finite():
    assert metrics.log_loss([0], [[0.0, 1.0]]) == pytest.approx(-math.log(2**-23))
    assert metrics.log_loss([0, 1], [[0.5, 0.5], [0.5, 0.5]]) == pytest.approx(math.log(2))


def test_cross_validation_interval_uses_the_corrected_variance():
    rng = np.random.default_rng(2)
    scores = rng.normal(0.6, 0.1, (4, 5))
    found = metrics.summarise_cross_validation(scores, n=100_000)
    # Student's t with 19 degrees of freedom: 2.0930 (any table).
    reach = 2.0930 * scores.std(ddof=1) * math.sqrt(1 / 20 + 1 / 4)
    assert found.mean == pytest.approx(scores.mean())
    assert found.interval == pytest.approx((found.mean - reach, found.mean + reach), abs=1e-5)
    assert found.spread == pytest.approx(scores.mean(axis=1).std(ddof=1))
    assert (found.n, found.folds, found.repeats) == (100_000, 5, 4)


def test_cross_validation_interval_is_never_narrower_than_that_of_its_images():
    found = metrics.summarise_cross_validation(np.ones((10, 10)), n=20)
    assert found.interval == metrics.proportion_interval(20, 20)
    assert found.interval.low < 0.85


def test_repeating_does_not_make_the_interval_vanish():
    fold_scores = np.tile([0.8, 0.9, 1.0, 0.9], (1000, 1))
    low, high = metrics.summarise_cross_validation(fold_scores, n=10_000).interval
    assert high - low > 0.15


def test_cross_validation_prints_a_sentence():
    text = str(metrics.summarise_cross_validation([[0.9, 1.0], [1.0, 0.9]], n=40))
    assert "Mean accuracy 95.0 % (95 % interval" in text
    assert "2-fold cross-validation repeated 2 times on 40 images" in text


def test_one_repeat_has_no_spread():
    assert math.isnan(metrics.summarise_cross_validation([[0.9, 1.0]], n=40).spread)


@pytest.mark.parametrize("scores", [[0.9, 1.0], [[0.9], [1.0]]])
def test_cross_validation_needs_repeats_by_folds(scores):
    with pytest.raises(ValueError, match="shape"):
        metrics.summarise_cross_validation(scores, n=10)
