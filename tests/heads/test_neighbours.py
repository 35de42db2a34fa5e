import numpy as np
import pytest

from headstart.errors import UsageError
from headstart.heads import neighbours
from headstart.heads.neighbours import NeighboursHead

from .test_base import clouds


def test_the_number_is_the_one_that_predicts_the_training_samples_best():
    features, codes = clouds(n=90, apart=1.0)
    assert NeighboursHead().fit(features, codes).n_neighbors_ > 1


def test_a_sample_is_not_its_own_neighbour():
    features, _ = clouds(n=20)
    examples = features / np.linalg.norm(features, axis=1, keepdims=True)
    found = neighbours._others(examples, np.arange(20), 5, np.arange(20))
    assert not (found == np.arange(20)[:, None]).any()
    assert len(found[0]) == 5


def test_samples_of_the_same_group_are_no_neighbours():
    examples = np.repeat(np.eye(5), 4, axis=0)
    groups = np.repeat(np.arange(5), 4)
    found = neighbours._others(examples, np.arange(20), 6, groups)
    assert found.shape == (20, 6)
    assert not (groups[found] == groups[:, None]).any()


def test_equal_samples_do_not_confuse_it():
    examples = np.tile([[1.0, 0.0]], (10, 1))
    assert neighbours._others(examples, np.arange(10), 3, np.arange(10)).shape == (10, 3)


@pytest.mark.parametrize("wrong", [0, 61, "few"])
def test_numbers_out_of_range_are_refused(wrong):
    with pytest.raises(UsageError, match="n_neighbors"):
        NeighboursHead(n_neighbors=wrong).fit(*clouds())


def test_a_given_number_is_used():
    assert NeighboursHead(n_neighbors=4).fit(*clouds()).n_neighbors_ == 4
