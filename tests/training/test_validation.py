import numpy as np
import pytest

from headstart.training.validation import ValidationSet, judged


def test_pictures_come_some_at_a_time_in_order():
    asked = []

    def read(numbers):
        asked.append(numbers.tolist())
        return numbers * 10

    validation = ValidationSet(np.zeros(7, np.int64), read, at_once=3)
    found = [part.tolist() for part in validation.inputs()]
    assert asked == [[0, 1, 2], [3, 4, 5], [6]]
    assert found == [[0, 10, 20], [30, 40, 50], [60]]


def test_answers_are_judged_by_how_often_and_how_surely_they_are_right():
    answers = np.array([[0.8, 0.2], [0.4, 0.6], [0.9, 0.1]], np.float32)
    accuracy, loss = judged(answers, np.array([0, 1, 1]))
    assert accuracy == pytest.approx(2 / 3)
    assert loss == pytest.approx(-np.log([0.8, 0.6, 0.1]).mean(), rel=1e-6)


def test_an_answer_that_excludes_the_truth_has_a_finite_loss():
    _, loss = judged(np.array([[1.0, 0.0]], np.float32), np.array([1]))
    assert 80 < loss < 100
