import numpy as np

from headstart.training.subset import Subset


def test_a_subset_of_a_subset_keeps_the_rows_of_the_whole():
    whole = Subset(np.arange(10, 14), np.array([0, 1, 2, 0]), 3, np.float32([1, 2, 3, 4]))
    some = whole.take(np.array([3, 1])).take(np.array([0]))
    assert some.rows.tolist() == [13]
    assert some.labels.tolist() == [0]
    assert some.weights.tolist() == [4]
    assert some.n_classes == 3
    assert len(some) == 1
    assert Subset(np.arange(2), np.array([0, 1]), 2).take(np.array([1])).weights is None
