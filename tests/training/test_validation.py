import numpy as np
import pytest

from headstart.training.validation import Outcomes, ValidationSet


def test_samples_are_read_in_batches_in_order():
    read = []

    def remember(rows):
        read.append(rows.tolist())
        return rows * 10

    validation = ValidationSet(np.zeros(7, np.int64), remember, batch_size=3)
    batches = [batch.tolist() for batch in validation.batches()]
    assert read == [[0, 1, 2], [3, 4, 5], [6]]
    assert batches == [[0, 10, 20], [30, 40, 50], [60]]


def test_accuracy_and_loss_are_means_over_the_samples():
    probabilities = np.array([[0.8, 0.2], [0.4, 0.6], [0.9, 0.1]], np.float32)
    found = Outcomes.of(probabilities, np.array([0, 1, 1]))
    assert found.right.tolist() == [True, True, False]
    assert found.accuracy == pytest.approx(2 / 3)
    assert found.mean_loss() == pytest.approx(-np.log([0.8, 0.6, 0.1]).mean(), rel=1e-6)


def test_weights_apply_to_the_loss():
    found = Outcomes.of(np.array([[0.8, 0.2], [0.9, 0.1]], np.float32), np.array([0, 1]))
    weighted = found.mean_loss(np.array([3.0, 1.0]))
    assert weighted == pytest.approx(-(3 * np.log(0.8) + np.log(0.1)) / 4, rel=1e-6)


def test_a_class_with_probability_zero_has_a_finite_loss():
    assert 80 < Outcomes.of(np.array([[1.0, 0.0]], np.float32), np.array([1])).mean_loss() < 100


def test_some_are_taken_and_several_are_joined():
    one = Outcomes(np.array([1, 2, 3], np.float32), np.array([True, False, True]))
    assert one.take(np.array([2, 0])).losses.tolist() == [3, 1]
    both = Outcomes.joined([one, one.take(one.right)])
    assert (len(both), both.losses.tolist()) == (5, [1, 2, 3, 1, 3])
    assert both.right.tolist() == [True, False, True, True, True]
