import numpy as np
import pytest

from headstart.training.validation import ValidationSet, accuracy_and_loss


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
    accuracy, loss = accuracy_and_loss(probabilities, np.array([0, 1, 1]))
    assert accuracy == pytest.approx(2 / 3)
    assert loss == pytest.approx(-np.log([0.8, 0.6, 0.1]).mean(), rel=1e-6)


def test_weights_apply_to_the_loss_only():
    probabilities = np.array([[0.8, 0.2], [0.9, 0.1]], np.float32)
    labels = np.array([0, 1])
    validation = ValidationSet(labels, lambda rows: rows, np.array([3.0, 1.0]))
    accuracy, loss = validation.measure(probabilities)
    assert accuracy == 0.5
    assert loss == pytest.approx(-(3 * np.log(0.8) + np.log(0.1)) / 4, rel=1e-6)


def test_a_class_with_probability_zero_has_a_finite_loss():
    _, loss = accuracy_and_loss(np.array([[1.0, 0.0]], np.float32), np.array([1]))
    assert 80 < loss < 100
