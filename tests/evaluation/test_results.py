import numpy as np

from headstart.evaluation.results import Mistake, class_results, find_mistakes, weakest_first

# 6 images of class 0, none of class 1, 3 of class 2, which is never predicted.
RESULTS = class_results(np.array([[5, 1, 0], [0, 0, 0], [2, 1, 0]]))


def test_each_class_has_its_counts():
    counts = [(result.n, result.n_predicted, result.n_right) for result in RESULTS]
    assert counts == [(6, 7, 5), (0, 2, 0), (3, 0, 0)]


def test_numbers_come_with_their_intervals():
    first = RESULTS[0]
    assert (first.recall, first.precision, first.f1) == (5 / 6, 5 / 7, 10 / 13)
    for value, interval in (
        (first.recall, first.recall_interval),
        (first.precision, first.precision_interval),
        (first.f1, first.f1_interval),
    ):
        assert interval.low < value < interval.high


def test_numbers_without_evidence_are_none():
    absent, never_predicted = RESULTS[1:]
    assert (absent.recall, absent.recall_interval, absent.f1) == (None, None, None)
    assert absent.precision == 0
    assert (never_predicted.precision, never_predicted.precision_interval) == (None, None)
    assert never_predicted.f1 == 0


def test_the_most_confident_mistakes_come_first():
    scores = np.array([[0.9, 0.1], [0.3, 0.7], [0.05, 0.95], [0.8, 0.2]])
    found = find_mistakes(["a", "b", "c", "d"], np.array([0, 0, 1, 1]), scores, ["cat", "dog"])
    assert found == (Mistake("d", "dog", "cat", 0.8, 0.2), Mistake("b", "cat", "dog", 0.7, 0.3))


def test_equally_confident_mistakes_are_in_the_order_of_their_names():
    scores = np.array([[0.1, 0.9], [0.1, 0.9]])
    found = find_mistakes(["z", "a"], np.array([0, 0]), scores, ["x", "y"])
    assert [mistake.path for mistake in found] == ["a", "z"]


def test_the_weakest_class_comes_first_and_classes_without_images_last():
    assert weakest_first(RESULTS) == [2, 0, 1]
